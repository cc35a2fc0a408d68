"""What it costs a service to know who asks: a token seen before, beside decoding it anew with python-jose.

Measured as a service is wired: the keys from a running identity, the ended sessions from a running service's table,
looked at once a second while the loop runs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import httpx
from chassis.auth import ALGORITHM, LEEWAY_SECONDS, TokenVerifier
from chassis.db import Database
from chassis.revocations import EndedTokens
from chassis.settings import ServiceSettings
from jose import jwt

from bench.report import Figure, percentile, versus
from bench.stack import RunningStack

LIMIT_MICROSECONDS = 20.0
ROUNDS = 9
EACH = 50_000
DECODED = 500


class _Learning(ServiceSettings):
    service: ClassVar[str] = "learning"


async def _microseconds(work: Callable[[], Awaitable[Any]], times: int) -> list[float]:
    """What one takes, in so many rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            await work()
        rounds.append((time.perf_counter() - began) / times * 1e6)
    return rounds


async def _measure(stack: RunningStack) -> list[Figure]:
    services = stack.status["services"]
    jwks_url = f"{services['identity']['url']}/.well-known/jwks.json"
    settings = _Learning(
        database_url=services["learning"]["database_url"], issuer=stack.url, jwks_url=jwks_url
    )
    account = stack.status["demo_accounts"]["student"]
    async with httpx.AsyncClient(base_url=stack.url, timeout=15) as http:
        login = await http.post("/api/v1/auth/login", json=account)
        token: str = login.raise_for_status().json()["access"]
        key = (await http.get(jwks_url)).raise_for_status().json()["keys"][0]
    issuer = str(jwt.get_unverified_claims(token)["iss"])
    verifier = TokenVerifier(issuer=issuer, audience=settings.audience, jwks_url=jwks_url)
    database = Database(settings, process="bench")
    EndedTokens(database).guard(verifier)

    async def seen() -> None:
        await verifier.verify(token)

    async def decoded() -> None:
        jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=settings.audience,
            issuer=issuer,
            options={"leeway": LEEWAY_SECONDS},
        )

    try:
        began = time.perf_counter()
        await seen()
        first = (time.perf_counter() - began) * 1e6
        ours, raw = await _microseconds(seen, EACH), await _microseconds(decoded, DECODED)
    finally:
        await database.close()
    middle, theirs = percentile(ours, 0.5), percentile(raw, 0.5)
    detail = {"rounds": ours, "first, keys fetched": first}
    return [
        versus("a token seen before, verified", middle, "µs", "limit", LIMIT_MICROSECONDS, **detail),
        versus("a token seen before, verified", middle, "µs", "python-jose decode", theirs, rounds=raw),
    ]


def measure(stack: RunningStack, folder: Path) -> list[Figure]:
    return asyncio.run(_measure(stack))
