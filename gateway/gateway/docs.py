"""`/docs`: the API reference, whole from our own disk. Its policy forbids it to ask anybody else."""

import asyncio
import gzip
from functools import cache
from pathlib import Path

from gateway.pages import Answer, Page
from gateway.problems import Header
from gateway.request import Request

SWAGGER_UI = "5.35.0"

_STATIC = Path(__file__).parent / "static"
_ASSETS = {
    "swagger-ui-bundle.js": (
        _STATIC / "swagger-ui" / "swagger-ui-bundle.js",
        b"text/javascript; charset=utf-8",
    ),
    "swagger-ui.css": (_STATIC / "swagger-ui" / "swagger-ui.css", b"text/css; charset=utf-8"),
    "start.js": (_STATIC / "start.js", b"text/javascript; charset=utf-8"),
}
_FOREVER: Header = (b"cache-control", b"public, max-age=31536000, immutable")
_POLICY: list[Header] = [
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src"
            b" 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"referrer-policy", b"no-referrer"),
]


class Docs:
    """The page and its assets. Assets carry the version in their address and may be kept for good."""

    def __init__(self) -> None:
        self._pages = {"/docs": Page("/docs", self._reference)}
        for name in _ASSETS:
            self._pages[f"/docs/{SWAGGER_UI}/{name}"] = Page("/docs/{asset}", self._asset)

    def page(self, path: str) -> Page | None:
        return self._pages.get(path)

    async def _reference(self, _request: Request) -> Answer:
        html = await asyncio.to_thread((_STATIC / "docs.html").read_text, "utf-8")
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"public, max-age=300"),
            *_POLICY,
        ]
        return Answer(200, headers, html.replace("{version}", SWAGGER_UI).encode())

    async def _asset(self, request: Request) -> Answer:
        name = request.scope["path"].rpartition("/")[2]
        path, content_type = _ASSETS[name]
        headers = [(b"content-type", content_type), (b"vary", b"Accept-Encoding"), _FOREVER]
        if any(key == b"accept-encoding" and b"gzip" in value for key, value in request.scope["headers"]):
            body = await asyncio.to_thread(_compressed, path)
            return Answer(200, [*headers, (b"content-encoding", b"gzip")], body)
        return Answer(200, headers, await asyncio.to_thread(path.read_bytes))


@cache
def _compressed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), 6, mtime=0)
