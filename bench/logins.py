"""Logins against raw argon2, and how long a health check waits behind two hundred of them.

Argon2 is the price that is meant to be paid. What a login costs beside it (the database, the signature, the event
loop) is what keeps the ratio under one. Both are counted in seconds of a core, for the clients, the platform's other
processes and whoever else is on the machine take turns on the same cores: a login is what identity's API and its
sessions in the database used, a raw verification what its own process did. They are measured in turns all the same.
"""

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import psutil
from argon2 import extract_parameters
from pwdlib.hashers.argon2 import Argon2Hasher

from bench.report import Figure, percentile, versus
from bench.stack import RunningStack

ROUNDS = 4
SECONDS = 6.0
PARALLEL = 200
ACCOUNTS = 400
RATIO = 0.8
HEALTH_LIMIT_MILLISECONDS = 50.0
HEALTH_PAUSE_SECONDS = 0.01


# --- the clients, in a process of their own -----------------------------------------------------------------


async def _answer(reader: asyncio.StreamReader) -> None:
    """Read the next answer; SystemExit for one that refuses."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
    body = await reader.readexactly(int(fields["content-length"]))
    if head.split(" ", 2)[1] != "200":
        raise SystemExit(f"{head}{body.decode()}")


def _request(method: str, path: str, address: str, body: bytes = b"") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nX-Forwarded-For: {address}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _log_in_for(url: str, seconds: float, password: str, start: float) -> tuple[int, float]:
    """How many logins PARALLEL clients get through, and in how many seconds; SystemExit for one that is refused."""
    place = urlsplit(url)
    connections = [await asyncio.open_connection(place.hostname, place.port) for _ in range(PARALLEL)]
    done = 0
    stop = start + seconds

    async def client(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal done
        address = f"10.7.{number // 250}.{number % 250}"
        while time.monotonic() < stop:
            name = f"bench-{random.randrange(ACCOUNTS)}"
            body = json.dumps({"username": name, "password": password}).encode()
            writer.write(_request("POST", "/api/v1/auth/login", address, body))
            await _answer(reader)
            done += 1
        writer.close()

    await asyncio.sleep(max(0.0, start - time.monotonic()))
    begun = time.monotonic()
    await asyncio.gather(*(client(number, *pair) for number, pair in enumerate(connections)))
    return done, time.monotonic() - begun


async def _watch_health(url: str, seconds: float) -> list[float]:
    """What health checks wait, in milliseconds, one after another."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    waits, stop = [], time.monotonic() + seconds
    while time.monotonic() < stop:
        begun = time.perf_counter()
        writer.write(_request("GET", "/healthz", "10.8.0.1"))
        await _answer(reader)
        waits.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(HEALTH_PAUSE_SECONDS)
    writer.close()
    return waits


def _verify_for(hashed: str, password: str, seconds: float) -> float:
    """Raw verifications in a second of a core, with as many threads as there are, as the service's own library does."""
    asked = extract_parameters(hashed)
    hasher = Argon2Hasher(
        time_cost=asked.time_cost, memory_cost=asked.memory_cost, parallelism=asked.parallelism
    )
    counts: list[int] = []
    stop = time.monotonic() + seconds

    def work() -> None:
        # As the service's hashing threads do: on a machine that others use, both get as little.
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
        count = 0
        while time.monotonic() < stop:
            if not hasher.verify(password, hashed):
                raise SystemExit("the password is another one")
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(_cores())]
    begun = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.process_time() - begun)


def _used(api: psutil.Process) -> float:
    """Seconds of a core that identity's API and its sessions in the database have used so far."""
    used = 0.0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process == api or " ".join(process.cmdline()).startswith("postgres: identity identity "):
                times = process.cpu_times()
                used += times.user + times.system
    return used


def _cores() -> int:
    return os.cpu_count() or 1


def _part(given: dict[str, Any]) -> Any:
    match given["part"]:
        case "logins":
            start = time.monotonic() + 0.5
            return asyncio.run(_log_in_for(given["url"], SECONDS, given["password"], start))
        case "health":
            return asyncio.run(_watch_health(given["url"], SECONDS))
        case _:
            return _verify_for(given["hash"], given["password"], SECONDS)


def _begin(**given: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.logins", json.dumps(given)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _end(process: "subprocess.Popen[str]") -> Any:
    printed, _ = process.communicate(timeout=SECONDS + 60)
    if process.returncode != 0:
        raise SystemExit(f"a part of the measurement failed: {printed}")
    return json.loads(printed)


# --- the measurement ----------------------------------------------------------------------------------------


async def _make_accounts(database_url: str, like: str) -> str:
    """Accounts with the password of one that is there; its hash."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        hashed = await connection.fetchval("SELECT password FROM users_customuser WHERE email = $1", like)
        await connection.execute(
            "INSERT INTO users_customuser (email, username, password, is_email_verified) "
            "SELECT 'bench-' || n || '@bench.example', 'bench-' || n, $1, true FROM generate_series(0, $2 - 1) AS n",
            hashed,
            ACCOUNTS,
        )
    finally:
        await connection.close()
    return str(hashed)


def measure(stack: RunningStack, _folder: Path) -> list[Figure]:
    identity = stack.status["services"]["identity"]
    account = stack.status["demo_accounts"]["student"]
    url, password = str(identity["url"]), str(account["password"])
    hashed = asyncio.run(_make_accounts(str(identity["database_url"]), str(account["email"])))
    raw, logins, waits = [], [], []
    # Of the two processes the API is the first.
    api = psutil.Process(int(identity["pids"][0]))
    for _ in range(ROUNDS):
        raw.append(float(_end(_begin(part="raw", hash=hashed, password=password))))
        before = _used(api)
        running = _begin(part="logins", url=url, password=password)
        time.sleep(1.5)  # The clients have begun; the last of them end after the health checks.
        watching = _begin(part="health", url=url)
        waits += _end(watching)
        done, _ = _end(running)
        logins.append(done / (_used(api) - before))
    cores = _cores()
    verified, opened = sorted(raw)[ROUNDS // 2], sorted(logins)[ROUNDS // 2]
    middle, tail = percentile(waits, 0.5), percentile(waits, 0.99)
    detail = {"parallel": PARALLEL, "rounds": ROUNDS, "cores": cores}
    return [
        versus("logins", opened, "/s per core", "raw argon2", verified, goal=RATIO, **detail),
        versus(
            "health check during 200 logins, p50", middle, "ms", "limit", HEALTH_LIMIT_MILLISECONDS, **detail
        ),
        versus(
            "health check during 200 logins, p99", tail, "ms", "limit", HEALTH_LIMIT_MILLISECONDS, **detail
        ),
    ]


if __name__ == "__main__":
    print(json.dumps(_part(json.loads(sys.argv[1]))))
