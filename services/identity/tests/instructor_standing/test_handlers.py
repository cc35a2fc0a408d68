import json
import random
from itertools import permutations
from typing import Any

import pytest
from chassis.testing import Deliver, Published
from contracts.identity import SessionRevoked, UserChanged
from contracts.instructor import InstructorChanged
from identity.testing import MakePerson, Person


def standing(user_id: int, status: str, version: int, profile_id: int = 5) -> InstructorChanged:
    example: dict[str, Any] = InstructorChanged.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,assignment]
    changed = {"user_id": user_id, "status": status, "version": version, "profile_id": profile_id}
    return InstructorChanged.model_validate_json(json.dumps({**example, **changed}))


async def test_approval_makes_an_instructor_once(
    join: MakePerson, deliver: Deliver, published: Published
) -> None:
    person = await join("ada")
    user_id = (await person.me())["id"]
    await deliver(standing(user_id, "pending", 1), standing(user_id, "active", 2), times=3)
    assert (await person.me())["role"] == "instructor"
    roles = [e.role for e in await published() if isinstance(e, UserChanged)]
    assert roles == ["student", "instructor"]


async def test_a_role_taken_away_ends_the_tokens_that_say_it(
    join: MakePerson, deliver: Deliver, published: Published
) -> None:
    person = await join("ada")
    user_id = (await person.me())["id"]
    await deliver(standing(user_id, "active", 1))
    renewed = await person.post("/auth/refresh", {"refresh": person.refresh})
    assert renewed.status_code == 200, "who gains a role goes on"
    await deliver(standing(user_id, "suspended", 2), times=2)
    again = await person.post("/auth/refresh", {"refresh": renewed.json()["refresh"]})
    assert again.status_code == 401
    assert [e.reason for e in await published() if isinstance(e, SessionRevoked)] == ["role_changed"]


@pytest.mark.parametrize("end", ["suspended", "rejected"])
async def test_the_role_goes_with_the_standing(join: MakePerson, deliver: Deliver, end: str) -> None:
    person = await join("ada")
    user_id = (await person.me())["id"]
    await deliver(standing(user_id, "active", 1), standing(user_id, end, 2))
    assert (await person.me())["role"] == "student"
    await deliver(standing(user_id, "active", 3))
    assert (await person.me())["role"] == "instructor"


async def test_any_order_ends_with_the_newest(join: MakePerson, deliver: Deliver) -> None:
    for n, order in enumerate(permutations(range(3))):
        person = await join(f"ada{n}")
        user_id = (await person.me())["id"]
        story = [
            standing(user_id, status, version, profile_id=100 + n)
            for version, status in enumerate(("pending", "active", "suspended"), start=1)
        ]
        await deliver(*(story[i] for i in order), times=random.choice((1, 2)))
        assert (await person.me())["role"] == "student", order


async def test_an_admin_stays_one(admin: Person, deliver: Deliver) -> None:
    user_id = (await admin.me())["id"]
    for version, status in enumerate(("active", "suspended", "rejected"), start=1):
        await deliver(standing(user_id, status, version))
        assert (await admin.me())["role"] == "admin"


async def test_an_account_that_is_gone_is_left_alone(deliver: Deliver, published: Published) -> None:
    await deliver(standing(424242, "active", 1))
    assert await published() == []
