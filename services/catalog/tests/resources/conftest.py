"""A lesson with a resource, and what puts a file there."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from catalog.settings import Settings
from chassis.storage import Storage

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
STRANGER = 9


@dataclass
class Shelf:
    """One resource of a public course's first lesson."""

    studio: Any
    course: Any
    lesson_id: int

    async def add(self, *, expect: int = 201, **given: Any) -> Any:
        body = {"title": "The diagrams", **given}
        path = f"/lessons/{self.lesson_id}/resources"
        return await self.studio.ask("POST", path, expect=expect, headers=self.studio.author, json=body)

    async def put(
        self,
        resource_id: int,
        content: Any = PDF,
        name: str | None = "a.pdf",
        *,
        who: dict[str, str] | None = None,
        **headers: str,
    ) -> httpx.Response:
        answer: httpx.Response = await self.studio.client.put(
            f"/api/v1/resources/{resource_id}/file",
            params={} if name is None else {"filename": name},
            content=content,
            headers={**(who or self.studio.author), "Content-Type": "application/octet-stream", **headers},
        )
        return answer

    async def filed(self, content: bytes = PDF, name: str = "a.pdf", **given: Any) -> int:
        made = await self.add(**given)
        answer = await self.put(made["id"], content, name)
        assert answer.status_code == 200, answer.text
        return int(made["id"])

    async def get(
        self, resource_id: int, who: dict[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        answer: httpx.Response = await self.studio.client.get(
            f"/api/v1/resources/{resource_id}/download", headers={**(who or {}), **headers}
        )
        return answer

    async def count(self, resource_id: int) -> int:
        found = await self.studio.ask("GET", f"/resources/{resource_id}", headers=self.studio.author)
        return int(found["download_count"])


@pytest.fixture
async def shelf(studio: Any) -> Shelf:
    course = await studio.published()
    return Shelf(studio, course, course.lessons[0][0])


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return Storage(settings)


@pytest.fixture
def stored(settings: Settings) -> Callable[[], list[str]]:
    """The names of the files in the storage, parts of files included."""
    folder = Path((settings.storage_url or "").removeprefix("file://"))

    def look() -> list[str]:
        return sorted(name for _, _, names in os.walk(folder) for name in names)

    return look
