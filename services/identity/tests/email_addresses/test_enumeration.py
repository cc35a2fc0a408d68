"""Whether an address has an account cannot be told by asking for it as a second one: not by how long it takes either."""

import time

import pytest
from chassis.db import Database
from chassis.settings import ServiceSettings
from identity.testing import MakePerson
from sqlalchemy import text

TRIES = 150


@pytest.fixture
async def settings(settings: ServiceSettings) -> ServiceSettings:
    return settings.model_copy(update={"emails_per_account": 3 * TRIES})


async def test_a_taken_address_takes_as_long_as_a_free_one(join: MakePerson, database: Database) -> None:
    """300 tries, taken and free in turn: a taken one is the slower in about half of all pairs."""
    await join("ada")
    eve = await join("eve")
    async with database.transaction() as session:
        await session.execute(
            text(
                'INSERT INTO account_emailaddress (user_id, email, verified, "primary") '
                "SELECT (SELECT id FROM users_customuser WHERE username = 'ada'), "
                "'taken' || n || '@example.com', true, false FROM generate_series(1, :n) AS n"
            ),
            {"n": TRIES},
        )
    seconds: dict[str, list[float]] = {"taken": [], "free": []}
    statuses = set()
    for number in range(1, TRIES + 1):
        order = ("taken", "free") if number % 2 else ("free", "taken")
        for kind in order:
            began = time.perf_counter()
            answer = await eve.post("/users/me/emails", {"email": f"{kind}{number}@example.com"})
            seconds[kind].append(time.perf_counter() - began)
            statuses.add(answer.status_code)
    assert statuses == {201}
    slower = sum(taken > free for taken in seconds["taken"] for free in seconds["free"]) / TRIES**2
    # By chance it strays from a half by 0.033 (one sigma); one look-up more or less is far beyond five of them.
    assert 0.34 < slower < 0.66, slower
