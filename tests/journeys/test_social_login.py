"""Logging in by the identity provider of `lyceum up --with-oidc`, as its table says to."""

import os
import re
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from lyceum.oidc_testing import Browser, RunningProvider
from lyceum.testing import Platform, eventually, people

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def oidc(stack: Platform) -> dict[str, Any]:
    """What the platform tells of its provider."""
    status = stack.status()
    if "oidc" not in status:
        pytest.skip("the platform of LYCEUM_TEST_DATA_DIR runs without --with-oidc")
    found: dict[str, Any] = status["oidc"]
    return found


@pytest.fixture
async def visitor(stack: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's browser before the platform, with cookies of its own."""
    async with people(stack.url) as http:
        yield http


async def walk(visitor: httpx.AsyncClient, oidc: dict[str, Any], login: str) -> httpx.Response:
    """From the address in the table to the provider and back; what the platform answers."""
    sent = await visitor.get(oidc["login_url"])
    assert sent.status_code == 302, sent.text
    async with Browser(RunningProvider.of_status({"oidc": oidc})) as browser:
        back = await browser.log_in(sent.headers["location"], login)
    assert back.startswith(oidc["login_url"].removesuffix("login") + "callback?")
    return await visitor.get(back)


async def test_a_verified_address_is_let_in(
    visitor: httpx.AsyncClient, stack: Platform, oidc: dict[str, Any]
) -> None:
    offered = await visitor.get("/api/v1/auth/social/providers")
    assert "lyceum-demo" in offered.text
    first = await walk(visitor, oidc, "ada")
    assert first.status_code == 200, first.text
    me = await visitor.get("/api/v1/users/me", headers={"Authorization": f"Bearer {first.json()['access']}"})
    assert me.status_code == 200, me.text
    assert (me.json()["email"], me.json()["is_email_verified"]) == ("ada@campus.example", True)
    async with people(stack.url) as elsewhere:
        second = await walk(elsewhere, oidc, "ada")
        again = await elsewhere.get(
            "/api/v1/users/me", headers={"Authorization": f"Bearer {second.json()['access']}"}
        )
    assert again.json()["id"] == me.json()["id"]


@pytest.mark.parametrize("login", ["grace", "noa"])
async def test_without_a_verified_address_a_mailed_code_ends_the_login(
    visitor: httpx.AsyncClient, stack: Platform, oidc: dict[str, Any], login: str
) -> None:
    paused = await walk(visitor, oidc, login)
    if paused.status_code == 200 and "LYCEUM_TEST_DATA_DIR" in os.environ:
        pytest.skip("on this platform they have confirmed an address before")
    assert (paused.status_code, paused.json()["type"]) == (403, "/problems/social-email-needed")
    resume = f"/api/v1/auth/social/partial/{paused.json()['partial']}"
    address = f"{login}-{secrets.token_hex(4)}@campus.example"
    mailed = await visitor.post(resume, json={"email": address})
    assert mailed.status_code == 202, mailed.text

    async def code() -> str | None:
        texts = [message.text for message in stack.spool.messages(to=address)]
        found = re.search(r"this is the code:\s+(\S+)", texts[-1]) if texts else None
        return found[1] if found else None

    ended = await visitor.post(resume, json={"code": await eventually(code, what="a code in the mail")})
    assert ended.status_code == 200, ended.text
    me = await visitor.get("/api/v1/users/me", headers={"Authorization": f"Bearer {ended.json()['access']}"})
    assert (me.json()["email"], me.json()["is_email_verified"]) == (address, True)
