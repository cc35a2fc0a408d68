"""A course with everything in it, and what takes it out and in again."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from catalog.settings import Settings
from chassis.storage import Storage
from PIL import Image

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
ZIP = {"Content-Type": "application/zip"}


def photo(mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    picture = Image.effect_noise((1600, 900), 60).convert(mode)
    if mode == "RGBA":
        picture.putalpha(120)
    picture.save(made, "PNG")
    return made.getvalue()


def zipped(members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def document(course: dict[str, Any] | None = None, **given: Any) -> str:
    told = {"title": "Looms", "category": {"slug": "mathematics", "name": "Mathematics"}, **(course or {})}
    return json.dumps({"format": "lyceum-course", "version": 1, "course": told, **given})


def bundle(
    course: dict[str, Any] | None = None, files: dict[str, bytes] | None = None, **given: Any
) -> bytes:
    return zipped({"course.json": document(course, **given), **(files or {})})


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@dataclass
class Carrier:
    """Takes courses out and in, and insists that it works."""

    studio: Any

    async def get(self, course_id: int, who: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        answer: httpx.Response = await self.studio.client.get(
            f"/api/v1/courses/{course_id}/export",
            params=params,
            headers=self.studio.author if who is None else who,
        )
        return answer

    async def export(self, course_id: int, **params: Any) -> bytes:
        answer = await self.get(course_id, **params)
        assert answer.status_code == 200, answer.text
        return answer.content

    async def post(
        self, content: Any, who: dict[str, str] | None = None, *, headers: Any = None, **params: Any
    ) -> httpx.Response:
        answer: httpx.Response = await self.studio.client.post(
            "/api/v1/courses/import",
            params=params,
            content=content,
            headers={**ZIP, **(self.studio.author if who is None else who), **(headers or {})},
        )
        return answer

    async def take(self, content: Any, **params: Any) -> Any:
        answer = await self.post(content, **params)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def refused(self, content: Any, **params: Any) -> tuple[int, str, Any]:
        """Status, slug and the whole problem."""
        answer = await self.post(content, **params)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["type"].removeprefix("/problems/"), answer.json()

    async def full(self, title: str = "Notes on the Analytical Engine") -> Any:
        """A draft in which every field that authors write has something."""
        studio = self.studio
        course = await studio.course(
            title,
            subtitle="With <b>diagrams</b>",
            price="49.00",
            discount_price="39.50",
            discount_ends="2030-12-01T00:00:00.123456Z",
            level="beginner",
            language="fr",
            duration_minutes=180,
            has_certificate=True,
            requirements=["Patience", "A lamp"],
            skills=["computing", "\u00e9tude"],
            learning_objectives=["Read a table"],
            target_audience="Everybody <script>alert(1)</script>",
            meta_keywords="engine, brass",
            meta_description="What it would have done",
        )
        await studio.module(course, "Foundations", description="First *things*", duration_minutes=30)
        await studio.module(course, "Hidden", is_published=False)
        await studio.module(course, "Empty")
        await studio.lesson(
            course,
            0,
            "Punched cards \U0001f9f5",
            content="# Cards\n\n<script>alert(1)</script>\n\n    code\n\tline  \n\u2028end",
            guest_content="a glimpse",
            registered_content="",
            access_level="premium",
            activity_type="video",
            duration_minutes=12,
            is_free_preview=True,
            has_lab=True,
            video_url="https://video.example/1?a=b&c=%20",
            transcript='He said: "so" \\ it goes',
        )
        await studio.lesson(course, 0, "Bare")
        await studio.lesson(course, 1, "In the dark", content="x")
        await self.resource(
            course.lessons[0][0],
            PDF,
            "R\u00e9sum\u00e9 (final).pdf",
            title="The diagrams",
            description="Large",
            duration_minutes=3,
            premium=True,
        )
        await self.resource(
            course.lessons[0][0], None, "", title="Elsewhere", type="link", url="https://babbage.example/?q=1"
        )
        await self.resource(course.lessons[0][0], b"print('a')\n" * 300, "loop.py", title="Code", type="code")
        await self.resource(course.lessons[1][0], None, "", title="Still to come", type="video")
        await self.thumbnail(course.id)
        return course

    async def thumbnail(self, course_id: int) -> None:
        answer = await self.studio.client.put(
            f"/api/v1/courses/{course_id}/thumbnail",
            content=photo(),
            headers={"Content-Type": "image/png", **self.studio.author},
        )
        assert answer.status_code == 200, answer.text

    async def resource(self, lesson_id: int, content: bytes | None, name: str, **given: Any) -> int:
        path = f"/lessons/{lesson_id}/resources"
        made = await self.studio.ask("POST", path, expect=201, headers=self.studio.author, json=given)
        if content is not None:
            answer = await self.studio.client.put(
                f"/api/v1/resources/{made['id']}/file",
                params={"filename": name},
                content=content,
                headers={"Content-Type": "application/octet-stream", **self.studio.author},
            )
            assert answer.status_code == 200, answer.text
        return int(made["id"])


@pytest.fixture
def carrier(studio: Any) -> Carrier:
    return Carrier(studio)


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return Storage(settings)


@pytest.fixture
def stored(settings: Settings) -> Callable[[], list[str]]:
    """The names of the files in the storage, parts of files included."""
    folder = Path((settings.storage_url or "").removeprefix("file://"))
    return lambda: sorted(name for _, _, names in os.walk(folder) for name in names)
