"""Groups: made and changed within one's own rights, felt by their members."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chassis.db import Database
from chassis.testing import Published
from contracts.identity import SessionRevoked
from identity.testing import MakePerson, Person
from identity.worker import end_sessions_of_withdrawn

VIEW, BAN, CHANGE_GROUP = "identity.view_user", "identity.ban_user", "identity.change_group"


@pytest.fixture
def make_group(admin: Person) -> Callable[..., Any]:
    """`await make_group("Support", VIEW)`: the group as answered."""

    async def make(name: str, *permissions: str) -> dict[str, Any]:
        answer = await admin.post("/groups", {"name": name, "permissions": list(permissions)})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return make


@pytest.fixture
def staff(admin: Person, join: MakePerson) -> Callable[..., Any]:
    """`await staff("ada", VIEW, groups=[3])`: somebody with these rights, and tokens that say so."""

    async def make(name: str, *permissions: str, groups: list[int] | None = None) -> tuple[Person, int]:
        person = await join(name)
        user_id = (await person.me())["id"]
        given = {"permissions": list(permissions), "groups": groups or []}
        answer = await admin.patch(f"/users/{user_id}", given)
        assert answer.status_code == 200, answer.text
        await person.log_in()
        return person, user_id

    return make


async def test_a_group_is_made_read_changed_and_deleted(
    admin: Person, make_group: Callable[..., Any]
) -> None:
    made = await make_group("Support", VIEW, BAN, VIEW)
    path = f"/groups/{made['id']}"
    assert made == {"id": made["id"], "name": "Support", "permissions": [BAN, VIEW]}
    read = await admin.get(path)
    assert read.json() == made
    renamed = await admin.patch(path, {"name": "Helpers"})
    assert renamed.json() == {**made, "name": "Helpers"}
    changed = await admin.patch(path, {"permissions": [VIEW]}, **{"If-Match": renamed.headers["etag"]})
    assert changed.json() == {"id": made["id"], "name": "Helpers", "permissions": [VIEW]}
    assert (await admin.get(path)).headers["etag"] == changed.headers["etag"]
    assert (await admin.client.delete(f"/api/v1{path}", headers=admin.headers)).status_code == 204
    gone = await admin.get(path)
    assert (gone.status_code, gone.json()["type"]) == (404, "/problems/group-not-found")
    log = (await admin.get("/audit-log?target_type=group")).json()["items"]
    assert [(entry["action"], entry["changes"]) for entry in log] == [
        ("group.deleted", {"name": ["Helpers", None], "permissions": [[VIEW], None]}),
        ("group.changed", {"permissions": [[BAN, VIEW], [VIEW]]}),
        ("group.changed", {"name": ["Support", "Helpers"]}),
        ("group.created", {"name": [None, "Support"], "permissions": [None, [BAN, VIEW]]}),
    ]
    assert {entry["target_id"] for entry in log} == {str(made["id"])}


async def test_groups_are_listed_by_name(admin: Person, make_group: Callable[..., Any]) -> None:
    for name in ("C", "A", "B"):
        await make_group(name, VIEW)
    first = (await admin.get("/groups?limit=2")).json()
    rest = (await admin.get("/groups", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [(g["name"], g["permissions"]) for g in first["items"] + rest["items"]] == [
        ("A", [VIEW]),
        ("B", [VIEW]),
        ("C", [VIEW]),
    ]
    assert rest["next_cursor"] is None


async def test_a_stale_copy_changes_nothing(admin: Person, make_group: Callable[..., Any]) -> None:
    made = await make_group("Support", VIEW)
    path = f"/groups/{made['id']}"
    stale = {"If-Match": (await admin.get(path)).headers["etag"]}
    await admin.patch(path, {"name": "Helpers"}, **stale)
    assert (await admin.patch(path, {"permissions": []}, **stale)).status_code == 412
    refused = await admin.client.delete(f"/api/v1{path}", headers={**admin.headers, **stale})
    assert refused.status_code == 412
    assert (await admin.get(path)).json() == {**made, "name": "Helpers"}


async def test_a_name_belongs_to_one_group(admin: Person, make_group: Callable[..., Any]) -> None:
    await make_group("Support")
    other = await make_group("Other")
    again = await admin.post("/groups", {"name": " Support "})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/group-name-taken")
    assert (await admin.patch(f"/groups/{other['id']}", {"name": "Support"})).status_code == 409
    assert (await admin.patch(f"/groups/{other['id']}", {"name": "Other"})).status_code == 200


async def test_two_ask_for_one_name_at_once(admin: Person) -> None:
    answers = await asyncio.gather(*(admin.post("/groups", {"name": "Support"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"name": ""},
        {"name": "x" * 151},
        {"name": None},
        {"name": "a", "permissions": "identity.view_user"},
        {"name": "a", "permissions": ["not a codename"]},
        {"name": "a", "permissions": [7]},
        {"name": "a", "permissions": ["identity.view_user"] * 201},
        {"name": "a", "members": [1]},
        {"name": "a", "id": 1},
        {"name": "a\u0000"},
    ],
)
async def test_bad_input(admin: Person, wrong: dict[str, Any]) -> None:
    assert (await admin.post("/groups", wrong)).status_code == 422


async def test_what_no_service_declares_is_not_given(admin: Person, make_group: Callable[..., Any]) -> None:
    made = await make_group("Support")
    for answer in (
        await admin.post("/groups", {"name": "Other", "permissions": [VIEW, "identity.rule_world"]}),
        await admin.patch(f"/groups/{made['id']}", {"permissions": ["identity.rule_world"]}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unknown-permission")
        assert answer.json()["unknown"] == ["identity.rule_world"]
    assert [g["name"] for g in (await admin.get("/groups")).json()["items"]] == ["Support"]


async def test_who_may_do_what(
    client: httpx.AsyncClient, make_group: Callable[..., Any], staff: Callable[..., Any]
) -> None:
    group = (await make_group("Support", VIEW))["id"]
    student, _ = await staff("ada")
    viewer, _ = await staff("vera", "identity.view_group")
    changer, _ = await staff("carl", CHANGE_GROUP, VIEW)
    operations = (
        ("GET", "/groups", None, "identity.view_group"),
        ("GET", f"/groups/{group}", None, "identity.view_group"),
        ("POST", "/groups", {"name": "New", "permissions": [VIEW]}, CHANGE_GROUP),
        ("PATCH", f"/groups/{group}", {"name": "Renamed"}, CHANGE_GROUP),
        ("DELETE", f"/groups/{group}", None, CHANGE_GROUP),
    )
    for method, path, body, needed in operations:
        statuses = [(await client.request(method, f"/api/v1{path}", json=body)).status_code]
        for person in (student, viewer, changer):
            answer = await client.request(method, f"/api/v1{path}", json=body, headers=person.headers)
            if answer.status_code == 403:
                assert answer.json()["permission"] == needed
            statuses.append(answer.status_code)
        allowed = {"GET": 200, "POST": 201, "PATCH": 200, "DELETE": 204}[method]
        sees = method == "GET"
        assert statuses == [401, 403, allowed if sees else 403, 403 if sees else allowed], (method, path)


async def test_nobody_gives_or_takes_what_they_do_not_hold(
    admin: Person, make_group: Callable[..., Any], staff: Callable[..., Any]
) -> None:
    small, large = await make_group("Small", VIEW), await make_group("Large", VIEW, BAN)
    carl, _ = await staff("carl", CHANGE_GROUP, VIEW)
    tries = [
        await carl.post("/groups", {"name": "Mine", "permissions": [BAN]}),
        await carl.patch(f"/groups/{small['id']}", {"permissions": [VIEW, BAN]}),
        await carl.patch(f"/groups/{large['id']}", {"permissions": [VIEW]}),
        await carl.patch(f"/groups/{large['id']}", {"name": "Theirs"}),
        await carl.client.delete(f"/api/v1/groups/{large['id']}", headers=carl.headers),
    ]
    assert [(t.status_code, t.json()["type"]) for t in tries] == [(403, "/problems/beyond-own-rights")] * 5
    assert (await admin.get("/groups")).json()["items"] == [large, small]


async def test_nobody_takes_their_own_rights_through_a_group(
    make_group: Callable[..., Any], staff: Callable[..., Any]
) -> None:
    group = (await make_group("Leads", VIEW, CHANGE_GROUP))["id"]
    carl, _ = await staff("carl", groups=[group])
    refused = [
        await carl.patch(f"/groups/{group}", {"permissions": [CHANGE_GROUP]}),
        await carl.client.delete(f"/api/v1/groups/{group}", headers=carl.headers),
    ]
    assert [(r.status_code, r.json()["type"]) for r in refused] == [(409, "/problems/own-account")] * 2
    assert (await carl.patch(f"/groups/{group}", {"name": "Leaders"})).status_code == 200


async def test_members_who_lose_something_are_logged_out_and_nobody_else(
    admin: Person,
    make_group: Callable[..., Any],
    staff: Callable[..., Any],
    database: Database,
    published: Published,
    claims_of: Callable[[str], dict[str, Any]],
) -> None:
    group, other = (await make_group("Support", VIEW, BAN))["id"], (await make_group("Other", BAN))["id"]
    loser, loser_id = await staff("loser", groups=[group])
    by_itself, _ = await staff("itself", BAN, groups=[group])
    by_other, _ = await staff("other", groups=[group, other])
    stranger, _ = await staff("stranger", VIEW)
    boss, boss_id = await staff("boss", groups=[group])
    await admin.patch(f"/users/{boss_id}", {"role": "admin"})
    assert claims_of(loser.access)["permissions"] == [BAN, VIEW]
    assert (await admin.patch(f"/groups/{group}", {"permissions": [VIEW]})).status_code == 200
    before = len(await published())
    await end_sessions_of_withdrawn(database)
    ended = [event for event in (await published())[before:] if isinstance(event, SessionRevoked)]
    assert {(event.user_id, event.reason) for event in ended} == {(loser_id, "role_changed")}
    for person, status in ((loser, 401), (by_itself, 200), (by_other, 200), (stranger, 200), (boss, 200)):
        answer = await person.post("/auth/refresh", {"refresh": person.refresh})
        assert answer.status_code == status, person.username
    await loser.log_in()
    assert claims_of(loser.access)["permissions"] == [VIEW]


async def test_a_deleted_group_is_nobodys_and_its_members_are_logged_out(
    admin: Person,
    make_group: Callable[..., Any],
    staff: Callable[..., Any],
    database: Database,
    claims_of: Callable[[str], dict[str, Any]],
) -> None:
    group = (await make_group("Support", VIEW))["id"]
    loser, loser_id = await staff("loser", groups=[group])
    assert (await admin.client.delete(f"/api/v1/groups/{group}", headers=admin.headers)).status_code == 204
    await end_sessions_of_withdrawn(database)
    assert (await loser.post("/auth/refresh", {"refresh": loser.refresh})).status_code == 401
    await loser.log_in()
    assert claims_of(loser.access)["permissions"] == []
    assert (await admin.get(f"/users/{loser_id}")).json()["groups"] == []


async def test_what_a_group_gains_comes_with_the_next_refresh(
    admin: Person,
    make_group: Callable[..., Any],
    staff: Callable[..., Any],
    database: Database,
    claims_of: Callable[[str], dict[str, Any]],
) -> None:
    group = (await make_group("Support", VIEW))["id"]
    person, _ = await staff("ada", groups=[group])
    await admin.patch(f"/groups/{group}", {"permissions": [VIEW, BAN]})
    await end_sessions_of_withdrawn(database)
    renewed = await person.post("/auth/refresh", {"refresh": person.refresh})
    assert claims_of(renewed.json()["access"])["permissions"] == [BAN, VIEW]


async def test_two_workers_log_out_a_large_group_between_them(
    admin: Person,
    make_group: Callable[..., Any],
    staff: Callable[..., Any],
    database: Database,
    published: Published,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from identity.administration import service

    monkeypatch.setattr(service, "WITHDRAWAL_BATCH", 2)
    group = (await make_group("Support", VIEW))["id"]
    members = [(await staff(f"member{n}", groups=[group]))[1] for n in range(5)]
    await admin.patch(f"/groups/{group}", {"permissions": []})
    before = len(await published())
    await asyncio.gather(end_sessions_of_withdrawn(database), end_sessions_of_withdrawn(database))
    told = [event for event in (await published())[before:] if isinstance(event, SessionRevoked)]
    assert sorted({event.user_id for event in told}) == sorted(members)
    assert len({event.session_id for event in told}) == len(told)


async def test_a_group_changes_while_somebody_joins_it(
    admin: Person,
    make_group: Callable[..., Any],
    join: MakePerson,
    database: Database,
    claims_of: Callable[[str], dict[str, Any]],
) -> None:
    """Whichever comes first: the new member never keeps what the group does not give any more."""
    person = await join("ada")
    ada = (await person.me())["id"]
    for turn in range(4):
        group = (await make_group(f"Support {turn}", VIEW, BAN))["id"]
        joined, changed = await asyncio.gather(
            admin.patch(f"/users/{ada}", {"groups": [group]}),
            admin.patch(f"/groups/{group}", {"permissions": [VIEW]}),
        )
        assert (joined.status_code, changed.status_code) == (200, 200)
        await end_sessions_of_withdrawn(database)
        assert (await admin.get(f"/users/{ada}")).json()["effective_permissions"] == [VIEW]
        await person.log_in()
        assert claims_of(person.access)["permissions"] == [VIEW]


async def test_a_group_is_deleted_while_somebody_joins_it(
    admin: Person, make_group: Callable[..., Any], join: MakePerson
) -> None:
    ada = (await (await join("ada")).me())["id"]
    group = (await make_group("Support", VIEW))["id"]
    deleting = admin.client.delete(f"/api/v1/groups/{group}", headers=admin.headers)
    joined, deleted = await asyncio.gather(admin.patch(f"/users/{ada}", {"groups": [group]}), deleting)
    assert deleted.status_code == 204
    assert joined.status_code in (200, 422)
    assert (await admin.get(f"/users/{ada}")).json()["groups"] == []
