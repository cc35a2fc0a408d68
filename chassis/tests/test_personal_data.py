"""What a service hands out of what it holds on a person: page by page, in order, and to identity alone."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from chassis.auth import ServiceSigner
from chassis.db import Base, Database
from chassis.errors import NotFound, Unavailable
from chassis.internal import InternalCalls
from chassis.personal_data import Link, Section, lines, pages, rows_about, unaccounted_for
from chassis.testing import serving
from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, MetaData, Table, Text, insert, text
from sqlalchemy.dialects.postgresql import JSONB

from chassis import personal_data

DESK = MetaData()
FOLDER = Table("desk_folder", DESK, Column("id", BigInteger, primary_key=True), Column("user_id", BigInteger))
PAPER = Table(
    "desk_paper",
    DESK,
    Column("id", BigInteger, primary_key=True),
    Column("folder_id", BigInteger, ForeignKey("desk_folder.id")),
    Column("words", Text),
    Column("secret", Text),
    Column("digest", LargeBinary),
    Column("data", JSONB),
)
PAPERS = Section(
    "papers", "desk_paper", "folder_id -> desk_folder.user_id", leaves_out=("secret",), rows_a_page=7
)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Database]:
    """Two people's folders with twenty papers each."""
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.run_sync(DESK.create_all)
        await session.execute(insert(FOLDER), [{"id": 1, "user_id": 7}, {"id": 2, "user_id": 8}])
        papers = [
            {
                "id": n,
                "folder_id": 1 + n % 2,
                "words": f"w{n}",
                "secret": "s",
                "digest": b"d",
                "data": {"user_id": n},
            }
            for n in range(40)
        ]
        await session.execute(insert(PAPER), papers)
    yield database
    async with database.transaction() as session:
        await session.execute(text("DROP TABLE desk_paper, desk_folder"))


async def test_pages_are_read_in_order_and_none_twice(desk: Database) -> None:
    found = [page async for page in pages(desk, DESK, PAPERS, 8)]
    assert [len(page) for page in found] == [7, 7, 6]
    rows = [row for page in found for row in page]
    assert [row["id"] for row in rows] == list(range(1, 40, 2))
    assert set(rows[0]) == {"id", "folder_id", "words", "data"}, "neither what is left out nor bytes"


async def test_a_member_of_a_json_column_may_name_the_person(desk: Database) -> None:
    section = Section("papers", "desk_paper", "data:user_id")
    async with desk.transaction() as session:
        rows = (await session.execute(rows_about(DESK, section, 30))).mappings().all()
    assert [row["id"] for row in rows] == [30]


async def test_what_is_too_large_is_there_as_an_address(desk: Database) -> None:
    links = (
        Link("all_url", "/api/v1/papers/{id}/in/{folder_id}"),
        Link("some_url", "/p/{id}", where="words", unless="folder_id"),
    )
    section = replace(PAPERS, links=links)
    rows = [row async for page in pages(desk, DESK, section, 8) for row in page]
    public = desk.settings.public_url
    assert [row["all_url"] for row in rows] == [f"{public}/api/v1/papers/{n}/in/2" for n in range(1, 40, 2)]
    assert {row["some_url"] for row in rows} == {None}
    held = {"desk_folder": "of no interest to anybody"}
    assert unaccounted_for(list(DESK.sorted_tables), (section,), held) == []
    wrong = replace(PAPERS, links=(Link("words", "/{colour}", where="shape"),))
    assert unaccounted_for(list(DESK.sorted_tables), (wrong,), held) == [
        "desk_paper.colour: no such column",
        "desk_paper.shape: no such column",
        "desk_paper.words: a column, and a link",
    ]


async def test_the_last_line_says_that_it_was_all(desk: Database) -> None:
    chunks = [chunk async for chunk in lines(desk, DESK, (PAPERS, Section("folders", "desk_folder")), 7)]
    told = [json.loads(line) for line in b"".join(chunks).splitlines()]
    assert told[-1] == {"complete": {"papers": 20, "folders": 1}}
    assert [one["section"] for one in told[:-1]] == ["papers"] * 20 + ["folders"]


def test_the_two_lists_are_held_against_the_tables() -> None:
    reason = "of no interest to anybody"
    tables = list(DESK.sorted_tables)
    assert unaccounted_for(tables, (PAPERS,), {"desk_folder": reason}) == []
    assert unaccounted_for(tables, (PAPERS,), {}) == ["desk_folder: neither exported nor excused"]
    assert unaccounted_for(tables, (PAPERS,), {"desk_folder": ""})
    assert unaccounted_for(tables, (PAPERS,), {"desk_folder": reason, "desk_paper": reason})
    assert unaccounted_for(tables, (PAPERS,), {"desk_folder": reason, "desk_lamp": reason})
    wrong = Section("papers", "desk_paper", leaves_out=("colour",))
    assert "desk_paper.colour: no such column" in unaccounted_for(tables, (wrong,), {"desk_folder": reason})


def test_the_chassis_own_tables_are_excused_and_there() -> None:
    assert Base.metadata.tables.keys() >= personal_data.OF_THE_CHASSIS.keys()


# --- the way between services -------------------------------------------------------------------------------


class Told:
    """A service that answers these pieces, and breaks off before the end if it is to."""

    def __init__(self, *pieces: bytes, status: int = 200, breaks_off: bool = False) -> None:
        self.pieces, self.status, self.breaks_off = pieces, status, breaks_off

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            continue
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self.breaks_off:
            raise ConnectionError("gone")
        await send({"type": "http.response.body", "body": b""})


async def asked(told: Told, settings: Any, signer: ServiceSigner) -> list[bytes]:
    async with serving(told) as url:
        calls = InternalCalls(settings.model_copy(update={"service_urls": {"learning": url}}), signer)
        try:
            return [line async for line in calls.lines("learning", "/internal/users/7/export")]
        finally:
            await calls.close()


@pytest.fixture
def signer(service_keys: Any) -> ServiceSigner:
    return ServiceSigner("identity", service_keys / "identity.pem")


async def test_lines_are_lines_however_they_are_cut(settings: Any, signer: ServiceSigner) -> None:
    pieces = (b'{"a"', b': 1}\n{"b": 2}\n{"c', b'": 3}\n{"d": 4}')
    assert await asked(Told(*pieces), settings, signer) == [
        b'{"a": 1}',
        b'{"b": 2}',
        b'{"c": 3}',
        b'{"d": 4}',
    ]


async def test_who_breaks_off_or_refuses_is_unavailable(settings: Any, signer: ServiceSigner) -> None:
    for told in (Told(b"x\n", breaks_off=True), Told(status=500), Told(status=401), Told(status=302)):
        with pytest.raises(Unavailable):
            await asked(told, settings, signer)
    with pytest.raises(NotFound):
        await asked(Told(status=404), settings, signer)
