"""Rights of the staff at a route: who passes, what the others are told, what OpenAPI says and what is logged."""

from typing import Any

import httpx
import pytest
import structlog
from chassis.auth import EVERY_PERMISSION, Principal
from fastapi import FastAPI

Auth = Any

RIGHT = "learning.view_student"


@pytest.mark.parametrize(
    ("role", "permissions", "may"),
    [
        ("admin", (), True),
        ("student", (RIGHT,), True),
        ("instructor", ("learning.view_note", RIGHT), True),
        ("student", (EVERY_PERMISSION,), True),
        ("student", (), False),
        ("instructor", ("learning.view_note",), False),
        ("student", ("learning.view_students", "view_student", "learning.*", ""), False),
    ],
)
async def test_who_may(
    client: httpx.AsyncClient, auth: Auth, role: str, permissions: tuple[str, ...], may: bool
) -> None:
    principal = Principal(7, role, "free", frozenset(permissions), "1", "j", 0, 2**40)
    assert principal.may(RIGHT) is may
    answer = await client.get("/api/v1/staff-only", headers=auth(7, role, permissions=list(permissions)))
    assert answer.status_code == (200 if may else 403)
    if not may:
        told = answer.json()
        assert (told["type"], told["permission"]) == ("/problems/permission-missing", RIGHT)
        assert RIGHT in told["detail"]


async def test_a_guest_is_asked_who_they_are(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/staff-only")
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="lyceum"'


async def test_openapi_names_the_permission(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert paths["/api/v1/staff-only"]["get"]["security"] == [{"access_token": [RIGHT]}]
    assert paths["/api/v1/things"]["post"]["security"] == [{"access_token": []}]
    letters = paths["/api/v1/ops/learning/dead-letters/{letter_id}/retry"]["post"]
    assert letters["security"] == [{"access_token": ["learning.resolve_dead_letter"]}]


async def test_dead_letters_are_for_who_has_the_right(client: httpx.AsyncClient, auth: Auth) -> None:
    path = "/api/v1/ops/learning/dead-letters"
    viewer = auth(7, permissions=["learning.view_dead_letter"])
    assert (await client.get(path, headers=viewer)).status_code == 200
    assert (await client.post(f"{path}/1/drop", headers=viewer)).status_code == 403
    resolver = auth(7, permissions=["learning.resolve_dead_letter"])
    assert (await client.post(f"{path}/1/drop", headers=resolver)).status_code == 404


async def test_what_staff_do_is_logged_and_what_they_look_at_is_not(
    client: httpx.AsyncClient, auth: Auth
) -> None:
    async def lines(headers: dict[str, str], thing: int, **given: Any) -> list[dict[str, Any]]:
        with structlog.testing.capture_logs() as logged:
            await client.get("/api/v1/staff-only", headers=headers)
            await client.post(f"/api/v1/things/{thing}/retire/secret", headers={**headers, **given})
        return [dict(line) for line in logged if line["event"] == "staff action"]

    made = await client.post("/api/v1/things", json={"name": "one"}, headers=auth(1))
    thing = made.json()["id"]
    staff = auth(7, permissions=["learning.view_note", RIGHT])
    expected = {
        "event": "staff action",
        "log_level": "info",
        "actor_id": 7,
        "actor_role": "student",
        "permissions": ("learning.view_note",),
        "method": "POST",
        "route": "/api/v1/things/{thing_id}/retire/{word}",
        "targets": {"thing_id": str(thing)},
        "status": 200,
    }
    assert await lines(staff, thing) == [expected]
    # Answered again from the record, it is not done again.
    keyed = {"Idempotency-Key": "once"}
    assert await lines(staff, thing, **keyed) == [expected]
    assert await lines(staff, thing, **keyed) == []
    assert await lines(staff, thing + 1) == []
    assert await lines(auth(8), thing) == []
