"""One whole platform for all tests that only ask it: started as its user would, once, and stopped at the end."""

import os
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from lyceum.control import running_status
from lyceum.data_dir import DataDir
from lyceum.testing import Person, Platform, people, platform, sign_in

# What needs a whole platform.
ON_A_PLATFORM = ("tests/faults/", "tests/journeys/", "tests/security/", "tests/test_readme.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where tests run in several processes, those that need a whole platform stay in one.

    They share it, and two platforms at once are more than two cores can hold to their two seconds. A mark
    `xdist_group` would say the same, but pytest-xdist 3.8 writes it where pytest 9.2 does not look any more.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    scheduler = import_module("xdist.scheduler").LoadScopeScheduling(config, log)
    scheduler._split_scope = lambda nodeid: "platform" if nodeid.startswith(ON_A_PLATFORM) else nodeid
    return scheduler


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Who breaks something here mends it before the test ends: everybody uses the same one.

    LYCEUM_TEST_DATA_DIR names one that runs already: for whoever writes a test and runs it again and again.
    """
    running = os.environ.get("LYCEUM_TEST_DATA_DIR")
    if running:
        url = running_status(DataDir(running))["gateway"]["url"]
        yield Platform(Path(running), urlsplit(url).port or 80)
        return
    with platform(tmp_path_factory.mktemp("platform") / "data", options=["--with-oidc"]) as started:
        yield started


@pytest.fixture(scope="session")
async def http(stack: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the shared platform's gateway."""
    async with people(stack.url) as client:
        yield client


@pytest.fixture(scope="session")
async def admin(stack: Platform, http: httpx.AsyncClient) -> Person:
    """The shared platform's demo admin, signed in."""
    return await sign_in(http, "admin", stack.accounts["admin"])
