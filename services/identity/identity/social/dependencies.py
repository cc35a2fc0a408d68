"""What the routes of social logins ask for."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from identity.settings import Settings
from identity.social import provers
from identity.social.rules import LIVES, Step

COOKIE = "lyceum-social"


async def _prover(request: Request) -> provers.Prover:
    prover: provers.Prover = request.app.state.prover
    return prover


async def _browser(request: Request) -> str | None:
    settings: Settings = request.app.state.settings
    return request.cookies.get(cookie_name(settings))


Prover = Annotated[provers.Prover, Depends(_prover)]
Browser = Annotated[str | None, Depends(_browser)]
"""The secret of the browser that began a login, if it did."""


def is_secure(settings: Settings) -> bool:
    return settings.public_url.startswith("https:")


def cookie_name(settings: Settings) -> str:
    """With the prefix, a browser takes the cookie from this host alone and only over TLS: no neighbour plants one."""
    return f"__Host-{COOKIE}" if is_secure(settings) else COOKIE


def remember(response: Response, settings: Settings, browser: str) -> None:
    """Give the browser what it is known by until it comes back. Lax: it comes back by a link from elsewhere."""
    response.set_cookie(
        cookie_name(settings),
        browser,
        max_age=int(LIVES[Step.AUTHORIZE].total_seconds()),
        path="/",
        secure=is_secure(settings),
        httponly=True,
        samesite="lax",
    )
