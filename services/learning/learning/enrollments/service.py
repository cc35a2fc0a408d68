"""Enroll, drop, refund, complete: the life of an enrollment, each step told by its events."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from chassis.db import now
from chassis.errors import Forbidden
from chassis.pagination import PageParams, page
from sqlalchemy.ext.asyncio import AsyncSession

from learning.certificates import service as certificates
from learning.course_mirror import service as course_mirror
from learning.course_mirror.errors import CourseNotFound
from learning.enrollments import queries, rules, telling
from learning.enrollments.errors import (
    EnrollmentClosed,
    EnrollmentCompleted,
    EnrollmentDropped,
    EnrollmentNotFound,
    NotEnrolled,
    PaymentNeeded,
)
from learning.enrollments.models import Enrollment
from learning.enrollments.offers import Offer, fetch_offer
from learning.payments import service as payments
from learning.people import service as people
from learning.progress import service as progress
from learning.progress.rules import Standing
from learning.settings import settings_of

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from learning.progress.models import CourseProgress


async def enroll(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    payment_token: str | None,
) -> tuple[Enrollment, bool]:
    """Enroll a learner once; a repeated call returns the first enrollment. The second value: whether it is new.

    Coming back to a dropped course counts as new. Raises CourseNotFound, EnrollmentClosed, PaymentNeeded, or what
    the payment provider raises; then nothing was charged.
    """
    offer = await fetch_offer(calls, course_id)
    if offer is None or not offer.is_published:
        return await _already_enrolled(session, principal.user_id, course_id), False
    course = await course_mirror.hold_current(session, calls, course_id, offer.version)
    # Taken off the catalogue since the offer was made: it may be deleted once we are through.
    if course.version > offer.version and not course.is_published:
        return await _already_enrolled(session, principal.user_id, course_id), False
    enrollment, is_new = await queries.lock_or_add(session, principal.user_id, course_id)
    if not is_new and enrollment.status != "dropped":
        return enrollment, False
    instant = now()
    paid = await _settle(session, principal, enrollment, offer, payment_token, instant)
    enrollment.status = "active"
    enrollment.enrolled_date = enrollment.last_accessed = enrollment.time_counted_until = instant
    telling.enrolled(session, enrollment, paid, offer.currency, reactivated=not is_new)
    await progress.open_course(session, enrollment.user_id, course_id, instant)
    await _recount(session, enrollment, instant)
    return enrollment, True


async def close(session: AsyncSession, course_id: int, created_by_id: int, version: int) -> bool:
    """Take no enrollment in a course by an offer older than `version`; whether anybody ever enrolled in it.

    Who is about to is waited for, and counted: they hold the mirrored course until they are through.
    """
    await course_mirror.take_off(session, course_id, created_by_id, version)
    return await queries.has_any(session, course_id)


async def _already_enrolled(session: AsyncSession, user_id: int, course_id: int) -> Enrollment:
    """The enrollment that somebody has in a course that takes no new ones; otherwise why there is none."""
    enrollment = await queries.lock_of(session, user_id, course_id)
    if enrollment is not None and enrollment.status != "dropped":
        return enrollment
    course = await course_mirror.find_course(session, course_id)
    # A draft is nobody's business; a course that was public once may be known to exist.
    if course is None or not course.was_published:
        raise CourseNotFound
    raise EnrollmentClosed("The course is not published any more.")


async def _settle(
    session: AsyncSession,
    principal: "Principal",
    enrollment: Enrollment,
    offer: Offer,
    token: str | None,
    instant: datetime,
) -> telling.Paid | None:
    """Find by what right the learner enrolls, and charge the price if it is to be bought; what was paid, if so."""
    right = rules.access(
        offer.effective_price,
        has_bought=await payments.has_bought(session, enrollment.id),
        tier=await people.tier_of(session, principal, instant),
        basic_limit=settings_of(session).basic_tier_price_limit,
        can_pay=token is not None,
    )
    if right is None:
        raise PaymentNeeded(
            f"It costs {offer.effective_price:.2f} {offer.currency}.",
            price=f"{offer.effective_price:.2f}",
            currency=offer.currency,
        )
    if right != "purchase":
        return None
    assert token is not None
    purchase = await payments.buy(
        session,
        enrollment_id=enrollment.id,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        amount=offer.effective_price,
        currency=offer.currency,
        token=token,
        instant=instant,
    )
    return telling.Paid(Decimal(purchase.amount), purchase.payment_id)


VIEW, REFUND = "learning.view_enrollment", "learning.refund_enrollment"


# --- leaving ------------------------------------------------------------------------------------------------


async def drop(session: AsyncSession, principal: "Principal", enrollment_id: int) -> Enrollment:
    """Leave a course; a repeated call changes nothing. Raises EnrollmentNotFound or EnrollmentCompleted."""
    enrollment = await lock_visible(session, principal, enrollment_id, staff="learning.change_enrollment")
    if enrollment.status == "completed":
        raise EnrollmentCompleted
    if enrollment.status == "active":
        await _drop(session, enrollment, now(), refunded=False)
    return enrollment


async def refund(session: AsyncSession, principal: "Principal", enrollment_id: int) -> Enrollment:
    """Pay the purchase back and drop the enrollment; its certificate, if there is one, is revoked.

    Raises EnrollmentNotFound, NothingToRefund, or RefundWindowClosed (which holds an owner back, not the staff).
    """
    enrollment = await lock_visible(session, principal, enrollment_id, staff=REFUND)
    instant = now()
    purchase = await payments.pay_back(session, enrollment.id, instant, whenever=principal.may(REFUND))
    telling.refunded(session, enrollment, purchase, instant)
    await certificates.revoke_of_enrollment(
        session, enrollment.id, "The purchase of the course was paid back.", instant
    )
    if enrollment.status != "dropped":
        await _drop(session, enrollment, instant, refunded=True)
    return enrollment


async def _drop(session: AsyncSession, enrollment: Enrollment, instant: datetime, *, refunded: bool) -> None:
    enrollment.status = "dropped"
    enrollment.completion_date = None
    telling.dropped(session, enrollment, instant, refunded=refunded)
    await _recount(session, enrollment, instant)


# --- progress -----------------------------------------------------------------------------------------------


async def _recount(session: AsyncSession, enrollment: Enrollment, instant: datetime) -> None:
    lessons = await course_mirror.lesson_ids_of(session, enrollment.course_id)
    standing = await progress.standing(session, enrollment.id, lessons)
    record = await progress.course_progress(session, enrollment.user_id, enrollment.course_id)
    await take_standing(session, enrollment, record, standing, instant)


async def take_standing(
    session: AsyncSession,
    enrollment: Enrollment,
    record: "CourseProgress | None",
    standing: Standing,
    instant: datetime,
) -> None:
    """Write how far an enrollment is now, tell it, and complete the course when no lesson is left.

    The enrollment is locked. What was completed stays so, also when lessons are added later.
    """
    enrollment.progress_percentage = standing.whole_percentage
    if standing.is_complete and enrollment.status == "active":
        await _complete(session, enrollment, instant)
    if record is not None:
        progress.take_standing(record, standing, enrollment.completion_date)
    telling.progress_changed(session, enrollment, standing, instant)


async def _complete(session: AsyncSession, enrollment: Enrollment, instant: datetime) -> None:
    enrollment.status = "completed"
    enrollment.completion_date = instant
    telling.completed(session, enrollment, instant)
    course = await course_mirror.find_course(session, enrollment.course_id)
    if course is not None and course.has_certificate:
        await certificates.issue(
            session,
            enrollment_id=enrollment.id,
            user_id=enrollment.user_id,
            course_id=enrollment.course_id,
            course_title=course.title,
            instant=instant,
        )


# --- reading, and locking for the other slices --------------------------------------------------------------


async def show(session: AsyncSession, principal: "Principal", enrollment_id: int) -> Enrollment:
    """An enrollment of the caller's; any, to the staff. Raises EnrollmentNotFound."""
    return _visible(await queries.get(session, enrollment_id), principal, VIEW)


async def lock_visible(
    session: AsyncSession, principal: "Principal", enrollment_id: int, *, staff: str
) -> Enrollment:
    """An enrollment of the caller's, held until the transaction ends; any, to who of the staff holds the permission
    `staff`. Raises EnrollmentNotFound."""
    return _visible(await queries.lock(session, enrollment_id), principal, staff)


def _visible(enrollment: Enrollment | None, principal: "Principal", staff: str) -> Enrollment:
    if enrollment is None or not (principal.may(staff) or enrollment.user_id == principal.user_id):
        raise EnrollmentNotFound
    return enrollment


async def require_learner(session: AsyncSession, principal: "Principal", enrollment_id: int) -> Enrollment:
    """The caller's own enrollment, unlocked, not dropped. Raises EnrollmentNotFound, EnrollmentDropped, Forbidden."""
    enrollment = _visible(await queries.get(session, enrollment_id), principal, VIEW)
    if enrollment.user_id != principal.user_id:
        raise Forbidden("Only the learner can make progress in an enrollment.")
    return _not_dropped(enrollment)


async def lock_for_study(session: AsyncSession, enrollment_id: int) -> Enrollment:
    """An enrollment that `require_learner` has let pass, locked, still not dropped."""
    enrollment = await queries.lock(session, enrollment_id)
    if enrollment is None:
        raise EnrollmentNotFound
    return _not_dropped(enrollment)


def _not_dropped(enrollment: Enrollment) -> Enrollment:
    if enrollment.status == "dropped":
        raise EnrollmentDropped("Enroll again to go on where you left.")
    return enrollment


async def lock_batch(
    session: AsyncSession, course_id: int, after_id: int, limit: int
) -> Sequence[Enrollment]:
    """The next enrollments of a course that were not dropped, by id, locked."""
    return await queries.lock_batch(session, course_id, after_id, limit)


async def find(session: AsyncSession, user_id: int, course_id: int) -> Enrollment | None:
    """A user's enrollment in a course, dropped or not."""
    return await queries.find(session, user_id, course_id)


async def list_of_user(
    session: AsyncSession, user_id: int, status: str | None, params: PageParams
) -> tuple[Sequence[Enrollment], str | None]:
    """A user's enrollments, the latest first."""
    key = [(Enrollment.enrolled_date, "desc"), (Enrollment.id, "desc")]
    return await page(session, queries.of_user(user_id, status), params, key=key)  # type: ignore[arg-type]


async def list_of_course(
    session: AsyncSession, course_id: int, status: str | None, params: PageParams
) -> tuple[Sequence[Enrollment], str | None]:
    """A course's enrollments, the latest first; without a status, those not dropped."""
    key = [(Enrollment.enrolled_date, "desc"), (Enrollment.id, "desc")]
    return await page(session, queries.of_course(course_id, status), params, key=key)  # type: ignore[arg-type]


async def ids_of_user(session: AsyncSession, user_id: int) -> Sequence[int]:
    return await queries.ids_of_user(session, user_id)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await queries.replace_user(session, user_id, tombstone_id)


async def forget_lesson(session: AsyncSession, lesson_id: int) -> None:
    await queries.forget_lesson(session, lesson_id)


async def require_enrolled(session: AsyncSession, user_id: int, course_id: int) -> Enrollment:
    """A user's enrollment in a course, not dropped. Raises NotEnrolled."""
    enrollment = await queries.find(session, user_id, course_id)
    if enrollment is None or enrollment.status == "dropped":
        raise NotEnrolled
    return enrollment
