"""What happens to an enrollment, told: its event and its line in the history. Every event takes the next version."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from chassis.outbox import emit
from contracts.fields import EnrollmentStatus
from contracts.learning import (
    CourseCompleted,
    EnrollmentCreated,
    EnrollmentDropped,
    EnrollmentProgressChanged,
    EnrollmentRefunded,
)
from sqlalchemy.ext.asyncio import AsyncSession

from learning.activity import service as activity
from learning.activity.service import Action
from learning.enrollments.models import Enrollment
from learning.progress.rules import Standing

if TYPE_CHECKING:
    from learning.payments.models import Purchase


@dataclass(frozen=True, slots=True)
class Paid:
    amount: Decimal
    payment_id: str


def _next_version(enrollment: Enrollment) -> int:
    enrollment.state_version += 1
    return enrollment.state_version


def _record(session: AsyncSession, action: Action, enrollment: Enrollment, instant: datetime) -> None:
    activity.record(
        session,
        action,
        instant,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        enrollment_id=enrollment.id,
    )


def enrolled(
    session: AsyncSession, enrollment: Enrollment, paid: Paid | None, currency: str, *, reactivated: bool
) -> None:
    instant = enrollment.enrolled_date
    created = EnrollmentCreated(
        enrollment_id=enrollment.id,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        price_paid=Decimal("0.00") if paid is None else paid.amount,
        currency=currency,
        payment_id=None if paid is None else paid.payment_id,
        enrolled_at=instant,
        reactivated=reactivated,
        version=_next_version(enrollment),
    )
    emit(session, created, time=instant)
    _record(session, "enroll", enrollment, instant)


def dropped(session: AsyncSession, enrollment: Enrollment, instant: datetime, *, refunded: bool) -> None:
    event = EnrollmentDropped(
        enrollment_id=enrollment.id,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        refunded=refunded,
        dropped_at=instant,
        version=_next_version(enrollment),
    )
    emit(session, event, time=instant)
    _record(session, "drop", enrollment, instant)


def refunded(session: AsyncSession, enrollment: Enrollment, purchase: "Purchase", instant: datetime) -> None:
    event = EnrollmentRefunded(
        enrollment_id=enrollment.id,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        payment_id=purchase.payment_id,
        amount=Decimal(purchase.amount),
        currency=purchase.currency,
        purchased_at=purchase.purchased_at,
        refunded_at=instant,
        version=_next_version(enrollment),
    )
    emit(session, event, time=instant)
    _record(session, "refund", enrollment, instant)


def completed(session: AsyncSession, enrollment: Enrollment, instant: datetime) -> None:
    event = CourseCompleted(
        enrollment_id=enrollment.id,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        enrolled_at=enrollment.enrolled_date,
        completed_at=instant,
        version=_next_version(enrollment),
    )
    emit(session, event, time=instant)
    _record(session, "complete_course", enrollment, instant)


def progress_changed(
    session: AsyncSession, enrollment: Enrollment, standing: Standing, instant: datetime
) -> None:
    event = EnrollmentProgressChanged(
        enrollment_id=enrollment.id,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        status=cast(EnrollmentStatus, enrollment.status),
        progress_percentage=standing.percentage,
        lessons_completed=standing.lessons_completed,
        total_lessons=standing.total_lessons,
        enrolled_at=enrollment.enrolled_date,
        completed_date=enrollment.completion_date,
        version=_next_version(enrollment),
    )
    emit(session, event, time=instant)
