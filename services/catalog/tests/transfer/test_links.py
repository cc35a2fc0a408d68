"""Links from a lesson to its own course: they travel, and lead to the same there."""

import json
from typing import Any

import pytest
from catalog.lessons.schemas import LONGEST_BODY
from catalog.transfer.links import to_ids, to_places

from .conftest import PDF, bundle, unzipped
from .test_imports import filed

LESSONS = {11: (0, 0), 12: (0, 1), 21: (1, 0)}
RESOURCES = {5: (0, 1, 0), 6: (0, 1, 1)}
IDS = [[11, 12], [21]]
TEXTS = {
    "[a](/api/v1/lessons/12)": "[a](course:/lessons/1/2)",
    "[a](</api/v1/lessons/21>) [b](</api/v1/resources/6/download>)": (
        "[a](<course:/lessons/2/1>) [b](<course:/resources/1/2/2>)"
    ),
    '![](/api/v1/resources/5/download "t")': '![](course:/resources/1/2/1 "t")',
    "[a](/api/v1/lessons/11#b)": "[a](course:/lessons/1/1#b)",
    "[a]( /api/v1/lessons/11 )": "[a]( course:/lessons/1/1 )",
    "[a][b]\n\n[b]: /api/v1/lessons/12": "[a][b]\n\n[b]: course:/lessons/1/2",
    '> [a]:\t</api/v1/lessons/12> "t"\n> [a]': '> [a]:\t<course:/lessons/1/2> "t"\n> [a]',
    "[a]:/api/v1/resources/5/download\n[b]: /api/v1/lessons/21\n": (
        "[a]:course:/resources/1/2/1\n[b]: course:/lessons/2/1\n"
    ),
}
UNTOUCHED = [
    "/api/v1/lessons/12",
    "[a](/api/v1/lessons/99)",
    "[a](/api/v1/lessons/12/resources)",
    "[a](/api/v1/lessons/012)",
    "[a](/api/v1/resources/5)",
    "[a](https://b.example/api/v1/lessons/12)",
    "[a](/api/v1/lessons/12345678901234567890123456789)",
    "as it says [here]: /api/v1/lessons/12",
    "[a]\n: /api/v1/lessons/12",
]
NO_PLACES = [
    "course:/lessons/1/1",
    "[a](course:/lessons/01/1)",
    "[a](course:/lessons/1)",
    "[a](course:/lessons/1/2/1)",
    "[a](course:/resources/1/2)",
    "[a](course:/lessons/1/1/../2)",
]
NOWHERE = [
    "course:/lessons/3/1",
    "course:/lessons/1/3",
    "course:/resources/1/2/4",
    "course:/lessons/2/999999",
]


def into_course(text: str) -> tuple[str, list[str]]:
    lost: list[str] = []
    resources: dict[Any, int | None] = {place: resource for resource, place in RESOURCES.items()}
    resources[1, 0, 0] = None
    return to_ids(text, IDS, resources, lambda address, _: lost.append(address)), lost


@pytest.mark.parametrize(("in_course", "in_document"), TEXTS.items())
def test_an_address_becomes_a_place_and_a_place_an_address(in_course: str, in_document: str) -> None:
    assert to_places(in_course, LESSONS, RESOURCES) == in_document
    assert into_course(in_document) == (in_course, [])


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_no_link_into_the_course_stays(text: str) -> None:
    assert to_places(text, LESSONS, RESOURCES) == text


@pytest.mark.parametrize("text", NO_PLACES)
def test_what_is_no_place_stays(text: str) -> None:
    assert into_course(text) == (text, [])


@pytest.mark.parametrize("address", NOWHERE)
def test_what_leads_nowhere_stays_and_is_told(address: str) -> None:
    assert into_course(f"[a](<{address}>)") == (f"[a](<{address}>)", [address])


def test_a_file_that_was_not_taken_is_looked_for_in_its_lesson() -> None:
    assert into_course("[a](course:/resources/2/1/1)") == ("[a](/api/v1/lessons/21)", [])


def test_no_text_grows_beyond_what_may_be_sent() -> None:
    in_document = "[a](course:/resources/1/2/1)".ljust(LONGEST_BODY, "x")
    assert into_course(in_document) == (in_document, ["course:/resources/1/2/1"]), "and it is said"
    in_course = "[a](/api/v1/lessons/11)".ljust(LONGEST_BODY, "x")
    assert to_places(in_course, LESSONS, RESOURCES) == in_course
    assert len(to_places(in_course[:-1], LESSONS, RESOURCES)) == LONGEST_BODY


async def contents(carrier: Any, course_id: int) -> list[dict[str, Any]]:
    studio = carrier.studio
    course = await studio.ask("GET", f"/courses/{course_id}", headers=studio.author)
    lessons = [lesson["id"] for module in course["modules"] for lesson in module["lessons"]]
    return [await studio.ask("GET", f"/lessons/{one}", headers=studio.author) for one in lessons]


async def test_links_travel_and_lead_to_the_new_course(carrier: Any) -> None:
    studio = carrier.studio
    course = await studio.outlined()
    (first, second), (third, _) = course.lessons
    file = await carrier.resource(second, PDF, "a.pdf", title="The diagrams")
    other = (await studio.outlined("Another")).lessons[0][0]
    text = (
        f"[file](/api/v1/resources/{file}/download) [lesson](</api/v1/lessons/{third}>) [self](/api/v1/lessons/{first}) "
        f"[other](/api/v1/lessons/{other})"
    )
    written = {"content": text, "guest_content": text, "registered_content": text, "transcript": text}
    await studio.ask("PATCH", f"/lessons/{first}", headers=studio.author, json=written)

    archive = await carrier.export(course.id)
    [told, *_] = json.loads(unzipped(archive)["course.json"])["modules"][0]["lessons"]
    places = (
        "[file](course:/resources/1/2/1) [lesson](<course:/lessons/2/1>) [self](course:/lessons/1/1) "
        f"[other](/api/v1/lessons/{other})"
    )
    assert {name: told[name] for name in written} == {**dict.fromkeys(written, places), "transcript": text}

    made = await carrier.take(archive)
    # Taken elsewhere it would lead to whatever has this id there, and nobody here knows where it was written.
    astray = {
        "what": f"A link in “{told['title']}”: /api/v1/lessons/{other}",
        "why": "It leads to another course, by a number of the platform that it was written on; here it may be another.",
    }
    assert made["report"]["left"] == [astray] * 3
    one, two, three, _ = await contents(carrier, made["id"])
    [resource] = (await studio.ask("GET", f"/lessons/{two['id']}/resources", headers=studio.author))["items"]
    here = (
        f"[file]({resource['download_url']}) [lesson](</api/v1/lessons/{three['id']}>) "
        f"[self](/api/v1/lessons/{one['id']}) [other](/api/v1/lessons/{other})"
    )
    assert [one[name] for name in ("content", "guest_content", "registered_content")] == [here] * 3
    assert f'href="{resource["download_url"]}"' in one["body_html"]
    assert (await studio.client.get(resource["download_url"], headers=studio.author)).content == PDF
    assert await carrier.export(made["id"]) == archive


async def test_a_version_leads_to_lessons_by_the_ids_that_stay(carrier: Any) -> None:
    """A draft's lessons are copies with ids of their own; a link names the lesson that learners know."""
    studio = carrier.studio
    course = await studio.published()
    first, second = course.lessons[0]
    draft = await studio.ask("POST", f"/courses/{course.id}/versions", expect=201, headers=studio.author)
    copy = draft["modules"][0]["lessons"][0]["id"]
    assert copy not in (first, second)
    text = {"content": f"[on](/api/v1/lessons/{second})"}
    await studio.ask("PATCH", f"/lessons/{copy}", headers=studio.author, json=text)
    [told, *_] = json.loads(unzipped(await carrier.export(course.id))["course.json"])["modules"][0]["lessons"]
    assert told["content"] == "[on](course:/lessons/1/2)"


async def test_an_archive_by_hand_may_have_links_too(carrier: Any) -> None:
    content = "[the plan](course:/resources/1/1/1), [what is not there](course:/lessons/1/2)"
    lesson = {"title": "L", "content": content, "resources": [filed()]}
    made = await carrier.take(
        bundle(files={"files/a.pdf": PDF}, modules=[{"title": "M", "lessons": [lesson]}])
    )
    [one] = await contents(carrier, made["id"])
    [resource] = (
        await carrier.studio.ask("GET", f"/lessons/{one['id']}/resources", headers=carrier.studio.author)
    )["items"]
    assert (
        one["content"] == f"[the plan]({resource['download_url']}), [what is not there](course:/lessons/1/2)"
    )
    assert made["report"]["left"] == [
        {"what": "A link in “L”: course:/lessons/1/2", "why": "There is nothing at this place."}
    ]
