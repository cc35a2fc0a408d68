"""Applying, being approved, being found."""

import asyncio
from typing import Any

import httpx
import pytest
from chassis.testing import Upstream
from contracts.identity import UserChanged, UserErased
from contracts.instructor import InstructorApplied, InstructorChanged
from contracts.platform import ErasureCompleted

BASE = "/api/v1/instructors"


def ada(version: int = 1, **changed: Any) -> UserChanged:
    base = {"user_id": 7, "username": "ada", "display_name": "Ada Lovelace", "picture_url": None}
    return UserChanged.model_validate(
        {**base, "role": "student", "is_active": True, "version": version, **changed}
    )


async def applied(client: httpx.AsyncClient, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{BASE}/apply", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_apply_and_be_approved(
    client: httpx.AsyncClient, auth: Any, deliver: Any, published: Any
) -> None:
    await deliver(ada())
    profile = await applied(client, auth(7), bio="Writes programs.")
    assert (profile["display_name"], profile["status"], profile["tier"]) == (
        "Ada Lovelace",
        "pending",
        "bronze",
    )
    path = f"{BASE}/{profile['id']}"
    assert (await client.get(path)).status_code == 404
    approved = await client.post(f"{path}/approve", headers=auth(1, "admin"))
    assert (approved.status_code, approved.json()["status"], approved.json()["approved_by_id"]) == (
        200,
        "active",
        1,
    )
    again = await client.post(f"{path}/approve", headers=auth(1, "admin"))
    assert again.status_code == 200
    assert (await client.get(path)).json()["bio"] == "Writes programs."
    assert [item["id"] for item in (await client.get(BASE)).json()["items"]] == [profile["id"]]
    events = await published()
    assert [type(event) for event in events] == [InstructorApplied, InstructorChanged, InstructorChanged]
    assert [(e.status, e.version) for e in events if isinstance(e, InstructorChanged)] == [
        ("pending", 1),
        ("active", 2),
    ]


async def test_the_name_is_asked_for_where_the_event_has_not_come(
    client: httpx.AsyncClient, auth: Any, upstream: Upstream
) -> None:
    upstream.will_answer("/internal/users/9", {"user_id": 9, "display_name": "Grace Hopper"})
    assert (await applied(client, auth(9)))["display_name"] == "Grace Hopper"


async def test_a_second_application_is_a_conflict_and_a_race_has_one_winner(
    client: httpx.AsyncClient, auth: Any, published: Any
) -> None:
    body = {"display_name": "Ada"}
    answers = await asyncio.gather(
        *(client.post(f"{BASE}/apply", json=body, headers=auth(7)) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert answers[-1].headers["content-type"] in ("application/json", "application/problem+json")
    assert sum(isinstance(event, InstructorApplied) for event in await published()) == 1


async def test_who_was_rejected_may_apply_again(client: httpx.AsyncClient, auth: Any) -> None:
    profile = await applied(client, auth(7), display_name="Ada")
    path = f"{BASE}/{profile['id']}"
    rejected = await client.post(f"{path}/reject", json={"reason": "Too short."}, headers=auth(1, "admin"))
    assert (rejected.json()["status"], rejected.json()["suspension_reason"]) == ("rejected", "Too short.")
    again = await applied(client, auth(7), display_name="Ada", bio="Longer now.")
    assert (again["id"], again["status"]) == (profile["id"], "pending")


async def test_suspended_and_reinstated(client: httpx.AsyncClient, auth: Any) -> None:
    profile = await applied(client, auth(7), display_name="Ada")
    path = f"{BASE}/{profile['id']}"
    early = await client.post(f"{path}/suspend", json={"reason": "x"}, headers=auth(1, "admin"))
    assert (early.status_code, early.json()["type"]) == (409, "/problems/instructor-status")
    await client.post(f"{path}/approve", headers=auth(1, "admin"))
    assert (
        await client.post(f"{path}/suspend", json={"reason": "x"}, headers=auth(1, "admin"))
    ).status_code == 200
    assert (await client.get(path)).status_code == 404
    assert (await client.get(path, headers=auth(7))).json()["status"] == "suspended"
    assert (await client.post(f"{path}/approve", headers=auth(1, "admin"))).status_code == 409
    assert (await client.post(f"{path}/reinstate", headers=auth(1, "admin"))).json()["status"] == "active"


@pytest.mark.parametrize("action", ["approve", "reject", "suspend", "reinstate"])
async def test_only_admins_decide(client: httpx.AsyncClient, auth: Any, action: str) -> None:
    profile = await applied(client, auth(7), display_name="Ada")
    path = f"{BASE}/{profile['id']}/{action}"
    body = {"reason": "x"}
    assert (await client.post(path, json=body)).status_code == 401
    assert (await client.post(path, json=body, headers=auth(7, "instructor"))).status_code == 403
    assert (await client.post(f"{BASE}/999/{action}", json=body, headers=auth(1, "admin"))).status_code == 404


async def test_a_profile_changes_under_its_entity_tag(client: httpx.AsyncClient, auth: Any) -> None:
    await applied(client, auth(7), display_name="Ada", expertise_area_ids=[4, 2])
    read = await client.get(f"{BASE}/me", headers=auth(7))
    assert read.json()["expertise_area_ids"] == [2, 4]
    headers = {**auth(7), "If-Match": read.headers["etag"]}
    body = {"bio": "New.", "expertise_area_ids": [5], "website": "https://ada.example"}
    changed = await client.patch(f"{BASE}/me", json=body, headers=headers)
    assert changed.json()["expertise_area_ids"] == [5]
    assert (await client.patch(f"{BASE}/me", json={"bio": "Old."}, headers=headers)).status_code == 412
    assert (await client.get(f"{BASE}/me", headers=auth(7))).json()["bio"] == "New."
    assert (await client.get(f"{BASE}/me", headers=auth(8))).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"status": "active"},
        {"tier": "platinum"},
        {"is_verified": True},
        {"years_experience": 81},
        {"years_experience": -1},
        {"website": "javascript:alert(1)"},
        {"bio": "x" * 10_001},
        {"twitter_handle": "<script>"},
        {"display_name": ""},
    ],
)
async def test_bad_applications_are_refused(
    client: httpx.AsyncClient, auth: Any, body: dict[str, Any]
) -> None:
    answer = await client.post(f"{BASE}/apply", json={"display_name": "Ada", **body}, headers=auth(7))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/validation")


async def test_a_private_profile_shows_the_name_alone(
    client: httpx.AsyncClient, auth: Any, published: Any
) -> None:
    profile = await applied(client, auth(7), display_name="Ada", bio="Private.")
    await client.post(f"{BASE}/{profile['id']}/approve", headers=auth(1, "admin"))
    await client.patch(f"{BASE}/me", json={"public_profile": False}, headers=auth(7))
    seen = (await client.get(f"{BASE}/{profile['id']}")).json()
    assert (seen["display_name"], seen["bio"]) == ("Ada", "")
    assert (await client.get(BASE)).json()["items"] == []
    assert (await published())[-1].bio == ""
    assert (await client.get(f"{BASE}?status=pending", headers=auth(7))).status_code == 403


async def test_services_ask_by_account(client: httpx.AsyncClient, auth: Any, service_auth: Any) -> None:
    profile = await applied(client, auth(7), display_name="Ada")
    path = "/internal/instructors/by-user/7"
    answer = await client.get(path, headers=service_auth("catalog"))
    assert answer.json() == {"profile_id": profile["id"], "user_id": 7, "status": "pending", "tier": "bronze"}
    assert (await client.get(path, headers=auth(1, "admin"))).status_code == 401
    assert (
        await client.get("/internal/instructors/by-user/8", headers=service_auth("catalog"))
    ).status_code == 404


async def test_names_keep_their_newest_version(client: httpx.AsyncClient, auth: Any, deliver: Any) -> None:
    await deliver(ada(2, display_name="Countess Lovelace"))
    await deliver(ada(1), times=2)
    assert (await applied(client, auth(7)))["display_name"] == "Countess Lovelace"


async def test_erasure_leaves_the_tombstone(
    client: httpx.AsyncClient, auth: Any, deliver: Any, published: Any
) -> None:
    from chassis.db import now

    await deliver(ada())
    profile = await applied(client, auth(7), bio="About me.")
    await deliver(UserErased(user_id=7, tombstone_id=900, erased_at=now()), times=2)
    assert (await client.get(f"{BASE}/me", headers=auth(7))).status_code == 404
    seen = (await client.get(f"{BASE}/{profile['id']}", headers=auth(1, "admin"))).json()
    assert (seen["user_id"], seen["bio"], seen["display_name"]) == (900, "", "Former instructor")
    events = await published()
    assert sum(isinstance(event, ErasureCompleted) for event in events) == 1
    assert all(getattr(e, "user_id", 0) != 7 for e in events if not isinstance(e, ErasureCompleted))
