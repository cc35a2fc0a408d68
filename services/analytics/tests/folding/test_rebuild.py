"""A rebuild asked for over HTTP is done by the worker, once, and says what it did."""

import asyncio

import pytest
from analytics.folding import jobs, queries
from analytics_story.simulator import NOW, Story
from chassis.db import Database
from sqlalchemy import text


@pytest.fixture
def admin(auth):
    return auth(1, role="admin")


async def latest(client, admin):
    return (await client.get("/api/v1/analytics/freshness", headers=admin)).json()["rebuild"]


async def test_only_admins_ask_for_a_rebuild(client, auth):
    assert (await client.post("/api/v1/analytics/rebuild")).status_code == 401
    for role in ("student", "instructor"):
        assert (await client.post("/api/v1/analytics/rebuild", headers=auth(7, role=role))).status_code == 403


async def test_the_worker_mends_what_was_broken(client, admin, database, fold_in, tables_of):
    await fold_in(database, Story(5, steps=150).facts, NOW)
    tables = await tables_of(database)
    async with database.transaction() as session:
        await session.execute(text("UPDATE courses_coursestats SET total_students = 4711"))
        await session.execute(text("UPDATE fold_participant SET enrolled = 9"))
        await session.execute(text("DELETE FROM content_platformstatistics"))
    assert await tables_of(database) != tables

    asked = await client.post("/api/v1/analytics/rebuild", headers=admin)
    assert (asked.status_code, asked.json()["status"]) == (202, "waiting")
    again = await client.post("/api/v1/analytics/rebuild", headers=admin)
    assert again.json()["id"] == asked.json()["id"]

    await jobs.rebuild_on_request(database, 50)
    done = await latest(client, admin)
    assert (done["id"], done["status"], done["error"]) == (asked.json()["id"], "done", "")
    assert done["facts"] > 100
    await jobs.decay(database)
    mended = await tables_of(database)
    assert mended["platform"] == tables["platform"]
    assert {k: v["courses_enrolled"] for k, v in mended["users"].items()} == {
        k: v["courses_enrolled"] for k, v in tables["users"].items()
    }
    assert {k: v["total_students"] for k, v in mended["courses"].items()} == {
        k: v["total_students"] for k, v in tables["courses"].items()
    }
    async with database.transaction() as session:
        missing = "SELECT count(*) FROM instructor_portal_instructoranalytics WHERE last_calculated IS NULL"
        assert await session.scalar(text(missing)) == 0

    await jobs.rebuild_on_request(database, 50)  # nothing waits any more
    assert await latest(client, admin) == done
    new = await client.post("/api/v1/analytics/rebuild", headers=admin)
    assert new.json()["id"] > done["id"]


async def test_two_workers_do_a_rebuild_once(client, admin, database, fold_in, settings):
    await fold_in(database, Story(5, steps=150).facts, NOW)
    await client.post("/api/v1/analytics/rebuild", headers=admin)
    other = Database(settings, process="test")
    await asyncio.gather(jobs.rebuild_on_request(database, 20), jobs.rebuild_on_request(other, 20))
    await other.close()
    done = await latest(client, admin)
    assert done["status"] == "done"
    async with database.transaction() as session:
        folded = await session.scalar(text("SELECT total_students FROM content_platformstatistics"))
        counted = await session.scalar(text("SELECT count(*) FROM fold_user WHERE enrollments > 0"))
    assert folded == counted > 0


async def test_a_rebuild_that_a_worker_died_over_is_begun_again(client, admin, database, fold_in):
    await fold_in(database, Story(5, steps=60).facts, NOW)
    await client.post("/api/v1/analytics/rebuild", headers=admin)
    async with database.transaction() as session:
        left = await queries.next_rebuild(session)
        left.status = queries.RUNNING
    await jobs.rebuild_on_request(database, 50)
    assert (await latest(client, admin))["status"] == "done"


async def test_a_rebuild_that_cannot_succeed_is_given_up_and_changes_nothing(
    client, admin, database, fold_in, tables_of
):
    await fold_in(database, Story(5, steps=60).facts, NOW)
    tables = await tables_of(database)
    async with database.transaction() as session:
        await session.execute(text("UPDATE courses_useractivity SET data = '{}'"))
    await client.post("/api/v1/analytics/rebuild", headers=admin)
    with pytest.raises(ValueError, match="Field required"):
        await jobs.rebuild_on_request(database, 50)
    failed = await latest(client, admin)
    assert failed["status"] == "failed"
    assert "Field required" in failed["error"]
    assert await tables_of(database) == tables


async def test_readers_see_the_old_numbers_until_a_rebuild_is_done(client, database, fold_in):
    from analytics.folding import service

    await fold_in(database, Story(5, steps=60).facts, NOW)
    before = (await client.get("/api/v1/stats/platform")).json()
    async with database.transaction() as session:
        await service.rebuild(session, NOW, 10)
        assert (await client.get("/api/v1/stats/platform")).json() == before


async def test_a_fold_waits_for_a_rebuild_and_is_counted_after_it(database, fold_in, tables_of, settings):
    from analytics.folding import service

    facts = Story(5, steps=60).facts
    await fold_in(database, facts[:-30], NOW)
    other = Database(settings, process="test")
    async with database.transaction() as session:
        await service.rebuild(session, NOW, 10)
        late = asyncio.create_task(fold_in(other, facts[-30:], NOW))
        await asyncio.sleep(0.3)
        assert not late.done()
    await late
    found = await tables_of(database)
    async with database.transaction() as session:
        await service.rebuild(session, NOW, 1000)
    assert await tables_of(database) == found
    await other.close()


async def test_partitions_are_made_by_the_worker(database):
    await jobs.make_partitions(database, 12)
    async with database.transaction() as session:
        made = await session.scalar(
            text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'courses_useractivity'::regclass")
        )
    assert made == 14  # the default one, this month and twelve more
