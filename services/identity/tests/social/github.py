"""A server that answers as GitHub documents: the web flow, the user, the user's addresses, the check of a token."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from chassis.asgi import Receive, Scope, Send, respond

CLIENT_ID, CLIENT_SECRET = "Iv1.8a61f9b3a7aba766", "gh~secret/with+odd=characters"


@dataclass
class GitHub:
    """`user` and `emails` are who is logged in there; `emails_forbidden` is an app that may not see addresses."""

    url: str = ""
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    user: dict[str, Any] = field(
        default_factory=lambda: {
            "id": 583231,
            "login": "octocat",
            "name": "Mona Lisa Octocat",
            "email": "shown@hub.example",
        }
    )
    emails: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"email": "old@hub.example", "primary": False, "verified": True},
            {"email": "octocat@hub.example", "primary": True, "verified": True},
            {"email": "pending@hub.example", "primary": False, "verified": False},
        ]
    )
    emails_forbidden: bool = False
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Redirect URI and PKCE challenge of each code that is out."""
    tokens: dict[str, str] = field(default_factory=dict)
    """The client of each access token."""
    asked: list[str] = field(default_factory=list)

    def urls(self) -> dict[str, str]:
        return {
            "authorize_url": f"{self.url}/login/oauth/authorize",
            "token_url": f"{self.url}/login/oauth/access_token",
            "userinfo_url": f"{self.url}/api/user",
            "emails_url": f"{self.url}/api/user/emails",
        }

    def issue(self, client_id: str) -> str:
        """An access token of this user's, for that client."""
        token = f"gho_{secrets.token_hex(18)}"
        self.tokens[token] = client_id
        return token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.asked.append(f"{scope['method']} {scope['path']}")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        match scope["method"], scope["path"]:
            case "GET", "/login/oauth/authorize":
                await self._authorize(query, send)
            case "POST", "/login/oauth/access_token":
                form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                assert headers["accept"] == "application/json"
                await _answer(send, 200, self._access_token(form))
            case "GET", "/api/user" | "/api/user/emails":
                await self._about(scope["path"], headers, send)
            case "POST", path if path == f"/api/applications/{self.client_id}/token":
                await self._check(headers, json.loads(body), send)
            case _:
                await _answer(send, 404, {"message": "Not Found"})

    async def _authorize(self, query: dict[str, str], send: Send) -> None:
        """The user is logged in and has authorized the app: the browser is sent back at once."""
        assert query["client_id"] == self.client_id
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_hex(10)
        self.codes[code] = (query["redirect_uri"], query["code_challenge"])
        back = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", back.encode())]})
        await send({"type": "http.response.body", "body": b""})

    def _access_token(self, form: dict[str, str]) -> dict[str, Any]:
        # Errors come with 200.
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return {"error": "incorrect_client_credentials"}
        redirect_uri, challenge = self.codes.pop(form["code"], ("", ""))
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
        if form.get("redirect_uri") != redirect_uri or not proven:
            return {
                "error": "bad_verification_code",
                "error_description": "The code is incorrect or expired.",
            }
        token = self.issue(self.client_id)
        return {"access_token": token, "scope": "read:user,user:email", "token_type": "bearer"}

    async def _about(self, path: str, headers: dict[str, str], send: Send) -> None:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            await _answer(send, 401, {"message": "Bad credentials"})
        elif path == "/api/user":
            await _answer(send, 200, self.user)
        elif self.emails_forbidden:
            await _answer(send, 404, {"message": "Not Found"})
        else:
            await _answer(send, 200, self.emails)

    async def _check(self, headers: dict[str, str], given: dict[str, str], send: Send) -> None:
        """`POST /applications/{client_id}/token`: 404 for a token of another app."""
        known = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if headers.get("authorization") != f"Basic {known}":
            await _answer(send, 401, {"message": "Requires authentication"})
        elif self.tokens.get(given["access_token"]) != self.client_id:
            await _answer(send, 404, {"message": "Not Found"})
        else:
            app = {"client_id": self.client_id, "name": "Lyceum"}
            await _answer(send, 200, {"id": 1, "app": app, "token": given["access_token"], "user": self.user})


async def _answer(send: Send, status: int, content: Any) -> None:
    await respond(send, status, json.dumps(content).encode(), "application/json; charset=utf-8")
