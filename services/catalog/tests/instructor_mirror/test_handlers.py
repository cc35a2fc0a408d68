"""Who may author and who teaches, by events in any order."""

from catalog.instructor_mirror import service
from catalog.instructor_mirror.service import Rights


async def test_the_newest_standing_counts(studio, events, deliver, database, upstream):
    story = [
        events.instructor(20, status="pending", version=1),
        events.instructor(20, status="active", version=2),
        events.instructor(20, status="suspended", version=3),
    ]
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    body, headers = {"title": "A course", "category_id": category}, studio.auth(20, "instructor")
    await deliver(story[1], times=2)
    await deliver(story[0])
    await studio.ask("POST", "/courses", expect=201, headers=headers, json=body)
    await deliver(story[2])
    await deliver(story[1])
    await studio.ask("POST", "/courses", expect=403, headers=headers, json=body)


async def test_the_newest_rights_count(events, deliver, database):
    async def rights():
        async with database.transaction() as session:
            return await service.rights_in(session, 12, 20)

    assert await rights() == Rights()
    await deliver(events.co_instructor(12, 20, version=2), times=2)
    await deliver(events.co_instructor(12, 20, version=1, can_edit_content=False))
    assert await rights() == Rights(teaches=True, may_edit=True)
    await deliver(events.no_co_instructor(12, 20, version=4))
    await deliver(events.co_instructor(12, 20, version=3))
    assert await rights() == Rights()
    await deliver(events.co_instructor(12, 20, version=5, is_active=False))
    assert await rights() == Rights()
    await deliver(events.co_instructor(12, 20, version=6, can_edit_content=False))
    assert await rights() == Rights(teaches=True, may_edit=False)
    await deliver(events.co_instructor(12, 20, version=7, is_lead=True, can_edit_content=False))
    assert await rights() == Rights(teaches=True, may_edit=True)
