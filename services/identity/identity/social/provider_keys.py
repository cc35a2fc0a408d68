"""The keys that providers sign with: fetched when one is needed that is not at hand, kept in social_auth_association."""

import asyncio
import time
from collections import defaultdict
from typing import Any

import httpx
import orjson
import structlog
from chassis.db import Database, now

from identity.outbound import Outbound
from identity.providers.errors import ProviderUnavailable
from identity.social import queries
from identity.social.errors import ProviderAnswerRefused
from identity.social.id_tokens import Header, is_for, usable_key
from identity.social.models import Association

log = structlog.get_logger()

KEPT_SECONDS = 3600
"""How long a key is believed: one that its provider takes back is not believed longer than that."""
ASKED_EVERY_SECONDS = 30.0
"""A token with a key id that nobody has heard of makes us ask the provider, but not each such token."""
KEYS_AT_MOST = 50


class ProviderKeys:
    """Finds the key of a token's header. One a process: it remembers when it asked whom."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: dict[str, float] = {}

    async def find(
        self, database: Database, issuer: str, jwks_uri: str, header: Header
    ) -> tuple[dict[str, str], str]:
        """The public key, and the algorithm it is for. Raises ProviderAnswerRefused for a key that is not the
        issuer's, ProviderUnavailable when the issuer cannot be asked."""
        found, known = await self._at_hand(database, issuer, header)
        if found is None:
            async with self._turns[issuer]:
                # Whoever held the turn before may have fetched it.
                found, known = await self._at_hand(database, issuer, header)
                if found is None and self._may_ask(issuer):
                    await self._fetch(database, issuer, jwks_uri)
                    found, known = await self._at_hand(database, issuer, header)
        if found is not None:
            return orjson.loads(found.secret), found.assoc_type
        if known:
            raise ProviderAnswerRefused
        raise ProviderUnavailable(f"There is no key of {issuer} to verify with.")

    async def _at_hand(
        self, database: Database, issuer: str, header: Header
    ) -> tuple[Association | None, bool]:
        """The key on record, and whether there is any of this issuer."""
        instant = now().timestamp()
        async with database.transaction() as session:
            rows = await queries.keys(session, issuer)
        live = [row for row in rows if row.issued + row.lifetime > instant]
        if header.kid is not None:
            fitting = [row for row in live if row.handle == header.kid]
        else:
            # Who names no key has only one of a kind.
            fitting = [row for row in live if is_for(row.assoc_type, header.algorithm)]
        return (fitting[0] if len(fitting) == 1 else None), bool(live)

    def _may_ask(self, issuer: str) -> bool:
        last = self._asked.get(issuer)
        if last is not None and time.monotonic() - last < ASKED_EVERY_SECONDS:
            return False
        self._asked[issuer] = time.monotonic()
        return True

    async def _fetch(self, database: Database, issuer: str, jwks_uri: str) -> None:
        try:
            document = await self._outbound.get_json(jwks_uri)
        except httpx.HTTPError as error:
            log.warning("a provider's keys could not be fetched", issuer=issuer, error=repr(error))
            raise ProviderUnavailable(f"The keys of {issuer} cannot be fetched: {error}") from error
        rows = _rows(issuer, document)
        async with database.transaction() as session:
            # Two replicas that fetch at once write the same rows.
            await queries.take_turns(session, f"keys {issuer}")
            await queries.replace_keys(session, issuer, rows)


def _rows(issuer: str, document: Any) -> list[dict[str, Any]]:
    published = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, dict[str, Any]] = {}
    for jwk in (published if isinstance(published, list) else [])[:KEYS_AT_MOST]:
        usable = usable_key(jwk)
        if usable is None:
            continue
        key, algorithm, kid = usable
        found[kid] = {
            "server_url": issuer,
            "handle": kid,
            "secret": orjson.dumps(key).decode(),
            "issued": int(now().timestamp()),
            "lifetime": KEPT_SECONDS,
            "assoc_type": algorithm,
        }
    return [found[kid] for kid in sorted(found)]
