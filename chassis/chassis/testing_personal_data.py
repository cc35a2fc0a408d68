"""What holds of every service's export and erasure, table by table: the tests that each of them inherits.

`class TestPersonalData(PersonalDataTests)` in a service's tests says what is its own; a row about each of two people in
every table is made from the metadata.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

import httpx
import pytest

from chassis.db import Database
from chassis.personal_data import Section, unaccounted_for
from chassis.planting import Planted, plant, rows_of, tables_of, traces, unexcused

ADA, BEN = 70_007_007, 80_008_008
TOMBSTONE = 90_412_412

# What stays in any service's own tables when a person is erased, and why.
KEPT_EVERYWHERE = {
    "erased_people.user_id": "so that no late event brings them back",
    "ended_sessions.user_id": "so that no token of theirs is taken; deleted when none can live any more",
}


class PersonalDataTests:
    """`erased` is identity's event about ADA; `other` a service that is not to have the export."""

    service_name: ClassVar[str]
    other: ClassVar[str]
    erased: ClassVar[Any]
    sections: ClassVar[Sequence[Section]]
    not_exported: ClassVar[Mapping[str, str]]
    given: ClassVar[Mapping[str, Any]] = {}
    """Values by `table.column` that the metadata cannot tell."""
    nobodys: ClassVar[Sequence[str]] = ()
    """Tables without a row of anybody's."""
    kept: ClassVar[Mapping[str, str]] = {}
    """What stays as it is when a person is erased: it says nothing of them."""

    @pytest.fixture
    async def planted(self, database: Database) -> tuple[Planted, Planted]:
        """Ada and Ben, with a row of each in every table."""
        people = (Planted(ADA, "ADASWORD", 11), Planted(BEN, "BENSWORD", 12))
        async with database.transaction() as session:
            for person in people:
                await plant(session, self.service_name, person, given=self.given, without=self.nobodys)
        return people

    def test_every_table_is_exported_or_excused(self) -> None:
        assert unaccounted_for(tables_of(self.service_name), self.sections, self.not_exported) == []

    async def test_the_export_has_all_of_one_and_nothing_of_others(
        self,
        planted: tuple[Planted, Planted],
        client: httpx.AsyncClient,
        service_auth: Callable[..., dict[str, str]],
    ) -> None:
        answer = await client.get(f"/internal/users/{ADA}/export", headers=service_auth("identity"))
        assert answer.status_code == 200
        *rows, last = [json.loads(line) for line in answer.text.splitlines()]
        assert last["complete"] == {section.name: 1 for section in self.sections}
        told = json.dumps(rows)
        assert "ADASWORD" in told
        assert "BENSWORD" not in told
        assert str(BEN) not in told
        for section in self.sections:
            for column in section.leaves_out:
                assert f"{section.table}.{column}" not in told

    async def test_nobody_but_identity_gathers(
        self,
        client: httpx.AsyncClient,
        service_auth: Callable[..., dict[str, str]],
        auth: Callable[..., dict[str, str]],
    ) -> None:
        path = f"/internal/users/{ADA}/export"
        assert (await client.get(path, headers=service_auth(self.other))).status_code == 403
        assert (await client.get(path, headers=auth(ADA, role="admin"))).status_code == 401
        assert (await client.get(path)).status_code == 401

    async def test_erasure_leaves_nothing_but_what_is_excused(
        self,
        planted: tuple[Planted, Planted],
        deliver: Callable[..., Awaitable[None]],
        database: Database,
    ) -> None:
        ada, ben = planted
        kept = {**self.kept, **KEPT_EVERYWHERE}
        async with database.transaction() as session:
            before = await rows_of(session, self.service_name, ben)
        assert before
        # Asked again, as identity does when a report is late, it changes nothing more.
        for _ in range(2):
            await deliver(self.erased)
            async with database.transaction() as session:
                left = await traces(session, self.service_name, ada.needles)
                assert unexcused(left, kept) == set()
                assert await rows_of(session, self.service_name, ben) == before
