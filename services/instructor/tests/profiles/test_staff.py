"""What the staff decide of instructors, each by a permission of its own."""

from typing import Any

import httpx
import pytest

BASE = "/api/v1/instructors"
REASON = {"reason": "For a reason."}


@pytest.mark.parametrize(
    ("method", "action", "body", "permission"),
    [
        ("POST", "approve", None, "approve_instructor"),
        ("POST", "reject", REASON, "approve_instructor"),
        ("POST", "suspend", REASON, "suspend_instructor"),
        ("POST", "reinstate", None, "suspend_instructor"),
        ("PATCH", "tier", {"tier": "gold"}, "change_tier"),
    ],
)
async def test_each_decision_takes_its_permission(
    client: httpx.AsyncClient, auth: Any, method: str, action: str, body: Any, permission: str
) -> None:
    every = ("approve_instructor", "suspend_instructor", "change_tier", "view_instructor")
    for name in every:
        answer = await client.request(
            method, f"{BASE}/999/{action}", json=body, headers=auth(31, permissions=[f"instructor.{name}"])
        )
        assert answer.status_code == (404 if name == permission else 403), name


async def test_applications_are_seen_by_who_may(client: httpx.AsyncClient, auth: Any) -> None:
    viewer = auth(31, permissions=["instructor.view_instructor"])
    assert (await client.get(f"{BASE}?status=pending", headers=viewer)).status_code == 200
    refused = await client.get(f"{BASE}?status=pending", headers=auth(31))
    assert (refused.status_code, refused.json()["permission"]) == (403, "instructor.view_instructor")
    assert (await client.get(f"{BASE}?status=pending")).status_code == 403
