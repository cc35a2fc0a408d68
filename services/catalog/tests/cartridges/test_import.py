"""Cartridges through the real endpoint, into PostgreSQL and the storage, and out again."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from catalog.settings import Settings
from chassis.db import Database
from sqlalchemy import text

from .conftest import PDF, PNG, html, item, manifest, resource, topic, web_link, zipped

MEMBERS: dict[str, bytes | str] = {
    "imsmanifest.xml": manifest(
        item("Hello", "hello")
        + item("Week 1", "", item("Warp", "warp"), item("The plan", "plan"), item("Film", "film"))
        + item("Week 2", "", item("Talk", "talk"), item("Quiz", "quiz")),
        resource("hello", "hello.html")
        + resource("warp", "week/warp.html", inside='<dependency identifierref="loom"/>')
        + resource("loom", "week/loom.png")
        + resource("plan", "week/plan.pdf")
        + resource("film", "film.xml", "imswl_xmlv1p3")
        + resource("talk", "talk.xml", "imsdt_xmlv1p3")
        + resource("false", "week/false.pdf")
        + resource("quiz", "quiz.xml", "imsqti_xmlv1p2/imscc_xmlv1p3/assessment"),
        lom="<lomimscc:language>en</lomimscc:language>"
        "<lomimscc:description><lomimscc:string>Of cloth &amp; thread</lomimscc:string></lomimscc:description>",
    ),
    "hello.html": html(
        "<h2>Hello</h2><script>alert(1)</script><p>A &lt;b&gt; <a href='week/plan.pdf'>plan</a></p>"
    ),
    "week/warp.html": html("<p>The <img src='loom.png' alt='loom'></p>"),
    "week/loom.png": PNG,
    "week/plan.pdf": PDF,
    "week/false.pdf": html("no PDF"),
    "film.xml": web_link("https://youtu.be/1"),
    "talk.xml": topic("&lt;p&gt;Why?&lt;/p&gt;"),
    "quiz.xml": "<questestinterop/>",
}


async def post(
    studio: Any, content: bytes, who: dict[str, str] | None = None, **params: Any
) -> httpx.Response:
    if "category_id" not in params:
        params["category_id"] = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    answer: httpx.Response = await studio.client.post(
        "/api/v1/courses/import",
        params=params,
        content=content,
        headers={"Content-Type": "application/zip", **(who or studio.author)},
    )
    return answer


@pytest.fixture
def stored(settings: Settings) -> Callable[[], list[str]]:
    """The names of the files in the storage, parts of files included."""
    folder = Path((settings.storage_url or "").removeprefix("file://"))
    return lambda: sorted(name for _, _, names in os.walk(folder) for name in names)


async def rows(database: Database) -> dict[str, int]:
    tables = ("courses_course", "courses_module", "courses_lesson", "courses_resource")
    async with database.transaction() as session:
        return {
            table: (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            for table in tables
        }


REPORT = {
    "format": "common-cartridge 1.3.0",
    "taken": {
        "pages": 2,
        "web_links": 1,
        "discussions": 1,
        "modules": 4,
        "lessons": 6,
        "resources": 3,
        "files": 2,
        "thumbnail": 0,
    },
    "left": [
        {
            "what": "Quiz “Quiz”",
            "why": "Quizzes are not taken: they are made anew, with their questions.",
        },
        {
            "what": "The discussion of “Talk”",
            "why": "It is taken as something to read: lessons have no discussion.",
        },
        {
            "what": "week/false.pdf",
            "why": "The content is not what the name says, or not of a kind that is taken.",
        },
    ],
    "left_untold": 0,
}


async def test_a_cartridge_becomes_a_course(studio: Any, stored: Callable[[], list[str]]) -> None:
    answer = await post(studio, zipped(MEMBERS))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["title"] == "Weaving"
    assert made["creation_method"] == "import"
    assert made["is_published"] is False
    assert made["description"] == "Of cloth & thread"
    assert made["report"] == REPORT
    assert len(stored()) == 2

    found = await studio.ask("GET", f"/courses/{made['id']}", headers=studio.author)
    outline = {
        module["title"]: [lesson["title"] for lesson in module["lessons"]] for module in found["modules"]
    }
    assert outline == {
        "Weaving": ["Hello"],
        "Week 1": ["Warp", "The plan", "Film"],
        "Week 2": ["Talk"],
        "More material": ["Files: week"],
    }
    ids = {lesson["title"]: lesson["id"] for module in found["modules"] for lesson in module["lessons"]}
    hello = await studio.ask("GET", f"/lessons/{ids['Hello']}", headers=studio.author)
    plan_at = f"/api/v1/lessons/{ids['The plan']}"
    assert hello["content"] == f"## Hello\n\nA \\<b\\> [plan](<{plan_at}>)"
    assert hello["body_html"] == (
        f'<h2>Hello</h2>\n<p>A &lt;b&gt; <a href="{plan_at}" rel="noopener noreferrer nofollow ugc">plan</a></p>\n'
    )
    film = await studio.ask("GET", f"/lessons/{ids['Film']}", headers=studio.author)
    assert (film["activity_type"], film["video_url"]) == ("video", "https://youtu.be/1")
    [plan] = (await studio.ask("GET", f"/lessons/{ids['The plan']}/resources", headers=studio.author))[
        "items"
    ]
    assert (plan["title"], plan["mime_type"], plan["file_size"]) == ("plan.pdf", "application/pdf", len(PDF))
    download = await studio.client.get(plan["download_url"], headers=studio.author)
    assert download.content == PDF


async def test_links_lead_to_what_was_taken(studio: Any) -> None:
    """To a lesson, to a file of this lesson and of another; to its lesson where a file could not be taken; and what was
    not taken at all is named."""
    members = {
        "imsmanifest.xml": manifest(
            item("One", "one") + item("Two", "two") + item("Empty", "empty"),
            resource("one", "a/one.html") + resource("two", "two.html") + resource("empty", "empty.html"),
        ),
        "a/one.html": html(
            "<a href='plan.pdf'>plan</a> <a href='../two.html#weft'>on</a> <a href='false.pdf'>false</a> "
            "<a href='../empty.html'>nothing</a> <a href='one.html'>here</a>"
        ),
        "two.html": html("<img src='a/plan.pdf'>, <a href='../../etc/passwd'>out</a>"),
        "empty.html": html(""),
        "a/plan.pdf": PDF,
        "a/false.pdf": html("no PDF"),
    }
    made = (await post(studio, zipped(members))).json()
    found = await studio.ask("GET", f"/courses/{made['id']}", headers=studio.author)
    one, two = [lesson["id"] for module in found["modules"] for lesson in module["lessons"]]
    [plan] = (await studio.ask("GET", f"/lessons/{one}/resources", headers=studio.author))["items"]
    assert plan["download_url"] == f"/api/v1/resources/{plan['id']}/download"
    contents = [
        (await studio.ask("GET", f"/lessons/{lesson}", headers=studio.author))["content"]
        for lesson in (one, two)
    ]
    in_one, in_two = contents
    assert in_one == (
        f"[plan](<{plan['download_url']}>) [on](</api/v1/lessons/{two}>) [false](</api/v1/lessons/{one}>) "
        f"nothing (*Empty*) [here](</api/v1/lessons/{one}>)"
    )
    assert in_two == f"[plan.pdf](<{plan['download_url']}>), out"
    assert {each["what"]: each["why"] for each in made["report"]["left"]} == {
        "Page “Empty”": "There is nothing in it.",
        "Links to “Empty” (1)": "They name it: it was not taken.",
        "A reference in “Two”: ../../etc/passwd": "The cartridge has nothing there that was taken.",
        "a/false.pdf": "The content is not what the name says, or not of a kind that is taken.",
    }


async def test_what_was_imported_goes_out_and_comes_in_again(studio: Any) -> None:
    made = (await post(studio, zipped(MEMBERS))).json()
    path = f"/api/v1/courses/{made['id']}/export"
    first = await studio.client.get(path, headers=studio.author)
    assert first.status_code == 200
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        assert "imsmanifest.xml" not in archive.namelist(), "it is an archive of ours"
    again = await post(studio, first.content)
    assert again.status_code == 201, again.text
    assert again.json()["report"]["format"] == "lyceum-course"
    assert again.json()["report"]["left"] == []
    second = await studio.client.get(f"/api/v1/courses/{again.json()['id']}/export", headers=studio.author)
    assert second.content == first.content


LAUGHS = '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<manifest>&b;</manifest>'


@pytest.mark.parametrize(
    ("members", "status", "slug", "told"),
    [
        ({"imsmanifest.xml": "<manifest>\n<oops></manifest>"}, 422, "cartridge-broken", {"line": 2}),
        ({"imsmanifest.xml": LAUGHS}, 422, "cartridge-broken", {"line": 1}),
        ({"imsmanifest.xml": b"\xff\xfe\x00"}, 422, "cartridge-broken", {"line": 1}),
        (
            {"imsmanifest.xml": "<manifest><metadata><schema>ADL SCORM</schema></metadata></manifest>"},
            422,
            "not-a-cartridge",
            {},
        ),
        ({"imsmanifest.xml": manifest()}, 422, "cartridge-empty", {"left": []}),
        ({**MEMBERS, "imsmanifest.xml": f"<manifest>{' ' * 2**22}"}, 422, "archive-bomb", {}),
        ({**MEMBERS, "../evil.html": "x"}, 422, "archive-path-unsafe", {"entry": "../evil.html"}),
        (
            {
                "imsmanifest.xml": manifest(
                    "".join(item(f"Lesson {number}", f"r{number}") for number in range(41)),
                    "".join(resource(f"r{number}", f"{number}.html") for number in range(41)),
                ),
                **{f"{number}.html": html("<p>text</p>") for number in range(41)},
            },
            409,
            "too-many-lessons",
            {},
        ),
    ],
    ids=["broken", "laughs", "encoding", "scorm", "empty", "bomb", "path", "lessons"],
)
async def test_a_cartridge_that_cannot_be_taken_leaves_nothing(
    studio: Any,
    database: Database,
    stored: Callable[[], list[str]],
    members: dict[str, bytes | str],
    status: int,
    slug: str,
    told: dict[str, Any],
) -> None:
    before = await rows(database)
    answer = await post(studio, zipped(members))
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"/problems/{slug}"), answer.text
    assert {name: problem[name] for name in told} == told
    assert await rows(database) == before
    assert stored() == []


async def test_a_manifest_of_a_hundred_megabytes(studio: Any, stored: Callable[[], list[str]]) -> None:
    made = io.BytesIO()
    # Not packed at all, so that its length alone is against it.
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("imsmanifest.xml", f"<manifest>{' ' * 100 * 2**20}</manifest>")
    answer = await post(studio, made.getvalue())
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (413, "/problems/archive-unpacks-too-large")
    assert problem["entry"] == "imsmanifest.xml"
    assert stored() == []


async def test_only_authors_take_cartridges_in(studio: Any, stored: Callable[[], list[str]]) -> None:
    answer = await post(studio, zipped(MEMBERS), studio.learner)
    assert answer.status_code == 403
    assert stored() == []
