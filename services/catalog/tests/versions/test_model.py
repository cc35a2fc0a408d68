"""A long life at random, held against a model of a few lines: after every step, every version has what it should."""

import copy
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

STEPS = 45
FIRST = "1.0"


@dataclass
class Story:
    """Does one thing after the other over HTTP, and keeps what must come of it.

    `current` is the course's own outline, `kept` what each version must have: modules as [identity, title, lessons],
    lessons as [identity, title, body]. `modules` and `lessons` say by which ids a draft's are edited.
    """

    studio: Any
    editor: Any
    course: int
    dice: random.Random
    current: list[Any]
    kept: dict[str, list[Any]] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    version: str = FIRST
    is_edited: bool = False
    draft: int | None = None
    drafted: list[Any] = field(default_factory=list)
    modules: dict[int, int] = field(default_factory=dict)
    lessons: dict[int, int] = field(default_factory=dict)
    count: int = 0

    # --- where edits go -----------------------------------------------------------------------------------------

    @property
    def outline(self) -> list[Any]:
        return self.current if self.draft is None else self.drafted

    def module_id(self, module: list[Any]) -> int:
        return self.modules.get(module[0], module[0])

    def lesson_id(self, lesson: list[Any]) -> int:
        return self.lessons.get(lesson[0], lesson[0])

    async def ask(self, method: str, path: str, expect: int, **given: Any) -> Any:
        return await self.studio.ask(method, path, expect=expect, headers=self.studio.author, **given)

    def title(self) -> str:
        self.count += 1
        return f"Thing {self.count}"

    def edited(self) -> None:
        self.is_edited = self.is_edited or self.draft is None

    # --- what may happen ------------------------------------------------------------------------------------------

    async def add_module(self) -> None:
        path, title = f"/courses/{self.draft or self.course}/modules", self.title()
        if len(self.outline) > 5:
            return
        made = await self.ask("POST", path, 201, json={"title": title})
        self.outline.append([made["id"], title, []])
        await self.add_lesson(len(self.outline) - 1)

    async def add_lesson(self, at: int | None = None) -> None:
        module = self.outline[self.dice.randrange(len(self.outline)) if at is None else at]
        title = self.title()
        given = {"title": title, "content": f"{title}, as it began"}
        made = await self.ask("POST", f"/modules/{self.module_id(module)}/lessons", 201, json=given)
        module[2].append([made["id"], title, given["content"]])
        self.edited()

    async def rewrite(self) -> None:
        lesson = self.dice.choice([each for module in self.outline for each in module[2]])
        lesson[2] = f"{lesson[1]}, written anew as {self.title()}"
        await self.ask("PATCH", f"/lessons/{self.lesson_id(lesson)}", 200, json={"content": lesson[2]})
        self.edited()

    async def delete_lesson(self) -> None:
        module = self.dice.choice(self.outline)
        if len(module[2]) > 1:
            lesson = module[2].pop(self.dice.randrange(len(module[2])))
            await self.ask("DELETE", f"/lessons/{self.lesson_id(lesson)}", 204)
            self.edited()

    async def delete_module(self) -> None:
        if len(self.outline) > 1:
            module = self.outline.pop(self.dice.randrange(len(self.outline)))
            await self.ask("DELETE", f"/modules/{self.module_id(module)}", 204)
            self.edited()

    async def shuffle(self) -> None:
        lessons = [each for module in self.outline for each in module[2]]
        self.dice.shuffle(lessons)
        self.dice.shuffle(self.outline)
        for module in self.outline:
            module[2] = [lessons.pop()]
        for lesson in lessons:
            self.dice.choice(self.outline)[2].append(lesson)
        order = [
            {"id": self.module_id(module), "lessons": [self.lesson_id(each) for each in module[2]]}
            for module in self.outline
        ]
        await self.ask("PUT", f"/courses/{self.draft or self.course}/order", 200, json={"modules": order})
        self.edited()

    async def begin(self) -> None:
        if self.draft is not None:
            return
        made = await self.editor.draft(self.course)
        self.draft, self.drafted = made["id"], copy.deepcopy(self.current)
        for module, shown in zip(self.drafted, made["modules"], strict=True):
            self.modules[module[0]] = shown["id"]
            for lesson, listed in zip(module[2], shown["lessons"], strict=True):
                self.lessons[lesson[0]] = listed["id"]

    async def discard(self) -> None:
        if self.draft is not None:
            await self.ask("DELETE", f"/courses/{self.draft}", 204)
            self.forget_draft()

    def forget_draft(self) -> None:
        self.draft, self.drafted, self.modules, self.lessons = None, [], {}, {}

    async def publish(self) -> None:
        shown = await self.editor.publish(self.draft or self.course)
        if self.draft is not None:
            self.current = self.drafted
            self.forget_draft()
        elif not self.is_edited:
            assert shown["version"] == self.version, "nothing changed, nothing published"
        self.keep(shown["version"])

    async def restore(self) -> None:
        if self.draft is not None:
            return
        version = self.dice.choice(sorted(self.kept))
        there = self.course if version == self.version else self.ids[version]
        is_edited = self.current != self.kept[self.version]
        if is_edited:
            self.kept["edits"] = copy.deepcopy(self.current)
        shown = await self.editor.restore(self.course, there)
        self.current = copy.deepcopy(self.kept[version])
        if is_edited:
            history = await self.editor.versions(self.course)
            self.kept[history[1][0]] = self.kept.pop("edits")
        self.keep(shown["version"])

    def keep(self, version: str) -> None:
        self.version, self.is_edited = version, False
        self.kept[version] = copy.deepcopy(self.current)

    # --- what must be so ------------------------------------------------------------------------------------------

    async def check(self) -> None:
        assert await self.held(self.course) == self.current
        history = await self.editor.history(self.course)
        self.ids = {each["version"]: each["id"] for each in history if each["state"] == "archived"}
        assert [each["version"] for each in history if each["state"] == "current"] == [self.version]
        assert self.ids.keys() == self.kept.keys() - {self.version}
        for version, there in self.ids.items():
            assert await self.held(there) == self.kept[version], version
        if self.draft is not None:
            assert (history[0]["id"], history[0]["state"]) == (self.draft, "draft")
            assert await self.held(self.draft) == self.drafted
        shown = await self.studio.ask("GET", f"/courses/{self.course}", headers=self.studio.author)
        ids = [(module["id"], [each["id"] for each in module["lessons"]]) for module in shown["modules"]]
        assert ids == [(module[0], [each[0] for each in module[2]]) for module in self.current]

    async def held(self, course: int) -> list[Any]:
        found = await self.editor.held(course)
        return [[module, title, [list(lesson) for lesson in lessons]] for module, title, lessons in found]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_version_keeps_what_it_had(studio, editor, seed):
    course = await studio.published()
    story = Story(studio, editor, course.id, random.Random(seed), [])
    story.current = await story.held(course.id)
    story.keep(FIRST)
    chances = {
        story.add_module: 1,
        story.add_lesson: 2,
        story.rewrite: 3,
        story.delete_lesson: 2,
        story.delete_module: 1,
        story.shuffle: 2,
        story.begin: 2,
        story.discard: 1,
        story.publish: 3,
        story.restore: 2,
    }
    for _ in range(STEPS):
        if sum(len(module[2]) for module in story.outline) > 30:
            await story.delete_module()
        [step] = story.dice.choices(list(chances), list(chances.values()))
        await step()
        await story.check()
    assert len(story.kept) > 5
