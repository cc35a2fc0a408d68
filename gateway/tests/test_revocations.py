import asyncio
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from chassis.auth import Principal
from contracts.envelope import Event, enclose, to_kafka
from contracts.identity import SessionRevoked, UserDeactivated, UserErased
from gateway.revocations import Revocations

from .conftest import OpenGateway, Signer, is_problem

NOW = datetime(2026, 11, 22, 20, 0, 0, tzinfo=UTC)


def person(user_id: int = 7, sid: str = "311", issued: datetime = NOW) -> Principal:
    at = issued.timestamp()
    return Principal(user_id, "student", "free", frozenset(), sid, "jti", at, int(at) + 600)


def revoked(session_id: int | None, at: datetime = NOW, user_id: int = 7) -> SessionRevoked:
    return SessionRevoked(user_id=user_id, session_id=session_id, revoked_at=at, reason="logout")


def deactivated(at: datetime = NOW) -> UserDeactivated:
    return UserDeactivated(user_id=7, banned_until=None, deactivated_at=at, version=4)


def test_a_session_ends_and_the_others_go_on() -> None:
    revocations = Revocations(900)
    revocations.note(revoked(311), NOW.timestamp())
    assert revocations.covers(person())
    assert not revocations.covers(person(sid="312"))


ERASED = UserErased(user_id=7, tombstone_id=90412, erased_at=NOW)


@pytest.mark.parametrize("event", [deactivated(), revoked(None), ERASED])
def test_a_user_ends_until_they_log_in_anew(event: SessionRevoked | UserDeactivated | UserErased) -> None:
    revocations = Revocations(900)
    revocations.note(event, NOW.timestamp())
    assert revocations.covers(person(sid="5", issued=NOW))
    # In the same second, but after it.
    assert not revocations.covers(person(sid="5", issued=NOW.replace(microsecond=1)))
    assert not revocations.covers(person(user_id=8))


def test_events_may_come_twice_and_in_any_order() -> None:
    revocations = Revocations(900)
    later = deactivated(NOW.replace(minute=5))
    for event in (later, deactivated(), later, revoked(311), revoked(311)):
        revocations.note(event, NOW.timestamp())
    assert revocations.covers(person(sid="5", issued=NOW.replace(minute=5)))
    assert len(revocations) == 2


def test_what_no_living_token_can_fall_under_is_forgotten() -> None:
    revocations = Revocations(900)
    revocations.note(revoked(311), NOW.timestamp())
    revocations.note(deactivated(), NOW.timestamp())
    revocations.forget(NOW.timestamp() + 899)
    assert len(revocations) == 2
    revocations.forget(NOW.timestamp() + 901)
    assert len(revocations) == 0
    revocations.note(revoked(312), NOW.timestamp() + 901)
    assert len(revocations) == 0


def test_what_is_remembered_is_bounded() -> None:
    revocations = Revocations(900, remember=10)
    for n in range(1, 100):
        revocations.note(revoked(n), NOW.timestamp())
    assert len(revocations) == 10
    assert revocations.covers(person(sid="99"))


async def publish(bootstrap: str, idempotent: bool, *events: Event | bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=idempotent)
    await producer.start()
    try:
        for event in events:
            if isinstance(event, bytes):
                await producer.send_and_wait(
                    "identity.events", event, headers=[("ce_type", b"identity.session.revoked.v1")]
                )
                continue
            envelope = enclose(event, id=uuid4(), source="/services/identity", time=datetime.now(UTC))
            key, value, headers = to_kafka(envelope)
            await producer.send_and_wait("identity.events", value, key=key, headers=headers)
    finally:
        await producer.stop()


@pytest.mark.kafka
async def test_a_revoked_session_is_refused_at_the_door(
    open_gateway: OpenGateway, signer: Signer, kafka: str, kafka_idempotent: bool
) -> None:
    before, after = int(time.time()) % 10**9 * 10, int(time.time()) % 10**9 * 10 + 1
    await publish(kafka, kafka_idempotent, b"not an event", revoked(before, datetime.now(UTC)))
    door = open_gateway(kafka_bootstrap=kafka)
    async with door.client() as client:

        async def refused(sid: int) -> None:
            headers = {"authorization": f"Bearer {signer.token(sid=str(sid))}"}
            async with asyncio.timeout(20):
                while True:
                    answer = await client.get("/api/v1/courses", headers=headers)
                    if answer.status_code == 401:
                        break
                    await asyncio.sleep(0.05)
            is_problem(answer, 401, "invalid-token")

        # What was published before the gateway came, and what comes while it runs.
        await refused(before)
        living = {"authorization": f"Bearer {signer.token(sid=str(after))}"}
        assert (await client.get("/api/v1/courses", headers=living)).status_code == 200
        await publish(kafka, kafka_idempotent, revoked(after, datetime.now(UTC)))
        await refused(after)
