"""A session that was ended is over at the service's own port, whatever the gateway does."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from chassis.auth import InvalidToken, Principal
from chassis.db import Database, now
from chassis.erasure import scrub_chassis_tables
from chassis.errors import Unavailable
from chassis.revocations import EndedTokens, end_all_sessions, end_session
from chassis.testing import Keys, person
from chassis.worker import _forget
from fastapi import FastAPI
from sqlalchemy import event, text

from chassis import revocations

Headers = Callable[..., dict[str, str]]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is too old for the next request."""
    monkeypatch.setattr(revocations, "FRESH_SECONDS", -1.0)


@pytest.fixture
def statements(app: FastAPI) -> list[str]:
    """What the process asks about ended sessions, as it happens."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "ended_sessions" in statement:
            seen.append(statement)

    event.listen(app.state.database.engine.sync_engine, "before_cursor_execute", note)
    return seen


async def status(client: httpx.AsyncClient, headers: dict[str, str]) -> int:
    return (await client.get("/api/v1/me", headers=headers)).status_code


async def told(database: Database, **data: Any) -> None:
    """A SessionRevoked is taken in."""
    async with database.transaction() as session:
        await revocations.on_session_revoked(session, SimpleNamespace(data=SimpleNamespace(**data)))


async def rows(database: Database) -> list[tuple[int, str]]:
    async with database.transaction() as session:
        found = await session.execute(text("SELECT user_id, sid FROM ended_sessions ORDER BY user_id, sid"))
        return [(row.user_id, row.sid) for row in found]


def holder(sid: str = "311", user_id: int = 7, issued: float = 0.0) -> Principal:
    return Principal(user_id, "student", "free", frozenset(), sid, "j", issued, int(issued) + 600)


# --- what is refused ----------------------------------------------------------------------------------------


async def test_an_ended_session_is_refused_like_any_bad_token(
    client: httpx.AsyncClient, database: Database, auth: Headers, at_once: None
) -> None:
    mine, other = auth(7, sid="311"), auth(7, sid="312")
    assert await status(client, mine) == 200
    await told(database, user_id=7, session_id=311, revoked_at=now())
    refused = await client.get("/api/v1/me", headers=mine)
    forged = await client.get("/api/v1/me", headers={"Authorization": "Bearer let-me-in"})
    assert refused.status_code == forged.status_code == 401
    ours, theirs = refused.json(), forged.json()
    assert ours.pop("request_id") != theirs.pop("request_id")
    assert json.dumps(ours) == json.dumps(theirs)
    assert {n for n in refused.headers if refused.headers[n] != forged.headers[n]} <= {
        "x-request-id",
        "traceparent",
    }
    assert await status(client, other) == 200


async def test_a_revocation_is_known_within_a_second_and_a_half(
    client: httpx.AsyncClient, database: Database, auth: Headers
) -> None:
    headers = auth(7, sid="311")
    assert await status(client, headers) == 200
    await told(database, user_id=7, session_id=311, revoked_at=now())
    ended = time.monotonic()
    while await status(client, headers) == 200:
        assert time.monotonic() - ended < 30, "it is not known for good"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("deactivated", [True, False])
async def test_all_until_now_spares_what_is_issued_later_in_the_same_second(
    client: httpx.AsyncClient, database: Database, auth: Headers, at_once: None, deactivated: bool
) -> None:
    second = int(time.time()) - 2
    ended_at = datetime.fromtimestamp(second + 0.5, UTC)

    def issued(microseconds: int | None) -> dict[str, str]:
        exact = {} if microseconds is None else {"iat_us": second * 1_000_000 + microseconds}
        return auth(7, sid="9", iat=second, exp=second + 600, **exact)

    before, at, after, unknown = issued(499_999), issued(500_000), issued(500_001), issued(None)
    if deactivated:
        async with database.transaction() as session:
            data = SimpleNamespace(user_id=7, deactivated_at=ended_at)
            await revocations.on_user_deactivated(session, SimpleNamespace(data=data))
    else:
        await told(database, user_id=7, session_id=None, revoked_at=ended_at)
    assert [await status(client, one) for one in (before, at, after)] == [401, 401, 200]
    # Who does not say when in that second it was issued, is taken to have been there before.
    assert await status(client, unknown) == 401
    assert await status(client, auth(8, iat=second, exp=second + 600)) == 200


async def test_erasing_somebody_ends_their_tokens(
    client: httpx.AsyncClient, database: Database, auth: Headers, at_once: None
) -> None:
    erased, other = auth(7, sid="311"), auth(8, sid="312")
    assert await status(client, erased) == 200
    async with database.transaction() as session:
        await scrub_chassis_tables(session, 7, 90412)
    assert [await status(client, one) for one in (erased, other)] == [401, 200]


async def test_a_fraction_that_belies_its_second_is_not_believed(app: FastAPI, keys: Keys) -> None:
    second = int(time.time())
    later = person(keys, 7, iat=second, iat_us=(second + 100) * 1_000_000)
    assert (await app.state.verifier.verify(later)).issued == second


async def test_a_token_that_claims_to_live_longer_than_we_remember_is_refused(
    app: FastAPI, keys: Keys
) -> None:
    second = int(time.time())
    assert await app.state.verifier.verify(person(keys, iat=second, exp=second + 600))
    with pytest.raises(InvalidToken):
        await app.state.verifier.verify(person(keys, iat=second, exp=second + 601))


# --- what is kept -------------------------------------------------------------------------------------------


async def test_an_old_log_read_from_its_start_leaves_nothing(database: Database) -> None:
    living, over = now() - timedelta(seconds=880), now() - timedelta(seconds=901)
    for number in range(50):
        await told(database, user_id=number + 1, session_id=number + 1, revoked_at=over)
        await told(database, user_id=number + 1, session_id=None, revoked_at=over - timedelta(days=300))
    assert await rows(database) == []
    await told(database, user_id=7, session_id=311, revoked_at=living)
    assert await rows(database) == [(7, "311")]


async def test_events_twice_and_shuffled_keep_the_latest(database: Database) -> None:
    first, last = now() - timedelta(seconds=60), now()
    for instant in (last, first, last):
        await told(database, user_id=7, session_id=None, revoked_at=instant)
    assert await rows(database) == [(7, "")]
    known = EndedTokens(database)
    await known.freshen()
    assert known.covers(holder(issued=last.timestamp()))
    assert not known.covers(holder(issued=last.timestamp() + 0.001))


async def test_what_is_over_is_purged_and_forgotten(
    database: Database, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told(database, user_id=7, session_id=311, revoked_at=now())
    await told(database, user_id=7, session_id=None, revoked_at=now())
    known = EndedTokens(database)
    await known.freshen()
    assert len(known) == 2
    async with database.transaction() as session:
        await session.execute(text("UPDATE ended_sessions SET ended_at = ended_at - interval '901 seconds'"))
    await _forget(database)
    assert await rows(database) == []
    monkeypatch.setattr(revocations, "WHOLE_SECONDS", 0.0)
    await known.freshen()
    assert len(known) == 0


# --- what is new --------------------------------------------------------------------------------------------


async def test_what_commits_late_is_not_overlooked(database: Database, at_once: None) -> None:
    """The row written first is committed last; by ids or by clocks it would lie behind what was read."""
    known = EndedTokens(database)
    await known.freshen()
    async with database.transaction() as slow:
        await end_session(slow, 7, "slow", now())
        async with database.transaction() as quick:
            await end_session(quick, 7, "quick", now())
        for _ in range(3):
            await known.freshen()
        assert known.covers(holder("quick"))
        assert not known.covers(holder("slow"))
    await known.freshen()
    assert known.covers(holder("slow"))


async def test_only_news_is_read(database: Database, at_once: None) -> None:
    known = EndedTokens(database)
    for number in range(20):
        await told(database, user_id=7, session_id=number + 1, revoked_at=now())
    await known.freshen()
    assert len(known) == 20
    assert await known._read(known._horizon) == [(known._horizon, None, None, None)]
    # An update is news as well: the same user is ended once more.
    await told(database, user_id=8, session_id=None, revoked_at=now())
    await known.freshen()
    await told(database, user_id=8, session_id=None, revoked_at=(later := now()))
    await known.freshen()
    assert known.covers(holder("x", 8, later.timestamp()))


async def test_a_process_that_starts_knows_what_was_ended_before(database: Database) -> None:
    async with database.transaction() as session:
        await end_session(session, 7, "311", now())
        await end_all_sessions(session, 8, now())
    known = EndedTokens(database)
    await known.freshen()
    assert known.covers(holder("311"))
    assert known.covers(holder("5", 8))
    assert not known.covers(holder("312"))


async def test_a_database_put_back_from_a_backup_is_read_whole(database: Database, at_once: None) -> None:
    known = EndedTokens(database)
    await told(database, user_id=7, session_id=1, revoked_at=now())
    await known.freshen()
    # As if it had been read from a cluster that was far ahead of this one.
    known._horizon += 10**9
    await told(database, user_id=7, session_id=2, revoked_at=now())
    await known.freshen()
    assert known.covers(holder("2"))


# --- what it costs, and what it is when it cannot be had ----------------------------------------------------


async def test_many_at_once_look_once_and_who_is_idle_does_not_look(
    client: httpx.AsyncClient, app: FastAPI, keys: Keys, statements: list[str]
) -> None:
    tokens = [person(keys, n, sid=str(n)) for n in range(1, 101)]
    for token in tokens:
        await app.state.verifier.verify(token)
    await asyncio.sleep(1.1)
    assert len(statements) == 1
    await asyncio.gather(*(app.state.verifier.verify(token) for token in tokens * 3))
    for _ in range(3000):
        if len(statements) == 2:
            break
        await asyncio.sleep(0.01)
    await asyncio.gather(*(app.state.verifier.verify(token) for token in tokens * 3))
    assert len(statements) == 2, "nobody waited, and one looked for all"
    await asyncio.sleep(1.2)
    assert len(statements) == 2


async def test_who_leaves_while_it_is_looked_up_takes_nobody_along(
    app: FastAPI, database: Database, keys: Keys, at_once: None
) -> None:
    token = person(keys, 7)
    await app.state.verifier.verify(token)
    async with database.transaction() as session:
        await session.execute(text("LOCK TABLE ended_sessions IN ACCESS EXCLUSIVE MODE"))
        impatient = asyncio.create_task(app.state.verifier.verify(token))
        patient = asyncio.create_task(app.state.verifier.verify(token))
        await asyncio.sleep(0.2)
        impatient.cancel()
        await asyncio.wait([impatient])
    assert impatient.cancelled()
    assert (await patient).user_id == 7


async def test_what_cannot_be_looked_up_is_no_yes(
    client: httpx.AsyncClient,
    database: Database,
    auth: Headers,
    at_once: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revocations, "READ_SECONDS", 0.3)
    headers = auth(7)
    assert await status(client, headers) == 200
    async with database.transaction() as session:
        await session.execute(text("LOCK TABLE ended_sessions IN ACCESS EXCLUSIVE MODE"))
        answers = await asyncio.gather(*(client.get("/api/v1/me", headers=headers) for _ in range(5)))
        assert {(a.status_code, a.json()["type"]) for a in answers} == {(503, "/problems/unavailable")}
        assert await status(client, {"Authorization": "Bearer let-me-in"}) == 401
        assert await status(client, {}) == 200
    assert await status(client, headers) == 200


async def test_a_database_that_is_away_lets_nobody_in(settings: Any) -> None:
    away = Database(settings.model_copy(update={"database_url": "postgresql+asyncpg://127.0.0.1:9/none"}))
    known = EndedTokens(away)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await known.freshen()
    await away.close()
