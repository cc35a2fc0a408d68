"""The keys that tokens are verified with: identity away, slow, rotating, and callers who make kids up."""

import asyncio
import base64
import time
from typing import Any

import pytest
from chassis.auth import InvalidToken, KeySet, TokenVerifier
from chassis.errors import Unavailable
from chassis.testing import ISSUER, Keys, person


class Identity:
    """Where the key set is fetched from: answers after `takes` seconds, or does not."""

    def __init__(self, jwks: dict[str, Any]) -> None:
        self.jwks = jwks
        self.takes = 0.0
        self.away = False
        self.asked = 0

    async def __call__(self) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(self.takes)
        if self.away:
            raise OSError("away")
        return self.jwks


async def test_while_there_are_no_keys_everybody_waits_for_one_answer_at_most(keys: Keys) -> None:
    """Identity hangs at the start: a queue of callers, each asking after the other, would wait for minutes."""
    identity = Identity(keys.jwks)
    identity.takes, identity.away = 0.3, True
    kept = KeySet(identity)
    started = time.monotonic()
    outcomes = await asyncio.gather(*(kept.key("test-1") for _ in range(20)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert time.monotonic() - started < 1.0
    assert identity.asked <= 2
    identity.takes, identity.away = 0.0, False
    assert await kept.key("test-1") is not None


async def test_a_known_key_does_not_wait_for_a_fetch(keys: Keys) -> None:
    identity = Identity(keys.jwks)
    kept = KeySet(identity, refresh_after=0.0, retry_after=0.0)
    await kept.key("test-1")
    identity.takes, identity.away = 0.5, True
    fetching = asyncio.create_task(kept.key("made-up"))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await asyncio.gather(*(kept.key("test-1") for _ in range(20)))
    assert time.monotonic() - started < 0.3
    await fetching


async def test_kids_made_up_are_asked_for_once_in_a_while(keys: Keys) -> None:
    identity = Identity(keys.jwks)
    kept = KeySet(identity)
    for number in range(50):
        assert await kept.key(f"made-up-{number}") is None
    assert identity.asked == 1


async def test_a_new_key_is_found_and_a_withdrawn_one_is_not(keys: Keys) -> None:
    newer = Keys.make("test-2")
    identity = Identity(keys.jwks)
    kept = KeySet(identity, retry_after=0.05)
    assert await kept.key("test-1") is not None
    identity.jwks = newer.jwks
    await asyncio.sleep(0.06)
    assert await kept.key("test-2") is not None
    assert await kept.key("test-1") is None


async def test_a_token_seen_before_is_forgotten_with_its_key(keys: Keys) -> None:
    """What was signed with a stolen key must not live on in a memory of good tokens."""
    newer = Keys.make("test-2")
    both = {"keys": keys.jwks["keys"] + newer.jwks["keys"]}
    identity = Identity(both)
    verifier = TokenVerifier(issuer=ISSUER, audience="lyceum", source=identity)
    stolen, good = person(keys), person(newer)
    for token in (stolen, good):
        await verifier.verify(token)
    verifier._keys._refresh_after = verifier._keys._retry_after = 0.0
    await verifier.verify(stolen)
    assert (identity.asked, len(verifier._seen)) == (2, 2), "the same keys: nothing is forgotten"
    identity.jwks = newer.jwks
    with pytest.raises(InvalidToken):
        await verifier.verify(stolen)
    assert (await verifier.verify(good)).user_id == 1


async def test_a_key_set_that_cannot_be_fetched_again_stays(keys: Keys) -> None:
    identity = Identity(keys.jwks)
    verifier = TokenVerifier(issuer=ISSUER, audience="lyceum", source=identity)
    token = person(keys)
    await verifier.verify(token)
    verifier._keys._refresh_after = verifier._keys._retry_after = 0.0
    identity.jwks = {}
    assert (await verifier.verify(token)).user_id == 1
    assert identity.asked == 2


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
async def test_a_header_nested_too_deep_is_a_token_like_any_other_bad_one(keys: Keys, opening: bytes) -> None:
    async def published() -> dict[str, Any]:
        return keys.jwks

    verifier = TokenVerifier(issuer=ISSUER, audience="lyceum", source=published)
    _, body, signature = person(keys).split(".")
    head = base64.urlsafe_b64encode(opening * (5500 // len(opening))).decode()
    with pytest.raises(InvalidToken):
        await verifier.verify(f"{head}.{body}.{signature}")
