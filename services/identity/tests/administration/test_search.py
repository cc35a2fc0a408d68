"""Searching among many accounts: by what an index answers, and by nothing else."""

from typing import Any

import pytest
from chassis.db import Database
from chassis.pagination import PageParams
from identity.accounts import queries
from identity.accounts import service as accounts
from identity.testing import Person
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

MANY = 10_000


@pytest.fixture
async def crowd(database: Database, admin: Person) -> None:
    """Many accounts, one of whom is Ada."""
    for first in range(1, MANY, 1_000):
        async with database.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO users_customuser (email, username, password, first_name, last_name) "
                    "SELECT substr(md5(n::text), 1, 8) || n || '@example.com', 'u' || substr(md5('u' || n), 1, 8) || n, "
                    "  '!', 'F' || substr(md5('f' || n), 1, 8), 'L' || substr(md5('l' || n), 1, 8) "
                    "FROM generate_series(CAST(:first AS int), CAST(:first AS int) + 999) AS n"
                ),
                {"first": first},
            )
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO users_customuser (email, username, password, first_name, last_name) VALUES "
                "('ada@lovelace.example', 'Countess', '!', 'Ada', 'Lovelace'), "
                "('zo@example.com', 'zz_top%', '!', 'Zoë', 'Ångström')"
            )
        )
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("SELECT gin_clean_pending_list('ix_users_customuser_searched')")
        await connection.exec_driver_sql("ANALYZE users_customuser")


async def found(admin: Person, **asked: Any) -> list[str]:
    answer = await admin.get("/users", params=asked)
    assert answer.status_code == 200, answer.text
    return [user["username"] for user in answer.json()["items"]]


@pytest.mark.usefixtures("crowd")
async def test_a_person_is_found_by_any_part_of_a_name(admin: Person) -> None:
    for q in ("lovelace", "LOVE", "ada lovelace", "countess", "ntess", "@lovelace.ex", "velac"):
        assert await found(admin, q=q) == ["Countess"], q
    assert await found(admin, q="ångs") == ["zz_top%"]
    assert await found(admin, q="top%") == ["zz_top%"]
    assert await found(admin, q="zz_t") == ["zz_top%"]
    assert await found(admin, q="zzxt") == []
    # One or two letters are the beginning of a word.
    assert await found(admin, q="zo") == ["zz_top%"]
    assert await found(admin, q="lo") == ["Countess"]
    assert await found(admin, q="ve") == []


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("q", ["lovelace", "ada lovelace", "@lovelace.example", "velac", "zo", "lo"])
async def test_not_every_account_is_read_for_it(database: Database, q: str) -> None:
    statement = queries.listed(q, None, None).order_by(accounts.Account.id.desc()).limit(21)
    compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    async with database.engine.connect() as connection:
        plan = await connection.exec_driver_sql("EXPLAIN " + str(compiled).replace("%%", "%"))
        told = "\n".join(row[0] for row in plan)
    assert "ix_users_customuser_searched" in told, told
    assert "Seq Scan" not in told, told


@pytest.mark.usefixtures("crowd")
async def test_the_pages_of_a_search_hang_together(database: Database) -> None:
    async with database.transaction() as session:
        seen: list[int] = []
        cursor = None
        while True:
            rows, cursor = await accounts.list_accounts(
                session, PageParams(limit=10, cursor=cursor), q="abc", role="student", is_active=True
            )
            seen += [row.id for row in rows]
            if cursor is None:
                break
        expected = await session.scalars(
            text(
                "SELECT id FROM users_customuser WHERE concat_ws(' ', username, email, first_name, last_name) "
                "ILIKE '%abc%' ORDER BY id DESC"
            )
        )
        assert seen == list(expected)
    assert len(seen) > 25
