"""What the tests of learning share: a course in catalog, and people who learn."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from chassis.testing import ServiceUnderTest, Upstream
from contracts.catalog import CoursePublished, PublishedLesson, PublishedModule

PUBLISHED_AT = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def service() -> ServiceUnderTest:
    return ServiceUnderTest("learning")


def lesson(lesson_id: int, *, order: int = 0, has_assessment: bool = False) -> PublishedLesson:
    return PublishedLesson(
        id=lesson_id,
        title=f"Lesson {lesson_id}",
        order=order,
        duration_minutes=10,
        access_level="registered",
        type="reading",
        is_free_preview=False,
        has_assessment=has_assessment,
    )


def module(
    module_id: int, *lessons: PublishedLesson, order: int = 0, published: bool = True
) -> PublishedModule:
    return PublishedModule(
        id=module_id, title=f"Module {module_id}", order=order, is_published=published, lessons=lessons
    )


def two_modules() -> tuple[PublishedModule, ...]:
    """Two modules of two lessons: 101 and 102, 201 and 202."""
    return (
        module(10, lesson(101, order=0), lesson(102, order=1), order=0),
        module(20, lesson(201, order=0), lesson(202, order=1), order=1),
    )


def published_course(
    course_id: int = 12,
    *,
    version: int = 5,
    modules: tuple[PublishedModule, ...] | None = None,
    price: str = "0.00",
    has_certificate: bool = True,
    created_by_id: int = 3,
    title: str = "Notes on the Analytical Engine",
) -> CoursePublished:
    return CoursePublished(
        course_id=course_id,
        created_by_id=created_by_id,
        title=title,
        slug=f"course-{course_id}",
        thumbnail_url=None,
        category_id=4,
        level="beginner",
        price=Decimal(price),
        discount_price=None,
        discount_ends=None,
        currency="EUR",
        has_certificate=has_certificate,
        course_version="1.0",
        published_at=PUBLISHED_AT,
        first_published_at=PUBLISHED_AT,
        modules=two_modules() if modules is None else modules,
        version=version,
    )


class Outlines:
    """What courses are made of: `make.course(12, modules=(make.module(10, make.lesson(101)),))`."""

    lesson = staticmethod(lesson)
    module = staticmethod(module)
    course = staticmethod(published_course)


@pytest.fixture(scope="session")
def make() -> Outlines:
    return Outlines()


@dataclass
class Catalog:
    """Catalog as learning asks it: a real server on loopback that offers the courses it was given."""

    upstream: Upstream
    courses: dict[int, CoursePublished] = field(default_factory=dict)

    def has(self, course: CoursePublished, *, is_published: bool = True, version: int | None = None) -> None:
        """From now on this is the course's outline, and its offer is at the outline's price."""
        self.courses[course.course_id] = course
        price = f"{course.discount_price if course.discount_price is not None else course.price:.2f}"
        offer = {
            "course_id": course.course_id,
            "title": course.title,
            "slug": course.slug,
            "is_published": is_published,
            "price": f"{course.price:.2f}",
            "effective_price": price,
            "currency": course.currency,
            "certificate": course.has_certificate,
            "created_by_id": course.created_by_id,
            "version": version or course.version,
        }
        path = f"/internal/courses/{course.course_id}"
        self.upstream.will_answer(f"{path}/offer", offer)
        self.upstream.will_answer(f"{path}/outline", course.model_dump(mode="json"))


@pytest.fixture
def catalog(upstream: Upstream) -> Catalog:
    """Catalog with one free course, 12, of four lessons."""
    catalog = Catalog(upstream)
    catalog.has(published_course())
    return catalog


Auth = Callable[..., dict[str, str]]


@dataclass
class Learner:
    """Somebody with a token, who says what they do and gets the answer."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def enroll(self, course_id: int = 12, token: str | None = None) -> httpx.Response:
        body: dict[str, Any] = {"course_id": course_id}
        if token is not None:
            body["payment"] = {"provider": "sandbox", "token": token}
        return await self.post("/enrollments", body)

    async def enrolled(self, course_id: int = 12, token: str | None = None) -> int:
        answer = await self.enroll(course_id, token)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def complete(self, enrollment_id: int, lesson_id: int) -> httpx.Response:
        return await self.post(f"/enrollments/{enrollment_id}/lessons/{lesson_id}/complete")

    async def completes(self, enrollment_id: int, *lesson_ids: int) -> None:
        for lesson_id in lesson_ids:
            answer = await self.complete(enrollment_id, lesson_id)
            assert answer.status_code == 200, answer.text

    async def report(self, enrollment_id: int, lesson_id: int, **given: Any) -> httpx.Response:
        path = f"/api/v1/enrollments/{enrollment_id}/lessons/{lesson_id}/progress"
        return await self.client.put(path, json=given, headers=self.headers)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", headers=self.headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(f"/api/v1{path}", json=body, headers={**self.headers, **headers})


@pytest.fixture
def person(client: httpx.AsyncClient, auth: Auth) -> Callable[..., Learner]:
    """`person(7)`, `person(8, tier="premium")`, `person(1, role="admin")`."""

    def make(user_id: int = 7, **given: Any) -> Learner:
        return Learner(client, auth(user_id, **given))

    return make


@pytest.fixture
def ada(person: Callable[..., Learner]) -> Learner:
    """A student, user 7."""
    return person(7)


@pytest.fixture
def guest(client: httpx.AsyncClient) -> Learner:
    """Somebody without a token."""
    return Learner(client, {})


Published = Callable[[], Awaitable[list[Any]]]
