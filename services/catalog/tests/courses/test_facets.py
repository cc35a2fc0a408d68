"""Facets: what each further choice would leave."""

import pytest
from catalog.courses import facets
from sqlalchemy import event


@pytest.fixture
async def shelf(studio):
    maths = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    studio.maths = maths
    studio.algebra = await studio.category("Algebra", parent_id=maths)
    studio.arts = await studio.category("Arts")
    soon = "2999-01-01T00:00:00Z"
    for title, given in (
        ("Groups", {"category_id": studio.algebra, "price": "30.00", "level": "advanced"}),
        ("Rings", {"category_id": studio.algebra, "price": "90.00", "discount_price": "19.99"}),
        ("Numbers", {"category_id": maths, "price": "0.00", "language": "fr"}),
        ("Painting", {"category_id": studio.arts, "price": "100.00", "has_certificate": True}),
        (
            "Groups of people",
            {"category_id": studio.arts, "price": "60.00", "discount_price": "0.00", "discount_ends": soon},
        ),
    ):
        await studio.published(title, **given)
    await studio.outlined("A draft of groups")
    return studio


async def counted(shelf, query=""):
    told = (await shelf.ask("GET", f"/courses?facets=true&limit=1{query}"))["facets"]
    capped = told.pop("capped")
    assert capped is False
    return {kind: {next(iter(one.values())): one["courses"] for one in found} for kind, found in told.items()}


async def test_every_choice_is_counted(shelf):
    found = await counted(shelf)
    assert found == {
        "category": {shelf.maths: 3, shelf.algebra: 2, shelf.arts: 2},
        "level": {"all_levels": 4, "advanced": 1},
        "price": {"free": 2, "under_20": 1, "20_to_50": 1, "100_and_up": 1},
        "rating": {},
        "language": {"en": 4, "fr": 1},
    }
    assert list(found["category"]) == [shelf.maths, shelf.algebra, shelf.arts], "the biggest first"


async def test_a_choice_ignores_what_is_chosen_of_its_kind(shelf):
    found = await counted(shelf, "&category=arts&level=all_levels&has_certificate=false")
    assert found["category"] == {shelf.maths: 2, shelf.algebra: 1, shelf.arts: 1}
    assert found["level"] == {"all_levels": 1}
    assert found["price"] == {"free": 1}
    assert (await counted(shelf, "&free=true"))["price"] == {
        "free": 2,
        "under_20": 1,
        "20_to_50": 1,
        "100_and_up": 1,
    }
    assert (await counted(shelf, "&q=groups"))["category"] == {
        shelf.maths: 1,
        shelf.algebra: 1,
        shelf.arts: 1,
    }
    assert (await counted(shelf, "&q=nothing"))["category"] == {}


async def test_ratings_are_counted_from_each_step_up(shelf):
    for reader, (slug, stars) in enumerate((("groups", 5), ("rings", 4), ("painting", 2))):
        course = await shelf.ask("GET", f"/courses/{slug}")
        await shelf.ask(
            "POST",
            f"/courses/{course['id']}/reviews",
            expect=201,
            headers=shelf.auth(70 + reader),
            json={"rating": stars, "title": "Read", "content": "A course to go back to."},
        )
    assert (await counted(shelf))["rating"] == {4.5: 1, 4.0: 2, 3.5: 2, 3.0: 2}
    assert (await counted(shelf, "&min_rating=4.5"))["rating"] == {4.5: 1, 4.0: 2, 3.5: 2, 3.0: 2}
    assert (await counted(shelf, "&min_rating=4.5"))["level"] == {"advanced": 1}


async def test_they_come_with_the_first_page_where_asked_in_one_more_query(shelf, app, monkeypatch):
    assert (await shelf.ask("GET", "/courses"))["facets"] is None
    statements = []
    engine = app.state.database.reading_engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    first = await shelf.ask("GET", "/courses?facets=true&limit=2")
    assert len(statements) == 2
    rest = await shelf.ask("GET", f"/courses?facets=true&cursor={first['next_cursor']}")
    assert (len(statements), rest["facets"]) == (3, None)
    monkeypatch.setattr(facets, "COUNTED", 4)
    assert (await shelf.ask("GET", "/courses?facets=true"))["facets"]["capped"] is True
