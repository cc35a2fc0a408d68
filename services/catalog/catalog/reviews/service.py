"""Reviews of courses: written once a person, moderated by the staff, counted into the course's rating.

Every change that a rating depends on holds the course's row first and the review's after it; the rating is counted
anew under that lock, so that it is exact whoever writes at the same time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.db import now
from chassis.errors import Unavailable
from chassis.outbox import emit
from chassis.pagination import PageParams
from contracts.catalog import ReviewChanged, ReviewRemoved
from contracts.learning import EnrollmentCreated, EnrollmentDropped
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import reading
from catalog.courses import service as courses
from catalog.courses.errors import CourseNotFound
from catalog.enrollment_mirror import service as enrollment_mirror
from catalog.people import service as people
from catalog.reviews import queries, rules
from catalog.reviews.errors import AlreadyReviewed, NotYourReview, OwnCourse, OwnReview, ReviewNotFound
from catalog.reviews.models import Review

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

MODERATE = "catalog.moderate_review"


@dataclass(frozen=True, slots=True)
class View:
    """A review and its author, as one reader sees them."""

    review: Review
    author_name: str | None
    author_picture: str | None


def may_moderate(principal: "Principal | None") -> bool:
    return principal is not None and principal.may(MODERATE)


# --- reading --------------------------------------------------------------------------------------------------


async def list_reviews(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal | None",
    course_id: int,
    params: PageParams,
    *,
    sort: queries.Sort,
    rating: int | None,
    verified: bool | None,
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of a course's reviews: the approved ones and the caller's own; all of them for moderators."""
    found, rows, next_cursor = await queries.of_course(
        session,
        reading.standings(),
        people.directory(),
        course_id,
        params,
        sort,
        moderates=may_moderate(principal),
        rating=rating,
        verified=verified,
        reader=reading.asking(principal),
    )
    await reading.check(calls, principal, found)
    return rows, next_cursor


async def find(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal | None", review_id: int
) -> View:
    """A review the caller may see; ReviewNotFound for any other."""
    row = await queries.with_author(session, review_id, people.directory())
    if row is None:
        raise ReviewNotFound
    view = View(*row)
    if not _is_shown(view.review, principal):
        raise ReviewNotFound
    try:
        await courses.find_readable(session, calls, principal, view.review.course_id)
    except CourseNotFound as error:
        raise ReviewNotFound from error
    return view


def _is_shown(review: Review, principal: "Principal | None") -> bool:
    if review.is_approved or may_moderate(principal):
        return True
    return principal is not None and principal.user_id == review.user_id


async def _reread(session: AsyncSession, review_id: int) -> View:
    await session.flush()
    row = await queries.with_author(session, review_id, people.directory())
    assert row is not None, "the caller holds its row"
    return View(*row)


# --- writing --------------------------------------------------------------------------------------------------


async def write(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    given: Mapping[str, Any],
) -> View:
    """Add the caller's review of a course they can read. Raises CourseNotFound, OwnCourse, AlreadyReviewed."""
    course, _ = await courses.find_readable(session, calls, principal, course_id)
    if course.parent_version_id is not None:
        raise CourseNotFound
    if await courses.is_taught_by(session, course, principal.user_id):
        raise OwnCourse
    verified = await _has_enrolled(session, calls, principal.user_id, course_id)
    if await people.tombstones(session, [principal.user_id]):
        raise CourseNotFound
    await _hold_course(session, course_id)
    written = await queries.id_of(session, principal.user_id, course_id)
    if written is not None:
        raise AlreadyReviewed("There is one review a course and person; edit yours.", review_id=written)
    # Once more under the lock: an enrollment taken in meanwhile found no review to verify.
    verified = verified or await enrollment_mirror.has_enrolled(session, principal.user_id, course_id)
    review = Review(
        user_id=principal.user_id,
        course_id=course_id,
        is_verified_purchase=verified,
        is_approved=True,
        is_featured=False,
        created_date=now(),
        state_version=0,
        **given,
    )
    session.add(review)
    await session.flush()
    _tell(session, review)
    await _count(session, course_id)
    return await _reread(session, review.id)


async def _has_enrolled(session: AsyncSession, calls: "InternalCalls", user_id: int, course_id: int) -> bool:
    """Whether the user ever enrolled, as far as is known; what learning could not say now comes by its event."""
    if await enrollment_mirror.has_enrolled(session, user_id, course_id):
        return True
    try:
        return await enrollment_mirror.is_enrolled(session, calls, user_id, course_id)
    except Unavailable:
        return False


async def edit(
    session: AsyncSession,
    principal: "Principal",
    review_id: int,
    changes: Mapping[str, Any],
    unchanged: Callable[[Review], None],
) -> View:
    """Change one's own review; what was moderated stays so. Raises ReviewNotFound, NotYourReview."""
    review = await _hold(session, principal, review_id)
    if review.user_id != principal.user_id:
        raise NotYourReview
    unchanged(review)
    await _apply(session, review, changes)
    return await _reread(session, review_id)


async def moderate(
    session: AsyncSession, principal: "Principal", review_id: int, decided: Mapping[str, Any]
) -> View:
    """Approve or hide a review, feature it, note why; for moderators. Raises ReviewNotFound."""
    review = await _hold(session, principal, review_id)
    await _apply(session, review, decided)
    return await _reread(session, review_id)


async def _apply(session: AsyncSession, review: Review, changes: Mapping[str, Any]) -> None:
    different = {name: value for name, value in changes.items() if getattr(review, name) != value}
    if not different:
        return
    for name, value in different.items():
        setattr(review, name, value)
    # What is hidden is not shown on the home page either.
    review.is_featured = review.is_featured and review.is_approved
    await session.flush()
    _tell(session, review)
    await _count(session, review.course_id)


async def remove(session: AsyncSession, principal: "Principal", review_id: int) -> None:
    """Delete a review; its author or a moderator may. Raises ReviewNotFound, NotYourReview."""
    review = await _hold(session, principal, review_id)
    if review.user_id != principal.user_id and not may_moderate(principal):
        raise NotYourReview
    await _remove(session, review)
    await _count(session, review.course_id)


async def remove_of_course(session: AsyncSession, course_id: int) -> None:
    """Delete every review of a course that is being deleted, whose row the caller holds; each is told."""
    for review in await queries.lock_of_course(session, course_id):
        await _remove(session, review)


async def _remove(session: AsyncSession, review: Review) -> None:
    review.state_version += 1
    emit(
        session,
        ReviewRemoved(
            review_id=review.id,
            course_id=review.course_id,
            user_id=review.user_id,
            removed_at=now(),
            version=review.state_version,
        ),
    )
    await queries.remove(session, review)


async def _hold(session: AsyncSession, principal: "Principal", review_id: int) -> Review:
    """The review, its course's row and its own held; ReviewNotFound for one the caller may not see."""
    found = await queries.by_id(session, review_id)
    if found is None or not _is_shown(found, principal):
        raise ReviewNotFound
    await _hold_course(session, found.course_id)
    held = await queries.lock(session, review_id)
    if held is None:
        raise ReviewNotFound
    return held


async def _hold_course(session: AsyncSession, course_id: int) -> None:
    if not await courses.hold_counters(session, [course_id]):
        raise CourseNotFound


async def _count(session: AsyncSession, course_id: int) -> None:
    total, reviews = await queries.approved(session, course_id)
    await courses.set_rating(session, course_id, rules.average(total, reviews), reviews)


def _tell(session: AsyncSession, review: Review) -> None:
    review.state_version += 1
    emit(
        session,
        ReviewChanged(
            review_id=review.id,
            course_id=review.course_id,
            user_id=review.user_id,
            rating=review.rating,
            is_approved=review.is_approved,
            is_featured=review.is_featured,
            verified_purchase=review.is_verified_purchase,
            created_at=review.created_date,
            version=review.state_version,
        ),
    )


# --- votes ----------------------------------------------------------------------------------------------------


async def find_helpful(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", review_id: int
) -> View:
    """Count the caller among those who found the review helpful; once. Raises ReviewNotFound, OwnReview."""
    view = await find(session, calls, principal, review_id)
    if view.review.user_id == principal.user_id:
        raise OwnReview
    if await people.tombstones(session, [principal.user_id]):
        raise ReviewNotFound
    if await queries.lock(session, review_id) is None:
        raise ReviewNotFound
    if await queries.vote(session, review_id, principal.user_id):
        await queries.count_helpful(session, review_id, 1)
    return await _reread(session, review_id)


async def take_helpful_back(session: AsyncSession, principal: "Principal", review_id: int) -> None:
    """Take the caller's vote back; without one, nothing changes. Raises ReviewNotFound."""
    review = await queries.lock(session, review_id)
    if review is None or not _is_shown(review, principal):
        raise ReviewNotFound
    if await queries.unvote(session, review_id, principal.user_id):
        await queries.count_helpful(session, review_id, -1)


# --- what events bring ------------------------------------------------------------------------------------------


async def verify(session: AsyncSession, events: Sequence[EnrollmentCreated | EnrollmentDropped]) -> None:
    """Mark the reviews of those who enrolled as by learners of the course; its row is held by the caller."""
    pairs = {(event.user_id, event.course_id) for event in events}
    for review in await queries.lock_unverified(session, pairs):
        review.is_verified_purchase = True
        await session.flush()
        _tell(session, review)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Have the tombstone stand for the author and the voter; the reviews stay and count."""
    await queries.replace_user(session, user_id, tombstone_id)
