"""Every endpoint of the staff, tried by guests, by who has no rights, by who has every right but the one, and by who has
that one. What it takes is read from the merged OpenAPI document, so that a new one is tried the day it appears."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from contracts.permissions import PERMISSIONS, service_of
from lyceum.testing import Person, Platform, join

from .forgeries import decoded, signed
from .operations import Operation

pytestmark = pytest.mark.stack

Refusal = Callable[..., str | None]
Each = Callable[..., Awaitable[list[str]]]

# What takes no parameter and no body, and would be done if it were asked for.
DONE_AT_ONCE = {"analytics_rebuild", "analytics_audit"}


@pytest.fixture(scope="module")
def for_staff(api: list[Operation]) -> list[Operation]:
    found = [one for one in api if one.permissions]
    assert len(found) > 40
    assert {service_of(permission) for one in found for permission in one.permissions} == {
        service_of(permission) for permission in PERMISSIONS
    }
    return found


@pytest.fixture(scope="module")
async def clerk(stack: Platform, http: httpx.AsyncClient, admin: Person) -> Person:
    """One of the staff, who was given every right there is, and no role."""
    person = await join(http, stack.spool, "clerk")
    me = await person.ask("GET", "/api/v1/users/me")
    await admin.ask("PATCH", f"/api/v1/users/{me['id']}", json={"permissions": sorted(PERMISSIONS)})
    await person.log_in()
    return person


@pytest.fixture(scope="module")
def holding(clerk: Person, signing_key: dict[str, str]) -> Callable[..., dict[str, str]]:
    """`holding("catalog.change_category")`: the headers of the clerk, with a token that says so much and no more."""
    assert clerk.token
    claims = decoded(clerk.token.split(".")[1])
    assert claims["role"] == "student"
    assert claims["permissions"] == sorted(PERMISSIONS)

    def make(*permissions: str) -> dict[str, str]:
        told = {**claims, "permissions": list(permissions), "jti": secrets.token_hex(16)}
        return {"Authorization": f"Bearer {signed(told, signing_key['pem'], signing_key['kid'])}"}

    return make


def test_every_permission_asked_for_is_declared(for_staff: list[Operation]) -> None:
    assert [str(one) for one in for_staff if set(one.permissions) - set(PERMISSIONS)] == []


def test_no_endpoint_of_the_staff_lets_guests_in(for_staff: list[Operation]) -> None:
    """OpenAPI's security requirements are alternatives: one that asks for less would undo the other."""
    assert [str(one) for one in for_staff if one.lets_guests_in] == []


async def test_guests_are_asked_who_they_are(
    http: httpx.AsyncClient, for_staff: list[Operation], each: Each, refusal: Refusal
) -> None:
    async def ask(operation: Operation) -> str | None:
        body = operation.valid_body() if operation.body is not None else None
        return refusal(await http.request(operation.method, operation.path(), json=body), 401)

    assert await each(for_staff, ask) == []


async def test_who_lacks_the_permission_is_told_which(
    http: httpx.AsyncClient,
    for_staff: list[Operation],
    student: Person,
    holding: Callable[..., dict[str, str]],
    each: Each,
    refusal: Refusal,
) -> None:
    """Somebody without any rights, and somebody who has all the others."""

    async def ask(operation: Operation) -> str | None:
        body = operation.valid_body() if operation.body is not None else None
        others = holding(*(set(PERMISSIONS) - set(operation.permissions)))
        for headers in ({"Authorization": f"Bearer {student.token}"}, others):
            answer = await http.request(operation.method, operation.path(), json=body, headers=headers)
            if wrong := refusal(answer, 403):
                return wrong
            told = answer.json()
            if (
                told["type"] != "/problems/permission-missing"
                or told["permission"] not in operation.permissions
            ):
                return f"not told what is missing: {told}"
        return None

    assert await each(for_staff, ask) == []


async def test_who_holds_the_permission_passes(
    http: httpx.AsyncClient,
    for_staff: list[Operation],
    admin: Person,
    holding: Callable[..., dict[str, str]],
    each: Each,
) -> None:
    """That one alone is enough, and an admin needs none. They pass as far as what is wrong with their request."""

    async def ask(operation: Operation) -> str | None:
        path = operation.path(**dict.fromkeys(operation.path_parameters, "0"))
        wrong: dict[str, Any] = {"json": {"no_such_field": 1}} if operation.body is not None else {}
        if operation.method == "GET":
            wrong["params"] = {"no_such_parameter": 1}
        for headers in (holding(*operation.permissions), {"Authorization": f"Bearer {admin.token}"}):
            answer = await http.request(operation.method, path, headers=headers, **wrong)
            if answer.status_code in (401, 403) or answer.status_code >= 500:
                return f"{answer.status_code} {answer.text[:300]}"
            harmless = answer.status_code in (404, 422) or operation.method == "GET"
            if not harmless:
                return f"was done: {answer.status_code} {answer.text[:300]}"
        return None

    assert await each([one for one in for_staff if one.id not in DONE_AT_ONCE], ask) == []
