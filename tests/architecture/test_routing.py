"""What a service serves and what the gateway routes to it are the same, path by path and method by method."""

import json
import os
import re
import subprocess
import sys

import pytest
from gateway.upstreams import Route, route

SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")

# A process for each service, as they run: what one imports must not be there by another's doing.
DOCUMENT = """
import json, sys
from importlib import import_module
document = import_module(f"{sys.argv[1]}.main").create_app().openapi()
json.dump({path: sorted(methods) for path, methods in document["paths"].items()}, sys.stdout)
"""


def served_by(service: str) -> list[tuple[str, str]]:
    """Method and path of every operation in the service's own OpenAPI document."""
    secret = {"IDENTITY_SECRET_KEY": "A" * 43 + "="}
    done = subprocess.run(
        [sys.executable, "-c", DOCUMENT, service],
        env={**os.environ, **secret},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    paths = json.loads(done.stdout.splitlines()[-1])
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_a_service_serves_is_routed_to_it(service: str) -> None:
    operations = [(m, p) for m, p in served_by(service) if not p.startswith("/internal")]
    assert operations
    astray = []
    for method, path in operations:
        found = route(method, re.sub(r"\{[^}]*\}", "7", path).encode())
        if not isinstance(found, Route) or found.service != service:
            astray.append(f"{method} {path}")
    assert astray == [], "add a row to gateway/gateway/upstreams.py, or nobody can reach these"
