"""Who sees a course's students, and what they see."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from contracts.identity import UserChanged
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved, InstructorChanged

AT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
PATH = "/courses/12/students"


def instructor(user_id: int, status: str = "active", version: int = 1) -> InstructorChanged:
    return InstructorChanged(
        profile_id=user_id + 100,
        user_id=user_id,
        status=status,
        tier="bronze",
        display_name="",
        title="",
        bio="",
        organization="",
        years_experience=0,
        website="",
        linkedin_profile="",
        twitter_handle="",
        profile_image_url=None,
        cover_image_url=None,
        expertise_area_ids=(),
        public_profile=False,
        is_verified=False,
        version=version,
    )


def rights(user_id: int, version: int = 1, **given) -> CoInstructorChanged:
    base = {"role": "co_instructor", "is_lead": False, "is_active": True, "can_manage_students": True}
    return CoInstructorChanged(
        **{
            **base,
            "course_id": 12,
            "user_id": user_id,
            "profile_id": user_id + 100,
            "can_edit_content": False,
            "can_view_analytics": False,
            "revenue_share_percentage": Decimal("10.00"),
            "effective_from": AT,
            "version": version,
            **given,
        }
    )


def named(user_id: int, name: str, version: int = 1) -> UserChanged:
    return UserChanged(
        user_id=user_id,
        username=name.lower(),
        display_name=name,
        picture_url=None,
        role="student",
        is_active=True,
        version=version,
    )


@pytest.fixture
async def taught(ada, person, catalog, deliver, make):
    """Course 12 of instructor 3, with students 7 and 8; 8 has dropped it."""
    await deliver(make.course(), instructor(3), named(7, "Ada"))
    await ada.enrolled()
    dropped = await person(8).enrolled()
    await person(8).post(f"/enrollments/{dropped}/drop")


async def test_the_lead_sees_the_students(taught, person):
    lead = person(3, role="instructor")
    answer = await lead.get(PATH)
    assert answer.status_code == 200, answer.text
    (student,) = answer.json()["items"]
    assert (student["user_id"], student["display_name"], student["status"]) == (7, "Ada", "active")
    dropped = (await lead.get(f"{PATH}?status=dropped")).json()["items"]
    assert [(s["user_id"], s["display_name"]) for s in dropped] == [(8, None)]
    assert (await lead.get(f"{PATH}?status=lost")).status_code == 422


async def test_nobody_else_does(taught, ada, person, guest):
    assert (await guest.get(PATH)).status_code == 401
    assert (await ada.get(PATH)).status_code == 403
    # The role in a token teaches nothing.
    assert (await person(4, role="instructor").get(PATH)).status_code == 403
    assert (await person(1, role="admin").get(PATH)).status_code == 200
    assert (await person(1, role="admin").get("/courses/99/students")).status_code == 404
    assert (await ada.get("/courses/99/students")).status_code == 404


async def test_a_co_instructor_needs_the_right_to_manage_students(taught, person, deliver):
    await deliver(instructor(5), rights(5, can_manage_students=False))
    assert (await person(5).get(PATH)).status_code == 403
    await deliver(rights(5, version=2), times=2)
    assert (await person(5).get(PATH)).status_code == 200
    removed = CoInstructorRemoved(course_id=12, user_id=5, profile_id=105, removed_at=AT, version=3)
    await deliver(removed)
    assert (await person(5).get(PATH)).status_code == 403
    await deliver(rights(5, version=2))
    assert (await person(5).get(PATH)).status_code == 403, "what is older brings nothing back"


async def test_a_suspended_instructor_sees_nothing(taught, person, deliver, upstream):
    await deliver(instructor(3, status="suspended", version=2))
    upstream.will_answer("/internal/instructors/by-user/3", {"profile_id": 103, "status": "suspended"})
    assert (await person(3, role="instructor").get(PATH)).status_code == 403
    # Reinstated a moment ago: instructor is asked before the answer is no.
    upstream.will_answer("/internal/instructors/by-user/3", {"profile_id": 103, "status": "active"})
    assert (await person(3, role="instructor").get(PATH)).status_code == 200


async def test_the_newest_name_is_shown(taught, person, deliver):
    await deliver(named(7, "Ada Lovelace", version=3), named(7, "A. Byron", version=2), times=2)
    (student,) = (await person(3).get(PATH)).json()["items"]
    assert student["display_name"] == "Ada Lovelace"


async def test_students_are_paged(taught, person):
    for user_id in range(30, 33):
        await person(user_id).enrolled()
    lead, seen, cursor = person(3), [], ""
    while True:
        page = (await lead.get(f"{PATH}?limit=2{cursor}")).json()
        seen += [s["user_id"] for s in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [32, 31, 30, 7]


async def test_a_course_the_mirror_has_not_heard_of_is_asked_for(person, catalog):
    assert (await person(3).get(PATH)).json() == {"items": [], "next_cursor": None}
    assert (await person(4).get(PATH)).status_code == 403
