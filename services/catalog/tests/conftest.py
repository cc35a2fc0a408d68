"""Catalog under test, and what most of its tests begin with: an approved instructor, a category, a course."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest
from chassis.testing import Deliver, ServiceUnderTest, Upstream
from contracts.assessment import AssessmentChanged, AssessmentRemoved
from contracts.envelope import Event
from contracts.identity import UserChanged, UserErased
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved, InstructorChanged
from contracts.learning import EnrollmentCreated, EnrollmentDropped

E = TypeVar("E", bound=Event)
AUTHOR, OTHER, LEARNER, ADMIN = 3, 4, 7, 1
DESCRIPTION = "How a machine of brass would have woven numbers as a loom weaves leaves and flowers. " * 2


@pytest.fixture(scope="session")
def service() -> ServiceUnderTest:
    return ServiceUnderTest(
        "catalog", {"max_lessons_per_course": 40, "max_modules_per_course": 12, "max_resources_per_lesson": 6}
    )


def _event(kind: type[E], **given: Any) -> E:
    """The example of the contract, with these fields changed."""
    example = kind.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,call-overload]
    return kind.model_validate_json(json.dumps({**example, **given}))


class Events:
    """What other services tell."""

    @staticmethod
    def instructor(user_id: int, *, status: str = "active", version: int = 1) -> InstructorChanged:
        given = {"user_id": user_id, "profile_id": user_id + 100, "status": status, "version": version}
        return _event(InstructorChanged, **given)

    @staticmethod
    def co_instructor(course_id: int, user_id: int, *, version: int = 1, **given: Any) -> CoInstructorChanged:
        rights: dict[str, Any] = {"role": "co_instructor", "is_lead": False, "can_edit_content": True}
        ids = {"course_id": course_id, "user_id": user_id, "profile_id": user_id + 100, "version": version}
        return _event(CoInstructorChanged, **{**rights, **ids, **given})

    @staticmethod
    def no_co_instructor(course_id: int, user_id: int, *, version: int) -> CoInstructorRemoved:
        return _event(CoInstructorRemoved, course_id=course_id, user_id=user_id, version=version)

    @staticmethod
    def enrolled(
        enrollment_id: int,
        user_id: int,
        course_id: int,
        *,
        version: int = 1,
        at: str = "2026-11-22T20:00:00Z",
    ) -> EnrollmentCreated:
        ids = {"enrollment_id": enrollment_id, "user_id": user_id, "course_id": course_id}
        return _event(EnrollmentCreated, **ids, version=version, enrolled_at=at)

    @staticmethod
    def dropped(enrollment_id: int, user_id: int, course_id: int, *, version: int = 2) -> EnrollmentDropped:
        ids = {"enrollment_id": enrollment_id, "user_id": user_id, "course_id": course_id}
        return _event(EnrollmentDropped, **ids, version=version)

    @staticmethod
    def assessed(
        assessment_id: int, lesson_id: int, course_id: int, *, version: int = 1
    ) -> AssessmentChanged:
        ids = {"assessment_id": assessment_id, "lesson_id": lesson_id, "course_id": course_id}
        return _event(AssessmentChanged, **ids, version=version)

    @staticmethod
    def unassessed(
        assessment_id: int, lesson_id: int, course_id: int, *, version: int = 2
    ) -> AssessmentRemoved:
        ids = {"assessment_id": assessment_id, "lesson_id": lesson_id, "course_id": course_id}
        return _event(AssessmentRemoved, **ids, version=version)

    @staticmethod
    def user(user_id: int, name: str, *, version: int = 1) -> UserChanged:
        return _event(UserChanged, user_id=user_id, display_name=name, version=version)

    @staticmethod
    def erased(user_id: int, tombstone_id: int) -> UserErased:
        return _event(UserErased, user_id=user_id, tombstone_id=tombstone_id)


@pytest.fixture(scope="session")
def events() -> type[Events]:
    return Events


@dataclass
class Made:
    """A course over HTTP: its id, its modules and their lessons, by id."""

    id: int
    slug: str
    modules: list[int] = field(default_factory=list)
    lessons: list[list[int]] = field(default_factory=list)


@dataclass
class Studio:
    """Does over HTTP what an author and an admin do, and insists that it works."""

    client: httpx.AsyncClient
    auth: Callable[..., dict[str, str]]

    @property
    def author(self) -> dict[str, str]:
        return self.auth(AUTHOR, "instructor")

    @property
    def other(self) -> dict[str, str]:
        return self.auth(OTHER, "instructor")

    @property
    def learner(self) -> dict[str, str]:
        return self.auth(LEARNER, "student")

    @property
    def admin(self) -> dict[str, str]:
        return self.auth(ADMIN, "admin")

    async def ask(self, method: str, path: str, *, expect: int = 200, **given: Any) -> Any:
        answer = await self.client.request(method, f"/api/v1{path}", **given)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def category(self, name: str = "Mathematics", **given: Any) -> int:
        body = {"name": name, **given}
        found = await self.ask("POST", "/categories", expect=201, headers=self.admin, json=body)
        return int(found["id"])

    async def course(self, title: str = "Notes on the Analytical Engine", **given: Any) -> Made:
        """A draft without modules."""
        if "category_id" not in given:
            listed = await self.ask("GET", "/categories")
            given["category_id"] = listed["items"][0]["id"] if listed["items"] else await self.category()
        body = {"title": title, "description": DESCRIPTION, **given}
        found = await self.ask("POST", "/courses", expect=201, headers=self.author, json=body)
        return Made(found["id"], found["slug"])

    async def module(self, course: Made, title: str = "A module", **given: Any) -> int:
        body = {"title": title, **given}
        path = f"/courses/{course.id}/modules"
        found = await self.ask("POST", path, expect=201, headers=self.author, json=body)
        course.modules.append(found["id"])
        course.lessons.append([])
        return int(found["id"])

    async def lesson(self, course: Made, module: int, title: str = "A lesson", **given: Any) -> int:
        """`module` is its place among the course's."""
        path = f"/modules/{course.modules[module]}/lessons"
        body = {"title": title, **given}
        found = await self.ask("POST", path, expect=201, headers=self.author, json=body)
        course.lessons[module].append(found["id"])
        return int(found["id"])

    async def outlined(self, title: str = "Notes on the Analytical Engine", **given: Any) -> Made:
        """A draft with two modules of two lessons."""
        course = await self.course(title, **given)
        for number in range(2):
            await self.module(course, f"Module {number}")
            for letter in "AB":
                await self.lesson(
                    course, number, f"Lesson {number}{letter}", content=f"whole {number}{letter}"
                )
        return course

    async def published(self, title: str = "Notes on the Analytical Engine", **given: Any) -> Made:
        course = await self.outlined(title, **given)
        await self.ask("POST", f"/courses/{course.id}/publish", headers=self.author)
        return course


class Empty(dict[tuple[str, str], tuple[int, Any]]):
    """Learning's answers: nobody ever enrolled in anything, unless it was told otherwise."""

    def get(self, asked: Any, default: Any = None) -> Any:
        if asked not in self and asked[0] == "POST" and asked[1].endswith("/closing"):
            return 200, {"enrolled": False}
        return super().get(asked, default)


@pytest.fixture
async def studio(
    client: httpx.AsyncClient, auth: Callable[..., dict[str, str]], deliver: Deliver, upstream: Upstream
) -> Studio:
    """AUTHOR (3) and OTHER (4) are approved instructors; there is a category."""
    upstream.answers = Empty(upstream.answers)
    await deliver(Events.instructor(AUTHOR), Events.instructor(OTHER))
    studio = Studio(client, auth)
    await studio.category()
    return studio


@pytest.fixture
def learning_says(upstream: Upstream) -> Callable[[int, int, str], None]:
    """`learning_says(user_id, course_id, "active")`: what learning answers when it is asked."""

    def say(user_id: int, course_id: int, status: str) -> None:
        path = f"/internal/enrollments?user_id={user_id}&course_id={course_id}"
        upstream.will_answer(path, {"enrollment_id": 42, "status": status})

    return say
