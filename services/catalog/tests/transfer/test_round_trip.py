"""What goes out comes in again, to the letter."""

import io
import json
import zipfile
from typing import Any

from PIL import Image

from .conftest import PDF, document, zipped

AUTHORED = (
    "title",
    "subtitle",
    "description",
    "category_id",
    "price",
    "discount_price",
    "discount_ends",
    "level",
    "language",
    "duration_minutes",
    "has_certificate",
    "requirements",
    "skills",
    "learning_objectives",
    "target_audience",
    "meta_keywords",
    "meta_description",
)


async def content_of(carrier: Any, course_id: int) -> Any:
    """All that an author sees of a course over HTTP, without ids, counters and dates."""
    studio = carrier.studio

    async def ask(path: str) -> Any:
        return await studio.ask("GET", path, headers=studio.author)

    course = await ask(f"/courses/{course_id}")
    modules = []
    for module in course["modules"]:
        lessons = []
        for lesson in module["lessons"]:
            whole = await ask(f"/lessons/{lesson['id']}")
            files = (await ask(f"/lessons/{lesson['id']}/resources"))["items"]
            gone = ("id", "lesson_id", "download_url", "created_date", "updated_date", "download_count")
            lessons.append(
                {
                    **{
                        name: value
                        for name, value in whole.items()
                        if "id" not in name and "date" not in name
                    },
                    "is_free_preview": whole["is_free_preview"],
                    "resources": [{n: v for n, v in each.items() if n not in gone} for each in files],
                }
            )
        own = ("title", "description", "order", "duration_minutes", "is_published")
        modules.append({**{name: module[name] for name in own}, "lessons": lessons})
    return {**{name: course[name] for name in AUTHORED}, "modules": modules}


async def test_an_import_of_an_export_is_the_same_again(carrier: Any) -> None:
    course = await carrier.full()
    first = await carrier.export(course.id)
    assert await carrier.export(course.id) == first, "two exports of the same are the same bytes"
    made = await carrier.take(first)
    assert made["id"] != course.id
    assert made["slug"] != course.slug
    assert await carrier.export(made["id"]) == first
    assert await content_of(carrier, made["id"]) == await content_of(carrier, course.id)
    again = await carrier.take(await carrier.export(made["id"]))
    assert await carrier.export(again["id"]) == first


async def test_what_an_archive_looks_like(carrier: Any) -> None:
    course = await carrier.full()
    answer = await carrier.get(course.id)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{course.slug}.zip"')
    assert "content-length" not in answer.headers, "it is sent while it is written"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "course.json",
            "files/001-001-001/R\u00e9sum\u00e9 (final).pdf",
            "files/001-001-003/loop.py",
            "thumbnail.webp",
        ]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        told = json.loads(archive.read("course.json"))
        picture = Image.open(io.BytesIO(archive.read("thumbnail.webp")))
    assert picture.size == (1280, 720)
    assert (told["format"], told["version"]) == ("lyceum-course", 1)
    private = {"id", "slug", "created_by_id", "is_featured", "enrolled_students_count", "avg_rating"}
    assert not private & set(told["course"])
    assert told["course"]["category"] == {"slug": "mathematics", "name": "Mathematics"}
    assert [module["is_published"] for module in told["modules"]] == [True, False, True]
    assert told["modules"][0]["lessons"][0]["content"].endswith("    code\n\tline  \n\u2028end")


async def test_the_new_course_is_a_draft_of_whoever_sent_it(carrier: Any, published: Any) -> None:
    course = await carrier.full()
    content = await carrier.export(course.id)
    answer = await carrier.post(content, carrier.studio.other)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/api/v1/courses/{made['id']}"
    assert (made["creation_method"], made["is_draft"], made["is_published"]) == ("import", True, False)
    assert (made["created_by_id"], made["version"], made["completion_percentage"]) == (4, "1.0", 85)
    assert made["report"] == {
        "format": "lyceum-course",
        "taken": {"modules": 3, "lessons": 3, "resources": 4, "files": 2, "thumbnail": 1},
        "left": [],
        "left_untold": 0,
    }
    told = (await published())[-1]
    assert (told.course_id, answer.headers["etag"]) == (made["id"], f'"{told.version}"')
    lessons = [lesson["id"] for module in made["modules"] for lesson in module["lessons"]]
    assert list(told.lesson_ids) == lessons
    shown = await carrier.studio.client.get(made["thumbnail"])
    assert shown.status_code == 200
    assert made["thumbnail"].startswith(f"/media/courses/{made['id']}/")


async def test_many_texts_that_repeat_themselves_travel(carrier: Any) -> None:
    """Packed all of them would pass for a bomb; a few, however well they pack, do not."""

    def course_of(many: int, how: int) -> bytes:
        texts = {f"{number}.csv": b"0,0\n" * 2**18 for number in range(many)}
        given = [{"title": name, "file": {"path": name, "name": name}} for name in texts]
        lessons = [{"title": f"L{at}", "resources": given[at : at + 6]} for at in range(0, many, 6)]
        told = document(modules=[{"title": "M", "lessons": lessons}])
        return zipped({"course.json": told, **texts}, how)

    few = course_of(20, zipfile.ZIP_DEFLATED)
    assert len(few) * 200 < 20 * 2**20
    assert (await carrier.take(few))["report"]["taken"]["files"] == 20
    first = await carrier.export((await carrier.take(course_of(66, zipfile.ZIP_STORED)))["id"])
    assert len(first) < 40 * 2**20, "half of them are packed"
    again = await carrier.take(first)
    assert again["report"]["taken"]["files"] == 66
    assert await carrier.export(again["id"]) == first


async def test_a_file_that_got_its_ending_from_us_keeps_its_name(carrier: Any) -> None:
    course = await carrier.studio.outlined()
    await carrier.resource(course.lessons[0][0], PDF, "x" * 150, title="Long")
    first = await carrier.export(course.id)
    made = await carrier.take(first)
    assert await carrier.export(made["id"]) == first
