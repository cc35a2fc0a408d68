"""An author at work on the versions of a course."""

from dataclasses import dataclass
from typing import Any

import pytest
from catalog.outline.models import Lesson, Module
from chassis.db import Database
from sqlalchemy import select

Held = list[tuple[int, str, list[tuple[int, str, str]]]]
"""Modules in order: identity, title, and the lessons in order: identity, title, body."""


@dataclass
class Editor:
    studio: Any
    database: Database

    async def draft(self, course: int, **given: Any) -> Any:
        path = f"/courses/{course}/versions"
        return await self.studio.ask("POST", path, expect=201, headers=self.studio.author, **given)

    async def publish(self, course: int) -> Any:
        return await self.studio.ask("POST", f"/courses/{course}/publish", headers=self.studio.author)

    async def restore(self, course: int, version: int) -> Any:
        path = f"/courses/{course}/versions/{version}/restore"
        return await self.studio.ask("POST", path, headers=self.studio.author)

    async def history(self, course: int) -> list[Any]:
        answer = await self.studio.ask(
            "GET", f"/courses/{course}/versions?limit=100", headers=self.studio.author
        )
        return list(answer["items"])

    async def versions(self, course: int) -> list[tuple[str, str]]:
        return [(each["version"], each["state"]) for each in await self.history(course)]

    async def id_of(self, course: int, version: str) -> int:
        (found,) = [each["id"] for each in await self.history(course) if each["version"] == version]
        return int(found)

    async def write(self, lesson: int, content: str) -> None:
        await self.studio.ask(
            "PATCH", f"/lessons/{lesson}", headers=self.studio.author, json={"content": content}
        )

    async def held(self, course: int) -> Held:
        """What the database has of a course or a version, each module and lesson by the id learners know."""
        statement = (
            select(Module, Lesson)
            .outerjoin(Lesson, Lesson.module_id == Module.id)
            .where(Module.course_id == course)
            .order_by(Module.order, Lesson.order)
        )
        found: Held = []
        async with self.database.transaction() as session:
            for module, lesson in await session.execute(statement):
                identity = module.origin_id or module.id
                if not found or found[-1][0] != identity:
                    found.append((identity, module.title, []))
                if lesson is not None:
                    found[-1][2].append((lesson.origin_id or lesson.id, lesson.title, lesson.content))
        return found


@pytest.fixture
def editor(studio: Any, database: Database) -> Editor:
    return Editor(studio, database)
