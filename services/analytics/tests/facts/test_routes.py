"""What people did, page by page."""

from datetime import UTC, datetime, timedelta

from contracts.learning import LessonProgressed

START = datetime(2026, 11, 20, tzinfo=UTC)


def worked(user_id, course_id, lesson_id):
    return LessonProgressed(
        enrollment_id=user_id * 100 + course_id,
        user_id=user_id,
        course_id=course_id,
        lesson_id=lesson_id,
        progress_percentage=10,
        time_spent_delta_seconds=5,
    )


async def told(deliver, *works):
    for hours, work in enumerate(works):
        await deliver(work, time=START + timedelta(hours=hours))


async def pages(client, headers, **given):
    """All pages, and their items together."""
    cursor, found = None, []
    while True:
        given = {**given, **({"cursor": cursor} if cursor else {})}
        answer = await client.get("/api/v1/activity" + given.pop("of", ""), params=given, headers=headers)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def test_my_activity_is_mine_the_latest_first(deliver, client, auth):
    await told(deliver, *(worked(user_id, 12, lesson) for lesson in range(101, 104) for user_id in (7, 8)))
    (items,) = await pages(client, auth(7), of="/me")
    assert [item["lesson_id"] for item in items] == [103, 102, 101]
    assert {item["user_id"] for item in items} == {7}
    assert items[0]["activity_type"] == "learning.lesson.progressed"
    assert items[0]["data"] == worked(7, 12, 103).model_dump(mode="json")
    assert items[0]["created_date"] == "2026-11-20T04:00:00Z"


async def test_pages_follow_each_other_while_more_is_done(deliver, client, auth):
    await told(deliver, *(worked(7, 12, lesson) for lesson in range(101, 106)))
    first = (await client.get("/api/v1/activity/me?limit=2", headers=auth(7))).json()
    await deliver(worked(7, 12, 999), time=START + timedelta(days=1))
    given = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await client.get("/api/v1/activity/me", params=given, headers=auth(7))).json()
    seen = [item["lesson_id"] for item in [*first["items"], *second["items"]]]
    assert seen == [105, 104, 103, 102]


async def test_an_admin_finds_activity_by_user_and_course(deliver, client, auth):
    await told(deliver, worked(7, 12, 101), worked(8, 12, 102), worked(7, 13, 201))
    admin = auth(1, role="admin")

    async def lessons(**given):
        return [item["lesson_id"] for page in await pages(client, admin, limit=1, **given) for item in page]

    assert await lessons() == [201, 102, 101]
    assert await lessons(user_id=7) == [201, 101]
    assert await lessons(course_id=12) == [102, 101]
    assert await lessons(user_id=7, course_id=12) == [101]
    assert await lessons(user_id=99) == []
