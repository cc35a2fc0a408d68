"""Courses: made, found, changed, deleted. Every change is told by CourseChanged.

Who edits anything of a course opens it with `open_for_editing`, which checks their right and holds the course's
row, and ends with `record_change`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from chassis.db import Database, now
from chassis.outbox import emit
from chassis.pagination import PageParams
from contracts.catalog import CourseChanged, CourseDeleted
from contracts.fields import CourseLevel
from contracts.learning import EnrollmentCreated, EnrollmentDropped
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import slugs
from catalog.categories import service as categories
from catalog.courses import access, facets, locks, queries, rules, spelling, versions
from catalog.courses.errors import (
    CourseHasStudents,
    CourseIncomplete,
    CourseNotFound,
    OnlyAdminsFeature,
    OnlyTheLeadDeletes,
)
from catalog.courses.models import Course
from catalog.enrollment_mirror import service as enrollment_mirror
from catalog.instructor_mirror import service as instructor_mirror
from catalog.outline import service as outlines
from catalog.outline import versions as outline_versions
from catalog.outline.service import Part
from catalog.people import service as people
from catalog.settings import settings_of

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls


@dataclass(frozen=True, slots=True)
class View:
    """A course as one answer shows it: whole, or what learners see of it, its price at this instant."""

    course: Course
    outline: list[Part]
    author_name: str | None
    author_picture: str | None
    currency: str
    at: datetime


CHANGE, DELETE = access.CHANGE, access.DELETE

# Other slices ask about courses here.
rights_of = access.rights_of
is_taught_by = access.is_taught_by
check_may_author = access.check_may_author
check_may_edit = access.check_may_edit
open_for_editing = access.open_for_editing
open_content = access.open_content
find_readable = access.find_readable


# --- reading --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """One page of courses; `rows` as queries.cards gives them."""

    rows: Sequence[Row[Any]]
    next_cursor: str | None
    counts: facets.Counts | None = None
    searched_for: str | None = None


async def list_courses(
    session: AsyncSession,
    params: PageParams,
    *,
    taught_by: int | None,
    sort: queries.Sort | None,
    category: str | None,
    with_facets: bool = False,
    **narrowed: Any,
) -> Found:
    """A page of the published courses, or of all that `taught_by` teaches.

    `category` is an id or a slug and brings its subtree; `narrowed` are the other fields of queries.Filters.
    """
    at = now()
    wanted: dict[str, Any] = {}
    if category is not None:
        by_id = is_id(category)
        wanted = {
            "categories": categories.subtree(by_id=by_id),
            "category": int(category) if by_id else category,
        }
    taught = None
    if taught_by is not None:
        taught = queries.led_or_taught_by(taught_by, instructor_mirror.courses_taught_by(taught_by))
    currency = settings_of(session).currency
    filters = queries.Filters(at=at, currency=currency, taught=taught, **wanted, **narrowed)
    if filters.language is not None:
        filters = replace(filters, searched_as=filters.language)
    listed = await spelling.find(session, filters, sort, params)
    counts = None
    if with_facets and params.cursor is None:
        counts = await facets.count(session, listed.filters, categories.ancestry())
    return Found(listed.rows, listed.next_cursor, counts, listed.searched_for)


def is_id(text: str) -> bool:
    """Whether the text reads as an id; a slug never does."""
    return text.isascii() and text.isdigit() and 0 < int(text) < 2**63


async def view(session: AsyncSession, course: Course) -> View:
    """A course as those who teach it see it."""
    await session.flush()
    found = await queries.with_author(session, course.id, people.directory())
    assert found is not None, "the caller holds its row"
    return _view(session, found, await outlines.load(session, course.id))


def _view(session: AsyncSession, found: tuple[Course, str | None, str | None], outline: list[Part]) -> View:
    course, author_name, author_picture = found
    return View(course, outline, author_name, author_picture, settings_of(session).currency, now())


async def find_any(session: AsyncSession, course_id: int) -> Course:
    """A course whoever asks, for other services; CourseNotFound when there is none, and for a version of one."""
    course = await queries.by_id(session, course_id)
    if course is None or course.parent_version_id is not None:
        raise CourseNotFound
    return course


# --- writing --------------------------------------------------------------------------------------------------


async def create(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", given: Mapping[str, Any]
) -> View:
    """Add a course, a draft led by the caller.

    Raises InstructorNotApproved, OnlyAdminsFeature, CategoryUnknown, DiscountNotBelowPrice, DiscountMissing.
    """
    await check_may_author(session, calls, principal)
    if given.get("is_featured") and not principal.may("catalog.feature_course"):
        raise OnlyAdminsFeature
    rules.check_price(given["price"], given.get("discount_price"), given.get("discount_ends"))
    await categories.hold_for_course(session, given["category_id"])
    base = slugs.slugify(given["title"], "course")
    taken = await queries.slugs_taken(session, slugs.numbered(base))
    course = await queries.add(
        session, slugs.candidates(base, taken), {**given, "created_by_id": principal.user_id}
    )
    await record_change(session, course)
    return await view(session, course)


async def edit(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    changes: Mapping[str, Any],
    unchanged: Callable[[Course], None],
) -> View:
    """Change a course's own fields; its slug stays. `unchanged` raises when somebody else changed it meanwhile.

    Raises what `open_for_editing` and `create` do, and CourseIncomplete when a published course would lack what
    it was published with; EditedInDraft for what is versioned while there is a draft, NotVersioned for what a draft
    does not decide.
    """
    course = await open_for_editing(session, calls, principal, course_id)
    unchanged(course)
    wanted = dict(changes)
    if "discount_price" in wanted and wanted["discount_price"] is None:
        wanted.setdefault("discount_ends", None)
    different = {name: value for name, value in wanted.items() if getattr(course, name) != value}
    if not different:
        return await view(session, course)
    if "is_featured" in different and not principal.may("catalog.feature_course"):
        raise OnlyAdminsFeature
    await versions.check_fields(session, course, different.keys())
    if "category_id" in different:
        await categories.hold_for_course(session, different["category_id"])
    lacked = await missing(session, course)
    for name, value in different.items():
        setattr(course, name, value)
    rules.check_price(course.price, course.discount_price, course.discount_ends)
    lost = [lack for lack in await missing(session, course) if lack not in lacked]
    if course.is_published and lost:
        raise CourseIncomplete("A published course keeps what it was published with.", missing=lost)
    await versions.keep_in_step(session, course, different.keys())
    await record_change(session, course)
    return await view(session, course)


async def open_for_deletion(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> Course:
    """A course nobody ever enrolled in, its row held, for someone who may delete it.

    Raises OnlyTheLeadDeletes, CourseHasStudents, and what `open_for_editing` does.
    """
    course = await open_for_editing(session, calls, principal, course_id, staff=DELETE)
    if not (principal.may(DELETE) or course.created_by_id == principal.user_id):
        raise OnlyTheLeadDeletes
    if await enrollment_mirror.ever_enrolled(session, course_id):
        raise CourseHasStudents
    return course


async def delete(session: AsyncSession, course: Course) -> None:
    """Remove a course opened for deletion and its versions, and tell."""
    await versions.remove_of(session, course.id)
    await _count(session, course, None)
    course.state_version += 1
    emit(
        session,
        CourseDeleted(
            course_id=course.id,
            created_by_id=course.created_by_id,
            deleted_at=now(),
            version=course.state_version,
        ),
    )
    await queries.remove(session, course)


async def missing(
    session: AsyncSession, course: Course, skeleton: list[tuple[int, list[int]]] | None = None
) -> list[dict[str, str]]:
    """What the course lacks to be published."""
    if skeleton is None:
        skeleton = await outlines.skeleton(session, course.id)
    category = await categories.of_course(session, course.category_id)
    return rules.missing(
        rules.Draft(
            title=course.title,
            description=course.description,
            has_category=category.is_active,
            level=course.level,
            price=course.price,
            lessons_per_module=tuple(len(lessons) for _, lessons in skeleton),
        )
    )


async def _count(session: AsyncSession, course: Course, category_id: int | None) -> None:
    """Have the course counted in this category alone; the caller holds its row."""
    await categories.count_moved(session, course.counted_in_id, category_id)
    course.counted_in_id = category_id


async def record_change(session: AsyncSession, course: Course) -> None:
    """Tell that the course or its outline changed, and keep its completeness; the caller holds its row.

    Nothing is told of a version: to others it would be a course. Lessons that the course did without since are told
    as its own: they were not deleted, and what hangs on them waits for them to come back.
    """
    skeleton = await outlines.skeleton(session, course.id)
    lacking = await missing(session, course, skeleton)
    course.completion_percentage, course.completion_status = rules.completion(len(lacking))
    course.price_now = rules.effective_price(course.price, course.discount_price, course.discount_ends, now())
    await _count(session, course, course.category_id if course.is_published else None)
    course.state_version += 1
    if course.parent_version_id is not None:
        return
    retired = await outline_versions.retired_from(session, course.id)
    emit(
        session,
        CourseChanged(
            course_id=course.id,
            created_by_id=course.created_by_id,
            title=course.title,
            slug=course.slug,
            category_id=course.category_id,
            level=cast("CourseLevel", course.level),
            price=course.price,
            discount_price=course.discount_price,
            discount_ends=course.discount_ends,
            currency=settings_of(session).currency,
            has_certificate=course.has_certificate,
            is_published=course.is_published,
            is_draft=course.is_draft,
            parent_version_id=course.parent_version_id,
            course_version=rules.version_text(course.version),
            first_published_at=course.first_published_at,
            lesson_ids=(*(lesson for _, lessons in skeleton for lesson in lessons), *retired),
            version=course.state_version,
        ),
    )


SETTLED_AT_ONCE = 500


async def settle_prices(database: Database) -> None:
    """Have the courses whose discount has ended sorted by their price, some at a time: a big sale ends at one instant,
    and those who enroll or edit meanwhile do not wait for all of it."""
    settled = SETTLED_AT_ONCE
    while settled == SETTLED_AT_ONCE:
        async with database.transaction() as session:
            settled = await queries.settle_prices(session, now(), SETTLED_AT_ONCE)


# --- previews -------------------------------------------------------------------------------------------------


async def set_preview(
    session: AsyncSession, course_id: int, token: str | None, expires_at: datetime | None
) -> None:
    """Keep the hash of the token that opens a course; its version stays, for nothing of the course changed."""
    await queries.set_preview(session, course_id, token, expires_at)


async def find_by_preview(session: AsyncSession, token: str, at: datetime) -> Course | None:
    """The course that the token of this hash opens at `at`."""
    return await queries.by_preview(session, token, at)


# --- what events bring ------------------------------------------------------------------------------------------


async def take_enrollments(
    session: AsyncSession, events: Sequence[EnrollmentCreated | EnrollmentDropped]
) -> None:
    """Keep who is enrolled, and each course's number of students and last enrolling, exact in any order."""
    await enrollment_mirror.take(session, events)
    # Held before they are counted: events of one course come by several partitions, and of two readers that
    # counted at the same time neither would see what the other has written.
    held = await locks.lock_many(session, {event.course_id for event in events})
    totals = await enrollment_mirror.totals(session, held)
    for course_id, (students, last_enrolled) in totals.items():
        await queries.set_students(session, course_id, students, last_enrolled)


async def hold_counters(session: AsyncSession, course_ids: Collection[int]) -> list[int]:
    """Those of the courses that exist, their rows held for whoever counts; rows that refer to them need not wait."""
    return await locks.lock_many(session, course_ids)


async def set_rating(session: AsyncSession, course_id: int, average: Decimal, reviews: int) -> None:
    """Keep what the approved reviews come to; the caller holds the course's row and has just counted."""
    await queries.set_rating(session, course_id, average, reviews)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Have the tombstone lead every course the user led, and stand for who published."""
    await versions.replace_publisher(session, user_id, tombstone_id)
    for course in await queries.led_by(session, user_id):
        course.created_by_id = tombstone_id
        await record_change(session, course)
