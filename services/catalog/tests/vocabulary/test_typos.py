"""Searches that find nothing as they were typed."""

import base64

import pytest
from catalog.courses import spelling
from catalog.courses.models import Course
from catalog.courses.queries import Filters
from catalog.vocabulary import service
from chassis.db import now
from sqlalchemy import event, insert

DESCRIPTION = "How a machine of brass would have woven numbers as a loom weaves leaves and flowers."

TITLES = {
    "Python for beginners": {"skills": ["programming"]},
    "Advanced Python": {"skills": ["programming"]},
    "Pythagoras and his triangles": {},
    "Machine learning": {"skills": ["statistics", "deep-sea diving"]},
    "Java": {},
    "Kochen für Anfänger": {"language": "de"},
    "Φιλοσοφία": {"language": "el"},
    "Введение в программирование": {"language": "ru"},
    "हिन्दी भाषा": {"language": "hi"},
}


@pytest.fixture
async def shelf(studio, database):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    async with database.transaction() as session:
        for number, (title, given) in enumerate(TITLES.items()):
            row = {"title": title, "slug": f"made-{number}", "category_id": category, "created_by_id": 3}
            published = {"is_published": True, "first_published_at": now(), "description": DESCRIPTION}
            await session.execute(insert(Course).values({**row, **published, **given}))
    await service.count(database)
    return studio


async def look(shelf, q, **params):
    """The titles found, and what was searched for instead."""
    found = await shelf.ask("GET", "/courses", params={"q": q, **params})
    return {course["title"] for course in found["items"]}, found["searched_for"]


PYTHON = {"Python for beginners", "Advanced Python"}


async def test_words_are_found_as_they_were_meant(shelf):
    expected = {
        "pyhton": (PYTHON, "python"),
        "Pythn": (PYTHON, "python"),
        "pyython": (PYTHON, "python"),
        "pithon": (PYTHON, "python"),
        "phyton": (PYTHON, "python"),
        "ypthon": (PYTHON, "python"),
        "jaba": ({"Java"}, "java"),
        "jvaa": ({"Java"}, "java"),
        "jjava": ({"Java"}, "java"),
        "machne lerning": ({"Machine learning"}, "machine learning"),
        "programing pyhton": (PYTHON, "programing python"),
        "prorgamming pyhton": (PYTHON, "programming python"),
        "statistcs, (lerning)!": ({"Machine learning"}, "statistics, (learning)!"),
        "deeep-see-divng": (set(), None),
        "deep-sea-divng": (set(), None),
        "deep-sea divng": ({"Machine learning"}, "deep-sea diving"),
        "kohcen": ({"Kochen für Anfänger"}, "kochen"),
        "Anfaenger": ({"Kochen für Anfänger"}, "anfänger"),
        "anfänfer": ({"Kochen für Anfänger"}, "anfänger"),
        "φιλοσοφια": ({"Φιλοσοφία"}, "φιλοσοφία"),
        "програмирование": ({"Введение в программирование"}, "программирование"),
        "हिनदी": ({"हिन्दी भाषा"}, "हिन्दी"),
    }
    found = {q: await look(shelf, q) for q in expected}
    assert found == expected


async def test_what_finds_something_stays_as_it_is(shelf):
    expected = {
        "python": (PYTHON, None),
        "python or quaternions": (PYTHON, None),
        "beginner": ({"Python for beginners"}, None),
        "flowers": (set(TITLES), None),
        "python cooking": (set(), None),
        "python java": (set(), None),
        "quaternions": (set(), None),
        "pyt": (set(), None),
        "pythno3": (set(), None),
        "c++": (set(), None),
        "1834": (set(), None),
        "wholly unlike anything": (set(), None),
    }
    assert {q: await look(shelf, q) for q in expected} == expected
    assert await look(shelf, "kochen", language="el") == (set(), None), "known words, and no course of them"


async def test_words_that_a_search_for_them_finds_are_right(shelf, database):
    # "flowers" and "weaves" are in the descriptions alone, "programs" is another form of a skill.
    await shelf.published("Flower")
    await service.count(database)
    assert await look(shelf, "pyhton flowers") == (PYTHON, "python flowers")
    assert await look(shelf, "pyhton weaves looming") == (PYTHON, "python weaves looming")
    assert await look(shelf, "pyhton programs") == (PYTHON, "python programs")


async def test_phrases_and_what_is_excluded_stay_as_they_are(shelf):
    expected = {
        '"pyhton"': (set(), None),
        "-pyhton": (set(TITLES), None),
        "pyhton -advanced": ({"Python for beginners"}, "python -advanced"),
        "pyhton -advancd": (PYTHON, "python -advancd"),
        'pyhton "for beginners"': ({"Python for beginners"}, 'python "for beginners"'),
        'pyhton "for beginers"': (set(), None),
        "pyhton or jaba": (PYTHON | {"Java"}, "python or java"),
    }
    assert {q: await look(shelf, q) for q in expected} == expected


async def test_of_equally_near_words_the_more_used_is_meant(shelf, database):
    await shelf.published("Lava")
    await shelf.published("Lava lamps")
    await service.count(database)
    assert await look(shelf, "xava") == ({"Lava", "Lava lamps"}, "lava")
    await shelf.published("Java beans")
    await shelf.published("Java engines")
    await service.count(database)
    assert await look(shelf, "xava") == ({"Java", "Java beans", "Java engines"}, "java")


@pytest.mark.parametrize("sort", ["relevance", "newest", "popular", "rating", "price"])
async def test_every_sort_and_filter_takes_what_was_meant(shelf, sort):
    assert await look(shelf, "pyhton", sort=sort) == (PYTHON, "python")
    assert await look(shelf, "pyhton", sort=sort, level="advanced") == (set(), None)
    assert await look(shelf, "pyhton", sort=sort, category="mathematics") == (PYTHON, "python")


async def test_facets_count_what_was_meant(shelf):
    found = await shelf.ask("GET", "/courses?q=pyhton&facets=true&limit=1")
    assert found["facets"]["language"] == [{"language": "en", "courses": 2}]
    nothing = await shelf.ask("GET", "/courses?q=quaternions&facets=true")
    assert nothing["facets"]["language"] == []
    assert nothing["searched_for"] is None


async def test_an_author_finds_their_drafts_as_they_were_meant(shelf):
    await shelf.outlined("Pyhton draft")
    mine = {"params": {"q": "pyhton", "teaching": "me"}, "headers": shelf.author}
    found = await shelf.ask("GET", "/courses", **mine)
    assert [course["title"] for course in found["items"]] == ["Pyhton draft"]
    assert found["searched_for"] is None
    mine["params"]["q"] = "pyhton advancd"
    assert [course["title"] for course in (await shelf.ask("GET", "/courses", **mine))["items"]] == []
    mine["params"]["q"] = "prorgamming advancd"
    found = await shelf.ask("GET", "/courses", **mine)
    assert [course["title"] for course in found["items"]] == ["Advanced Python"]
    assert found["searched_for"] == "programming advanced"


@pytest.mark.parametrize("sort", ["relevance", "popular"])
async def test_further_pages_go_on_with_what_was_meant(shelf, database, sort):
    query = {"q": "pyhton", "sort": sort, "limit": 1}
    first = await shelf.ask("GET", "/courses", params=query)
    assert first["searched_for"] == "python"
    # Meanwhile the word has come into use, and so the text is not what it was.
    await shelf.published("Pyhton spelt wrongly", skills=["pyhtons"])
    await service.count(database)
    second = await shelf.ask("GET", "/courses", params={**query, "cursor": first["next_cursor"]})
    assert second["searched_for"] == "python"
    assert second["next_cursor"] is None
    assert {course["title"] for course in first["items"] + second["items"]} == PYTHON
    assert await look(shelf, "pyhton") == ({"Pyhton spelt wrongly"}, None)


async def test_a_cursor_that_no_list_made_is_refused(shelf):
    own = (await shelf.ask("GET", "/courses?q=pyhton&limit=1"))["next_cursor"].split(".")[1]

    def sealed(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    wrong = (
        f"{sealed(b'python')}.",
        f".{own}",
        ".",
        f"{sealed(b'a' + bytes(1))}.{own}",
        f"{sealed(bytes([255, 254]))}.{own}",
        f"{sealed(b'x' * (spelling.LONGEST + 1))}.{own}",
        f"a.{own}",
        f"\u00e9.{own}",
        f"{sealed(b'python')}.{own}.{own}",
        f"{sealed(b'python')}.{sealed(b'[1]')}",
    )
    for cursor in wrong:
        refused = await shelf.ask("GET", "/courses", params={"q": "pyhton", "cursor": cursor}, expect=422)
        assert refused["type"].endswith("/bad-cursor"), cursor
    good = f"{sealed(b'python')}.{own}"
    await shelf.ask("GET", "/courses", params={"q": "pyhton", "cursor": good})
    await shelf.ask("GET", "/courses", params={"cursor": good}, expect=422)


async def test_the_words_follow_what_is_published(shelf, database):
    course = await shelf.published("Quaternions")
    await service.count(database)
    assert await look(shelf, "quaternoins") == ({"Quaternions"}, "quaternions")
    await shelf.ask("POST", f"/courses/{course.id}/unpublish", headers=shelf.author)
    assert await look(shelf, "quaternoins") == (set(), None), "not counted yet, and not found any more"
    await service.count(database)
    assert await look(shelf, "quaternoins") == (set(), None)


HOSTILE = (
    "%", "_____", "%pyhton%", "pyh_on", "'; DROP TABLE catalog_vocabulary; --", "pyhton' OR '1'='1", '"', "'" * 50,
    "\\", "pyhton\\", "| & ! : * ( ) < >", "pyhton:*", "!pyhton", "{pyhton}", "$1 pyhton $1", "\u202epyhton",
    "pyhton\u0000".replace("\u0000", "\u0001"), "\ud7ff\U0001f40d" * 20, "a\u0301" * 60, "𝔭𝔶𝔱𝔥𝔬𝔫" * 20,
    "abcd " * 40, "pyhton " * 28, "x" * 200, "İstanbul", "ﬁnance ß ẞ", "ــــــ", "-" * 200, '-"' * 100,
)  # fmt: skip


async def test_no_text_is_too_odd(shelf):
    for q in HOSTILE:
        await look(shelf, q[:200])
    await shelf.ask("GET", "/courses", params={"q": "pyhton\x00"}, expect=422)
    await shelf.ask("GET", "/courses", params={"q": "x" * 10_000}, expect=422)
    assert await look(shelf, "pyhton") == (PYTHON, "python")


async def test_many_words_are_as_many_statements_as_one(shelf, database):
    async def asked(q):
        with Counted(database.engine) as statements:
            async with database.transaction() as session:
                await spelling._correct(session, Filters(at=now(), q=q))
        return len(statements)

    one = await asked("pyhton")
    assert one == await asked(" ".join(f"pyth{letter}n" for letter in "abcdefghijklmnpqrstuvw"))
    assert await asked("python") == 1
    assert await asked("sql -c++") == 0


async def test_of_many_mistyped_words_the_first_are_helped(shelf):
    letters = "abcdefgklmnpqrst"
    words = [f"pyth{letter}n" for letter in letters]
    found = await shelf.ask("GET", "/courses", params={"q": " or ".join(words)})
    corrected = found["searched_for"].split(" or ")
    at_once = service.CORRECTED_AT_ONCE
    assert corrected == ["python"] * at_once + words[at_once:]


class Counted:
    def __init__(self, engine):
        self.engine, self.statements = engine.sync_engine, []

    def __enter__(self):
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self.statements

    def __exit__(self, *_):
        event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection, _cursor, statement, *_):
        self.statements.append(statement)
