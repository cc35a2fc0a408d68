"""The gateway against nginx, before the same upstream; and a service through the gateway against the service itself.

Needs `nginx` and `wrk` (Debian: apt-get install nginx-light wrk).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.report import Figure, console, versus
from bench.stack import RunningStack, free_port

SECONDS = 6
CONNECTIONS = 32
ROUNDS = 3
PATH = "/api/v1/categories"

NGINX = """
worker_processes 1; daemon off; error_log {folder}/error.log; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream behind {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{ listen 127.0.0.1:{upstream}; keepalive_requests 1000000; default_type application/json;
    location / {{ return 200 '{{"items": [], "next_cursor": null}}'; }} }}
  server {{ listen 127.0.0.1:{proxy}; keepalive_requests 1000000;
    location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""


def requests_per_second(url: str) -> float:
    """Requests per second that `url` answers with 2xx, CONNECTIONS at a time; SystemExit when some are not 2xx."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    if "Non-2xx" in printed:
        raise SystemExit(f"{url} did not answer all with 2xx:\n{printed}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found is not None, printed
    return float(found[1])


@contextmanager
def _process(command: list[str], url: str, env: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(url, timeout=2).read()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _gateway_environment(stack: RunningStack, port: int, upstream: int) -> dict[str, str]:
    services = dict.fromkeys(stack.status["services"], f"http://127.0.0.1:{upstream}")
    return {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "GATEWAY_SERVICE_URLS": json.dumps(services),
        "GATEWAY_KAFKA_BOOTSTRAP": stack.status["kafka"],
        "GATEWAY_KAFKA_IDEMPOTENT": "false",
        "GATEWAY_LIMITS_FACTOR": "1000000",
        "GATEWAY_LOG_LEVEL": "WARNING",
    }


def measure(stack: RunningStack, folder: Path) -> list[Figure]:
    for needed in ("nginx", "wrk"):
        if shutil.which(needed) is None:
            console.print(
                f"{needed} is not installed: the gateway is not measured (apt-get install nginx-light wrk)"
            )
            return []
    place = folder / "nginx"
    place.mkdir()
    upstream, proxy, gateway = free_port(), free_port(), free_port()
    config = place / "nginx.conf"
    config.write_text(NGINX.format(folder=place, upstream=upstream, proxy=proxy))
    nginx = ["nginx", "-c", str(config), "-p", str(place)]
    ours = [sys.executable, "-m", "gateway.main"]
    rates: dict[str, list[float]] = {"direct": [], "nginx": [], "gateway": []}
    with (
        _process(nginx, f"http://127.0.0.1:{proxy}{PATH}"),
        _process(ours, f"http://127.0.0.1:{gateway}/healthz", _gateway_environment(stack, gateway, upstream)),
    ):
        for _ in range(ROUNDS):
            for name, port in (("direct", upstream), ("nginx", proxy), ("gateway", gateway)):
                rates[name].append(requests_per_second(f"http://127.0.0.1:{port}{PATH}"))
    best = {name: sorted(values)[len(values) // 2] for name, values in rates.items()}
    catalog = str(stack.status["services"]["catalog"]["url"])
    service = requests_per_second(f"{catalog}{PATH}")
    through = requests_per_second(f"{stack.url}{PATH}")
    return [
        versus(
            "gateway before a trivial upstream",
            best["gateway"],
            "req/s",
            "nginx",
            best["nginx"],
            rounds=rates,
        ),
        versus("catalog through the gateway", through, "req/s", "catalog itself", service),
    ]
