"""Rights given to people: within what one holds oneself, felt at once, and on record."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chassis.testing import Published
from contracts.identity import SessionRevoked
from identity.testing import MakePerson, Person

VIEW, CHANGE, BAN = "identity.view_user", "identity.change_user", "identity.ban_user"


@pytest.fixture
def staff(admin: Person, join: MakePerson) -> Callable[..., Any]:
    """`await staff("ada", VIEW)`: somebody with these rights, and tokens that say so."""

    async def make(name: str, *permissions: str, **given: Any) -> tuple[Person, int]:
        person = await join(name)
        user_id = (await person.me())["id"]
        answer = await admin.patch(f"/users/{user_id}", {"permissions": list(permissions), **given})
        assert answer.status_code == 200, answer.text
        await person.log_in()
        return person, user_id

    return make


async def log_of(admin: Person, user_id: int) -> list[tuple[str, dict[str, Any]]]:
    answer = await admin.get("/audit-log", params={"target_type": "user", "target_id": user_id})
    return [(entry["action"], entry["changes"]) for entry in answer.json()["items"]]


async def test_permissions_and_groups_are_given_and_ride_in_the_next_token(
    admin: Person, join: MakePerson, claims_of: Callable[[str], dict[str, Any]]
) -> None:
    person = await join("ada")
    ada = (await person.me())["id"]
    group = (await admin.post("/groups", {"name": "Support", "permissions": [VIEW, BAN]})).json()["id"]
    fresh = await admin.get(f"/users/{ada}")
    assert {name: fresh.json()[name] for name in ("groups", "permissions", "effective_permissions")} == {
        "groups": [],
        "permissions": [],
        "effective_permissions": [],
    }
    given = {"groups": [group, group], "permissions": [CHANGE, VIEW, VIEW]}
    answer = await admin.patch(f"/users/{ada}", given, **{"If-Match": fresh.headers["etag"]})
    told = answer.json()
    assert (told["groups"], told["permissions"]) == ([group], [CHANGE, VIEW])
    assert told["effective_permissions"] == [BAN, CHANGE, VIEW]
    assert (await admin.get(f"/users/{ada}")).headers["etag"] == answer.headers["etag"]
    stale = await admin.patch(f"/users/{ada}", {"groups": []}, **{"If-Match": fresh.headers["etag"]})
    assert stale.status_code == 412
    # What was gained waits for the next refresh; nobody is logged out for it.
    renewed = await person.post("/auth/refresh", {"refresh": person.refresh})
    assert claims_of(renewed.json()["access"])["permissions"] == [BAN, CHANGE, VIEW]
    # What is left out stays.
    assert (await admin.patch(f"/users/{ada}", {"role": "instructor"})).json()["groups"] == [group]
    assert (await log_of(admin, ada)) == [
        ("user.changed", {"role": ["student", "instructor"]}),
        ("user.changed", {"groups": [[], [group]], "permissions": [[], [CHANGE, VIEW]]}),
    ]


async def test_what_is_taken_ends_the_tokens_that_say_it(
    admin: Person, staff: Callable[..., Any], published: Published, claims_of: Callable[[str], dict[str, Any]]
) -> None:
    group = (await admin.post("/groups", {"name": "Support", "permissions": [BAN]})).json()["id"]
    person, ada = await staff("ada", VIEW, CHANGE, groups=[group])
    for change, left in (
        ({"permissions": [VIEW]}, [BAN, VIEW]),
        ({"groups": []}, [VIEW]),
        ({"permissions": []}, []),
    ):
        before = len(await published())
        assert (await admin.patch(f"/users/{ada}", change)).status_code == 200
        ended = [event for event in (await published())[before:] if isinstance(event, SessionRevoked)]
        assert {(event.user_id, event.reason) for event in ended} == {(ada, "role_changed")}
        assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 401
        await person.log_in()
        assert claims_of(person.access)["permissions"] == left


async def test_what_is_still_held_otherwise_logs_nobody_out(admin: Person, staff: Callable[..., Any]) -> None:
    group = (await admin.post("/groups", {"name": "Support", "permissions": [VIEW]})).json()["id"]
    person, ada = await staff("ada", VIEW, groups=[group])
    assert (await admin.patch(f"/users/{ada}", {"permissions": []})).status_code == 200
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 200


async def test_a_lower_role_takes_a_new_login(admin: Person, staff: Callable[..., Any]) -> None:
    person, ada = await staff("ada", role="instructor")
    assert (await admin.patch(f"/users/{ada}", {"role": "student"})).status_code == 200
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 401


async def test_who_may_do_what(
    client: httpx.AsyncClient, staff: Callable[..., Any], join: MakePerson
) -> None:
    target = (await (await join("target")).me())["id"]
    student, _ = await staff("ada")
    viewer, _ = await staff("vera", VIEW)
    changer, _ = await staff("carl", CHANGE)
    banner, _ = await staff("bea", BAN)
    people = (student, viewer, changer, banner)
    for method, path, body, needed, index in (
        ("GET", "/users", None, VIEW, 1),
        ("GET", f"/users/{target}", None, VIEW, 1),
        ("PATCH", f"/users/{target}", {"role": "instructor"}, CHANGE, 2),
        ("POST", f"/users/{target}/ban", {"until": None}, BAN, 3),
    ):
        assert (await client.request(method, f"/api/v1{path}", json=body)).status_code == 401
        for number, person in enumerate(people):
            answer = await client.request(method, f"/api/v1{path}", json=body, headers=person.headers)
            assert answer.status_code == (200 if number == index else 403), (path, person.username)
            if number != index:
                assert answer.json()["permission"] == needed


async def test_nobody_gives_what_they_do_not_hold(
    admin: Person, staff: Callable[..., Any], join: MakePerson
) -> None:
    carl, _ = await staff("carl", CHANGE, VIEW)
    ada = (await (await join("ada")).me())["id"]
    larger = (await admin.post("/groups", {"name": "Larger", "permissions": [VIEW, BAN]})).json()["id"]
    equal = (await admin.post("/groups", {"name": "Equal", "permissions": [VIEW]})).json()["id"]
    for beyond in (
        {"permissions": [BAN]},
        {"permissions": [VIEW, BAN]},
        {"groups": [larger]},
        {"role": "admin"},
    ):
        answer = await carl.patch(f"/users/{ada}", beyond)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/beyond-own-rights"), beyond
    assert (await log_of(admin, ada)) == []
    within = await carl.patch(
        f"/users/{ada}", {"permissions": [CHANGE], "groups": [equal], "role": "instructor"}
    )
    assert within.status_code == 200
    assert within.json()["effective_permissions"] == [CHANGE, VIEW]


async def test_nobody_touches_who_may_more(admin: Person, staff: Callable[..., Any]) -> None:
    carl, _ = await staff("carl", CHANGE, VIEW, BAN)
    _, above = await staff("zoe", VIEW, "identity.change_group")
    boss = (await admin.me())["id"]
    for user_id in (above, boss):
        for change in ({"role": "student"}, {"is_active": False}, {"permissions": []}, {"groups": []}, {}):
            answer = await carl.patch(f"/users/{user_id}", change)
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/beyond-own-rights")
        for until in ("2030-01-01T00:00:00Z", None):
            assert (await carl.post(f"/users/{user_id}/ban", {"until": until})).status_code == 403
    assert (await admin.get(f"/users/{above}")).json()["is_active"] is True


async def test_nobody_takes_their_own_rights_or_gives_themselves_more(
    admin: Person, staff: Callable[..., Any]
) -> None:
    carl, own = await staff("carl", CHANGE, VIEW)
    for change in ({"permissions": [CHANGE]}, {"permissions": []}, {"is_active": False}):
        answer = await carl.patch(f"/users/{own}", change)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/own-account")
    for change in ({"permissions": [CHANGE, VIEW, BAN]}, {"role": "admin"}):
        assert (await carl.patch(f"/users/{own}", change)).status_code == 403
    assert (await admin.get(f"/users/{own}")).json()["effective_permissions"] == [CHANGE, VIEW]


async def test_a_right_lost_a_moment_ago_is_lost(
    admin: Person, staff: Callable[..., Any], join: MakePerson
) -> None:
    """The token of who was just stripped of a right still carries it, and does nothing with it."""
    carl, carl_id = await staff("carl", CHANGE, VIEW)
    ada = (await (await join("ada")).me())["id"]
    taken, used = await asyncio.gather(
        admin.patch(f"/users/{carl_id}", {"permissions": []}),
        carl.patch(f"/users/{ada}", {"permissions": [VIEW]}),
    )
    assert taken.status_code == 200
    assert used.status_code in (200, 401)
    assert (await carl.patch(f"/users/{ada}", {"permissions": []})).status_code == 401


async def test_a_right_lost_through_a_group_is_lost_before_the_worker_wakes(
    admin: Person, staff: Callable[..., Any], join: MakePerson
) -> None:
    group = (await admin.post("/groups", {"name": "Support", "permissions": [CHANGE]})).json()["id"]
    carl, _ = await staff("carl", groups=[group])
    ada = (await (await join("ada")).me())["id"]
    assert (await admin.patch(f"/groups/{group}", {"permissions": []})).status_code == 200
    answer = await carl.patch(f"/users/{ada}", {"role": "instructor"})
    assert (answer.status_code, answer.json()["permission"]) == (403, CHANGE)


async def test_unknown_groups_and_permissions_are_told(admin: Person) -> None:
    me = (await admin.me())["id"]
    answer = await admin.patch(f"/users/{me}", {"groups": [999]})
    assert (answer.status_code, answer.json()["unknown"]) == (422, [999])
    answer = await admin.patch(f"/users/{me}", {"permissions": ["catalog.paint_course"]})
    assert (answer.status_code, answer.json()["unknown"]) == (422, ["catalog.paint_course"])


async def test_bad_input(admin: Person) -> None:
    me = (await admin.me())["id"]
    for wrong in (
        {"groups": None},
        {"groups": ["x"]},
        {"groups": [0]},
        {"groups": [1] * 101},
        {"permissions": None},
        {"permissions": "identity.view_user"},
        {"permissions": ["*"]},
        {"permissions": ["identity.view_user"] * 201},
        {"effective_permissions": []},
        {"is_superuser": True},
        {"is_banned": True},
        {"temporary_ban_until": None},
    ):
        assert (await admin.patch(f"/users/{me}", wrong)).status_code == 422, wrong


async def test_an_act_is_on_record_with_its_request(admin: Person, join: MakePerson) -> None:
    ada = (await (await join("ada")).me())["id"]
    answer = await admin.patch(
        f"/users/{ada}",
        {"role": "instructor", "is_active": False},
        **{"X-Request-Id": "request-000017", "X-Forwarded-For": "203.0.113.77"},
    )
    assert answer.status_code == 200
    (entry,) = (await admin.get("/audit-log")).json()["items"]
    assert (entry["request_id"], entry["ip_address"]) == ("request-000017", "203.0.113.77")
    assert (entry["actor_id"], entry["actor_role"]) == ((await admin.me())["id"], "admin")
    assert entry["changes"] == {"role": ["student", "instructor"], "is_active": [True, False]}
    # Nothing changed is nothing to record.
    await admin.patch(f"/users/{ada}", {"role": "instructor"})
    assert len((await admin.get("/audit-log")).json()["items"]) == 1


@pytest.mark.parametrize(
    "field", ["role", "is_staff", "is_superuser", "permissions", "groups", "is_email_verified"]
)
async def test_nobody_makes_themselves_staff(client: httpx.AsyncClient, join: MakePerson, field: str) -> None:
    """Mass assignment: a field that is not theirs is refused, wherever people write about themselves."""
    value: Any = {"role": "admin", "permissions": [VIEW], "groups": [1]}.get(field, True)
    person = await join("ada")
    before = await person.me()
    registered = await client.post(
        "/api/v1/auth/register",
        json={"email": "eve@example.com", "username": "eve", "password": person.password, field: value},
    )
    for answer in (
        registered,
        await person.patch("/users/me", {field: value}),
        await person.patch("/users/me/profile", {field: value}),
    ):
        assert answer.status_code == 422, answer.text
        assert field in str(answer.json()["errors"])
    assert await person.me() == before
    assert (
        await client.post("/api/v1/auth/login", json={"email": "eve", "password": person.password})
    ).status_code == 401


async def test_a_second_factor_is_reset_within_reach_too(
    admin: Person, staff: Callable[..., Any], join: MakePerson
) -> None:
    helper, _ = await staff("hal", "identity.reset_second_factor")
    ada, boss = (await (await join("ada")).me())["id"], (await admin.me())["id"]

    async def reset(user_id: int) -> tuple[int, str]:
        path = f"/api/v1/users/{user_id}/second-factor"
        answer = await helper.client.delete(path, headers=helper.headers)
        return answer.status_code, answer.json()["type"]

    assert await reset(boss) == (403, "/problems/beyond-own-rights")
    # Let in, and told that there is none to reset.
    assert await reset(ada) == (404, "/problems/second-factor-off")
