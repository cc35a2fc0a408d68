"""Speaking to the platform as its users do: over HTTP, through the gateway, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import httpx

from lyceum.errors import StackError


class WrongAnswer(StackError):
    """The platform answered something else than was expected; the text says both."""


def open_client(url: str) -> httpx.Client:
    """A client of the gateway; every wait bounded, no proxy in between."""
    return httpx.Client(base_url=url, timeout=httpx.Timeout(30, connect=5), trust_env=False)


class Visitor:
    """One person before the gateway; signed in once `token` is set.

    `heard` is told of every answer (for whoever narrates).
    """

    def __init__(
        self,
        http: httpx.Client,
        name: str,
        *,
        heard: Callable[[str, httpx.Response], None] = lambda _name, _answer: None,
    ) -> None:
        self.http = http
        self.name = name
        self.token: str | None = None
        self._heard = heard

    def send(self, method: str, path: str, *, json: Any = None, key: str | None = None) -> httpx.Response:
        """The answer, whatever it is; WrongAnswer only when there is none."""
        headers = {}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            answer = self.http.request(method, path, json=json, headers=headers)
        except httpx.HTTPError as error:
            raise WrongAnswer(f"{self.name}: {method} {path}: no answer ({error!r})") from error
        self._heard(self.name, answer)
        return answer

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        key: str | None = None,
        expect: int | Collection[int] = 200,
    ) -> Any:
        """The JSON of an answer with an expected status (None when it has no body); else WrongAnswer."""
        return self.answer_of(self.send(method, path, json=json, key=key), expect)

    def answer_of(self, answer: httpx.Response, expect: int | Collection[int] = 200) -> Any:
        """The JSON of an answer whose status is as expected; else WrongAnswer."""
        expected = {expect} if isinstance(expect, int) else set(expect)
        request = answer.request
        where = f"{self.name}: {request.method} {request.url.raw_path.decode()}"
        if answer.status_code not in expected:
            wanted = " or ".join(str(status) for status in sorted(expected))
            raise WrongAnswer(f"{where}: expected {wanted}, came {answer.status_code}: {answer.text[:800]}")
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise WrongAnswer(f"{where}: expected JSON, came {answer.text[:200]!r}") from error

    def log_in(self, email: str, password: str) -> None:
        """Sign in; later questions carry the access token."""
        pair = self.ask("POST", "/api/v1/auth/login", json={"email": email, "password": password})
        self.token = pair["access"]
