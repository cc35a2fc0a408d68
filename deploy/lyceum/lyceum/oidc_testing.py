"""The real provider for a test, and a browser to log in with: what its user would click, by HTTP.

with OidcProvider(redirect_uris=["http://lyceum.test/callback"]) as provider:
    async with Browser(provider) as browser:
        back = await browser.log_in(authorization_url, "ada")       # the callback's URL, with code and state
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from lyceum import oidc
from lyceum.errors import OidcFailed
from lyceum.oidc import Client
from lyceum.ports import LOOPBACK

START_SECONDS = 60.0
PASSWORD = "correct horse"  # noqa: S105 - nobody's
SECRET = "a-secret-of-the-clients-that-is-long-enough"  # noqa: S105 - nobody's
STEPS_AT_MOST = 12


@dataclass(frozen=True)
class OidcAccount:
    """Somebody at the provider. What is None is not told."""

    login: str
    sub: str
    email: str | None = None
    email_verified: bool | None = None
    name: str | None = None
    picture: str | None = None
    password: str = PASSWORD

    def told(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


ACCOUNTS = (
    OidcAccount(
        "ada", "sub-ada", "ada@idp.example", True, "Ada Lovelace", "https://pictures.example/ada.png"
    ),
    OidcAccount("grace", "sub-grace", "grace@idp.example", True, "Grace Hopper"),
    OidcAccount("unverified", "sub-unverified", "unverified@idp.example", False, "Una Verified"),
    OidcAccount("nomail", "sub-nomail", name="Noah Mail"),
    OidcAccount("bare", "sub-bare"),
)


class OidcProvider:
    """The provider in a process of its own on a free port, ended with the `with`, or with us.

    Clients (PKCE required of all): `lyceum` (RS256), `lyceum-es256` (ES256), both with the secret SECRET, and the
    public `lyceum-mobile`. Accounts: ACCOUNTS, all with PASSWORD.
    """

    def __init__(
        self,
        *,
        redirect_uris: Sequence[str],
        accounts: Sequence[OidcAccount] = ACCOUNTS,
        clients: Sequence[Client] | None = None,
        claims_in_id_token: bool = True,
    ) -> None:
        self.issuer = ""
        self.clients = clients if clients is not None else usual_clients(redirect_uris)
        self.accounts = {account.login: account for account in accounts}
        self._claims_in_id_token = claims_in_id_token
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        node = oidc.ensure_installed()
        self._process = subprocess.Popen(
            [str(node.program), str(oidc.PROGRAM), "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=oidc.NODE_QUIET,
            start_new_session=True,
        )
        told = self._tell(
            {
                "host": LOOPBACK,
                "port": 0,
                "clients": [client.metadata() for client in self.clients],
                "accounts": [account.told() for account in self.accounts.values()],
                "claims_in_id_token": self._claims_in_id_token,
            }
        )
        self.issuer = told["issuer"]
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process.stdout.close()
        self._process = None

    @property
    def host(self) -> str:
        """`host:port`, for IDENTITY_OUTBOUND_ALLOWED_HOSTS."""
        return urlsplit(self.issuer).netloc

    def put_account(self, account: OidcAccount) -> None:
        """Add somebody, or change what is told of who has the same `sub`."""
        self.accounts[account.login] = account
        self._tell({"accounts": [account.told()]})

    def rotate_keys(self) -> None:
        """Sign with new keys from now on, and publish the old ones no more."""
        self._tell({"rotate_keys": True})

    def _tell(self, message: dict[str, Any]) -> dict[str, Any]:
        """Say one line and read the answer; OidcFailed when none comes in time."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        # A read cannot be given a deadline, a life can.
        end = threading.Timer(START_SECONDS, process.kill)
        end.start()
        try:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        finally:
            end.cancel()
        if not line:
            raise OidcFailed(f"The identity provider ended with {process.wait(10)}.")
        answer: dict[str, Any] = json.loads(line)
        return answer


def usual_clients(redirect_uris: Sequence[str]) -> list[Client]:
    """A confidential client for each way of signing, and a public one as a mobile app has it."""
    return [
        Client("lyceum", SECRET, redirect_uris),
        Client("lyceum-es256", SECRET, redirect_uris, more={"id_token_signed_response_alg": "ES256"}),
        # A native client is sent back to its own scheme, or to loopback: the provider refuses one that has others.
        Client("lyceum-mobile", "", ["app.lyceum:/callback"], more={"application_type": "native"}),
    ]


class Provided(Protocol):
    """A provider that runs, whoever started it."""

    @property
    def issuer(self) -> str: ...
    @property
    def accounts(self) -> Mapping[str, OidcAccount]: ...


@dataclass(frozen=True)
class RunningProvider:
    """One that a platform runs: what `lyceum status --json` tells of it."""

    issuer: str
    accounts: Mapping[str, OidcAccount]

    @classmethod
    def of_status(cls, status: Mapping[str, Any]) -> Self:
        told = status["oidc"]
        people = {
            one["login"]: OidcAccount(one["login"], "", password=one["password"]) for one in told["accounts"]
        }
        return cls(told["issuer"], people)


class Browser:
    """Somebody's browser at the provider, with its cookies: a second login of the same browser is shorter."""

    def __init__(self, provider: Provided) -> None:
        self.provider = provider
        self.pages: list[str] = []
        """Every page that was seen, in order."""
        self._http = httpx.AsyncClient(timeout=20, trust_env=False, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def log_in(self, url: str, login: str, *, password: str | None = None, consent: bool = True) -> str:
        """Follow an authorization URL, sign in and consent (or refuse); the URL the browser is sent back to.

        Raises AssertionError, with the page, where the provider does not go on.
        """
        account = self.provider.accounts.get(login)
        known = account.password if account is not None else PASSWORD
        form = {"login": login, "password": known if password is None else password}

        def choose(page: str) -> tuple[str, dict[str, str]]:
            action = _action(page, refuse=not consent and "/confirm" in page)
            return action, form if action.endswith("/login") else {}

        return await self._walk(url, choose)

    async def cancel(self, url: str) -> str:
        """Follow an authorization URL and refuse to sign in; the URL the browser is sent back to."""
        return await self._walk(url, lambda page: (_action(page, refuse=True), {}))

    async def _walk(self, url: str, choose: Callable[[str], tuple[str, dict[str, str]]]) -> str:
        """Follow redirects within the provider and send its forms as chosen, until it sends the browser elsewhere."""
        answer = await self._http.get(url)
        for _ in range(STEPS_AT_MOST):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if not target.startswith(f"{self.provider.issuer}/"):
                    return target
                answer = await self._http.get(target)
                continue
            self.pages.append(answer.text)
            assert answer.status_code == 200, f"{answer.status_code}: {_text(answer.text)}"
            action, form = choose(answer.text)
            answer = await self._http.post(urljoin(str(answer.url), action), data=form)
        raise AssertionError(f"no end after {STEPS_AT_MOST} steps: {_text(answer.text)}")


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL, each once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), url
    return {name: values[0] for name, values in found.items()}


def _action(page: str, *, refuse: bool) -> str:
    """Where the page's form goes: the first, or the one that refuses."""
    actions = [html.unescape(action) for action in re.findall(r'<form method="post" action="([^"]+)"', page)]
    wanted = [action for action in actions if action.endswith("/abort") == refuse]
    assert wanted, _text(page)
    return wanted[0]


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)).strip()[
        :500
    ]
