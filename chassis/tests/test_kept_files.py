"""Files follow the rows that name them, whatever dies in between."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chassis.db import Base, Database, now
from chassis.kept_files import KeptFiles, Unwanted, UploadTookTooLong, leaves_no_file, unwanting
from chassis.storage import FileTooLarge, Storage, StorageAway, new_key
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession

FOLDER = "drawings"


class UnwantedDrawing(Unwanted, Base):
    __tablename__ = "chassis_test_unwanted"


kept = KeptFiles(UnwantedDrawing, channel="lyceum_test_files", stored_within=timedelta(hours=1))


DRAWINGS = """
CREATE TABLE chassis_test_drawing (
    id int PRIMARY KEY, of int REFERENCES chassis_test_drawing ON DELETE CASCADE, file text
)
"""


@pytest.fixture
def storage(settings: Any, tmp_path: Path) -> Storage:
    return Storage(settings.model_copy(update={"storage_url": f"file://{tmp_path / 'files'}"}))


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    def look() -> set[str]:
        return {name for _, _, names in os.walk(tmp_path / "files") for name in names}

    return look


@pytest.fixture(autouse=True)
async def drawings(database: Database) -> None:
    """A table whose rows name files, and what a migration would make beside it."""
    table = Base.metadata.tables["chassis_test_unwanted"]
    assert isinstance(table, Table)
    async with database.engine.begin() as connection:
        await connection.run_sync(table.create)
        for statement in (
            DRAWINGS,
            unwanting("chassis_test_unwant", "chassis_test_unwanted", kept.channel),
            leaves_no_file("chassis_test_unwant", "chassis_test_drawing", "file", folder=FOLDER),
        ):
            await connection.execute(text(statement))


async def put(database: Database, storage: Storage, content: Any = b"x") -> str:
    key = new_key(FOLDER)
    await kept.store(database, storage, key, content, at_most=10, content_type="text/plain")
    return key


async def unwanted(database: Database) -> dict[str, bool]:
    """What is to be removed, and whether now."""
    async with database.transaction() as session:
        rows = await session.execute(select(UnwantedDrawing.key, UnwantedDrawing.remove_after <= now()))
        return dict(rows.all())


async def all_is_due(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE chassis_test_unwanted SET remove_after = now()"))


def name_of(key: str) -> str:
    return key.rpartition("/")[2]


async def test_a_file_is_kept_for_its_owner_and_the_one_before_goes(
    database: Database, storage: Storage, stored: Any
) -> None:
    first = await put(database, storage)
    assert await unwanted(database) == {first: False}, "written down before it is there"
    async with database.transaction() as session:
        await kept.give(session, first, instead_of=None)
    assert await unwanted(database) == {}
    second = await put(database, storage)
    async with database.transaction() as session:
        await kept.give(session, second, instead_of=first)
    await kept.remove_unwanted(database, storage)
    assert stored() == {name_of(second)}
    assert await unwanted(database) == {}


async def test_an_owner_that_is_not_committed_keeps_what_it_had(
    database: Database, storage: Storage, stored: Any
) -> None:
    first = await put(database, storage)
    async with database.transaction() as session:
        await kept.give(session, first, instead_of=None)
    second = await put(database, storage)
    async with database.session() as session:
        await kept.give(session, second, instead_of=first)
        await session.rollback()
    assert await unwanted(database) == {second: False}
    await all_is_due(database)
    await kept.remove_unwanted(database, storage)
    assert stored() == {name_of(first)}


async def test_a_file_taken_back_meanwhile_is_given_to_nobody(database: Database, storage: Storage) -> None:
    early, late = await put(database, storage), await put(database, storage)
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE chassis_test_unwanted SET remove_after = now() WHERE key = :key"), {"key": late}
        )
    await kept.remove_unwanted(database, storage)
    with pytest.raises(UploadTookTooLong):
        async with database.transaction() as session:
            await kept.give_all(session, [early, late])
    assert await unwanted(database) == {early: False}, "all of them or none"


@pytest.mark.parametrize("refused", ["too large", "broken off"])
async def test_what_could_not_be_stored_is_gone_at_once(
    database: Database, storage: Storage, stored: Any, refused: str
) -> None:
    async def breaking_off() -> AsyncIterator[bytes]:
        yield b"12"
        raise ConnectionResetError

    content = b"x" * 11 if refused == "too large" else breaking_off()
    with pytest.raises((FileTooLarge, ConnectionResetError)):
        await put(database, storage, content)
    assert list((await unwanted(database)).values()) == [True]
    await kept.remove_unwanted(database, storage)
    assert (stored(), await unwanted(database)) == (set(), {})


async def test_a_worker_hears_of_it_when_it_is_committed(database: Database, storage: Storage) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    key = await put(database, storage)
    async with database.engine.connect() as listening:
        raw = await listening.get_raw_connection()
        await raw.driver_connection.add_listener(kept.channel, lambda *told: heard.put_nowait(told[2]))  # type: ignore[union-attr]
        async with database.transaction() as session:
            await kept.forget(session, key)
        assert await asyncio.wait_for(heard.get(), 10) == kept.channel


async def test_what_the_old_site_named_is_no_file_of_ours(database: Database) -> None:
    async with database.transaction() as session:
        for name in (None, "", "https://old.example/me.png", "../../etc/passwd"):
            await kept.forget(session, name)
    assert await unwanted(database) == {}


@pytest.mark.parametrize("prefix", ["", "/media/"])
async def test_no_row_leaves_its_file_behind_whatever_deletes_it(
    database: Database, storage: Storage, stored: Any, prefix: str
) -> None:
    key = await put(database, storage)
    async with database.transaction() as session:
        await kept.give(session, key, instead_of=None)
        await session.execute(
            text(
                "INSERT INTO chassis_test_drawing VALUES (1, NULL, NULL), (2, 1, :file), (3, 1, 'old/me.png')"
            ),
            {"file": prefix + key},
        )
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM chassis_test_drawing WHERE id = 1"))
    assert await unwanted(database) == {key: True}
    await kept.remove_unwanted(database, storage)
    assert stored() == set()


async def test_a_deleted_owner_hastens_what_was_to_be_removed_later(
    database: Database, storage: Storage
) -> None:
    key = await put(database, storage)
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO chassis_test_drawing VALUES (1, NULL, :file)"), {"file": key})
        await session.execute(text("DELETE FROM chassis_test_drawing"))
    assert await unwanted(database) == {key: True}


def test_ddl_is_made_of_names_alone() -> None:
    with pytest.raises(ValueError, match="no names"):
        leaves_no_file("f", "t; DROP TABLE t", "c", folder="x")
    with pytest.raises(ValueError, match="no names"):
        unwanting("f", "t", "c'")


async def test_a_storage_that_is_away_is_asked_again(
    database: Database, settings: Any, storage: Storage, stored: Any
) -> None:
    await put(database, storage)
    await all_is_due(database)
    with pytest.raises(StorageAway):
        await kept.remove_unwanted(database, Storage(settings))
    assert len(stored()) == 1
    await asyncio.gather(*(kept.remove_unwanted(database, storage) for _ in range(3)))
    assert (stored(), await unwanted(database)) == (set(), {})


async def test_what_no_row_tells_of_is_found_once_it_is_old(
    database: Database,
    settings: Any,
    storage: Storage,
    stored: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chassis.kept_files.SWEPT_AT_ONCE", 2)
    keys = [await put(database, storage) for _ in range(6)]
    async with database.transaction() as session:
        await kept.give_all(session, keys)
    used, young = set(keys[:2]), keys[5]
    for path in (tmp_path / "files").rglob("*"):
        if path.is_file() and path.name != name_of(young):
            os.utime(path, (0, 0))

    async def one(_session: AsyncSession, asked: Collection[str]) -> set[str]:
        return used & set(asked) - {keys[1]}

    async def other(_session: AsyncSession, asked: Collection[str]) -> set[str]:
        return {keys[1]} & set(asked)

    by_name = {job.name: job for job in kept.jobs(storage, [FOLDER], [one, other])}
    await by_name["sweep_files"].work(database)
    assert await unwanted(database) == dict.fromkeys(keys[2:5], False), "not before a last hour is over"
    await all_is_due(database)
    await by_name["unwanted_files"].work(database)
    assert stored() == {name_of(key) for key in (*used, young)}
    await kept.sweep(database, Storage(settings), [FOLDER], [one])


async def test_the_worker_asks_whether_anything_is_due(database: Database, storage: Storage) -> None:
    job = next(job for job in kept.jobs(storage, [FOLDER], []) if job.due is not None)
    await put(database, storage)
    async with database.transaction() as session:
        assert not await session.scalar(select(job.due.exists()))  # type: ignore[union-attr]
    await all_is_due(database)
    async with database.transaction() as session:
        assert await session.scalar(select(job.due.exists()))  # type: ignore[union-attr]
