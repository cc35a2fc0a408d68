"""The path through catalog: a category, a course of two modules and four lessons, published, offered."""

from contracts.catalog import CategoryChanged, CourseChanged, CoursePublished


async def test_a_course_goes_from_a_title_to_an_offer(studio, client, published, service_auth):
    course = await studio.published(price="49.00", discount_price="39.00", has_certificate=True)
    shown = await studio.ask("GET", f"/courses/{course.slug}")
    assert shown["is_published"]
    assert shown["version"] == "1.0"
    assert shown["effective_price"] == "39.00"
    assert [[lesson["id"] for lesson in module["lessons"]] for module in shown["modules"]] == course.lessons

    offer = await client.get(f"/internal/courses/{course.id}/offer", headers=service_auth("learning"))
    assert offer.json() == {
        "course_id": course.id,
        "title": "Notes on the Analytical Engine",
        "slug": "notes-on-the-analytical-engine",
        "is_published": True,
        "price": "49.00",
        "effective_price": "39.00",
        "currency": "USD",
        "certificate": True,
        "created_by_id": 3,
        "version": offer.json()["version"],
    }
    events = await published()
    assert isinstance(events[0], CategoryChanged)
    told = [event for event in events if isinstance(event, CoursePublished)]
    assert len(told) == 1
    outline = await client.get(f"/internal/courses/{course.id}/outline", headers=service_auth("learning"))
    assert outline.json() == told[0].model_dump(mode="json")
    versions = [e.version for e in events if isinstance(e, CourseChanged | CoursePublished)]
    assert versions == list(range(1, len(versions) + 1))
    assert versions[-1] == offer.json()["version"]
