import asyncio
from ipaddress import ip_address

import pytest
from chassis.db import Database
from identity.mail_requests import service
from identity.mail_requests.service import Asked
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

ADDRESS = ip_address("198.51.100.1")


async def ask(database: Database, *emails: str) -> None:
    async with database.transaction() as session:
        for email in emails:
            await service.ask(session, "reset", email, ADDRESS)


async def waiting(database: Database) -> list[tuple[str, int]]:
    async with database.transaction() as session:
        rows = await session.execute(text("SELECT email, attempts FROM mail_requests ORDER BY id"))
        return [(row.email, row.attempts) for row in rows]


async def test_each_is_answered_once_by_whichever_worker(database: Database) -> None:
    answered: list[str] = []

    async def answer(_session: AsyncSession, asked: Asked) -> None:
        assert asked.address == ADDRESS
        answered.append(asked.email)
        await asyncio.sleep(0.01)

    await ask(database, *(f"{n}@example.com" for n in range(6)))
    await asyncio.gather(*(service.answer_all(database, {"reset": answer}) for _ in range(3)))
    assert sorted(answered) == [f"{n}@example.com" for n in range(6)]
    assert await waiting(database) == []


async def test_one_that_fails_does_not_hold_up_the_others(database: Database) -> None:
    answered = []

    async def answer(session: AsyncSession, asked: Asked) -> None:
        await session.execute(text("DELETE FROM signing_keys"))
        if asked.email == "bad":
            raise ZeroDivisionError
        answered.append(asked.email)

    await ask(database, "bad", "good", "better")
    for _ in range(2):
        await service.answer_all(database, {"reset": answer})
    assert answered == ["good", "better"]
    assert await waiting(database) == [("bad", 3)]


async def test_a_passing_trouble_is_waited_out(database: Database) -> None:
    async def answer(_session: AsyncSession, _asked: Asked) -> None:
        raise ConnectionError

    await ask(database, "ada@example.com")
    with pytest.raises(ConnectionError):
        await service.answer_all(database, {"reset": answer})
    assert await waiting(database) == [("ada@example.com", 0)]
