"""What learning tells: enrollments, progress, certificates, notes, bookmarks. All keyed by the learner.

An enrollment's created, dropped, completed, refunded and progress_changed events share one counter: each
takes the next `version`, so that a reader who gets them in any order knows which state is the newest.
"""

from contracts.envelope import Event, example
from contracts.fields import (
    BookmarkTarget,
    Count,
    Currency,
    EnrollmentStatus,
    Id,
    Money,
    Percentage,
    Seconds,
    UtcTime,
    Version,
    WholePercentage,
)


class EnrollmentCreated(
    Event,
    type="learning.enrollment.created.v1",
    key="user_id",
    subject="enrollments/{enrollment_id}",
):
    """A learner enrolled in a course, or came back to one dropped before (`reactivated`).

    `enrolled_at` is the instant of this enrolling and, where it was paid, of its purchase: the share of an
    instructor is the one in force then. `payment_id` is None for a free course and for access by subscription
    (`price_paid` is then "0.00").
    """

    enrollment_id: Id
    user_id: Id
    course_id: Id
    price_paid: Money
    currency: Currency
    payment_id: str | None
    enrolled_at: UtcTime
    reactivated: bool
    version: Version

    model_config = example(
        {
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "price_paid": "39.00",
            "currency": "EUR",
            "payment_id": "pay_01jd8x3c5e",
            "enrolled_at": "2026-11-22T20:00:00Z",
            "reactivated": False,
            "version": 1,
        }
    )


class EnrollmentDropped(
    Event,
    type="learning.enrollment.dropped.v1",
    key="user_id",
    subject="enrollments/{enrollment_id}",
):
    """A learner left a course, or got the money back (`refunded`); the enrollment stops counting."""

    enrollment_id: Id
    user_id: Id
    course_id: Id
    refunded: bool
    dropped_at: UtcTime
    version: Version

    model_config = example(
        {
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "refunded": False,
            "dropped_at": "2026-11-24T12:00:00Z",
            "version": 9,
        }
    )


class EnrollmentRefunded(
    Event,
    type="learning.enrollment.refunded.v1",
    key="user_id",
    subject="enrollments/{enrollment_id}",
):
    """A purchase was paid back; EnrollmentDropped follows.

    `payment_id` is the purchase's (EnrollmentCreated) and `purchased_at` its `enrolled_at`: the refund is
    booked into the month, and at the shares, of its purchase. `amount` is what was paid back.
    """

    enrollment_id: Id
    user_id: Id
    course_id: Id
    payment_id: str
    amount: Money
    currency: Currency
    purchased_at: UtcTime
    refunded_at: UtcTime
    version: Version

    model_config = example(
        {
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "payment_id": "pay_01jd8x3c5e",
            "amount": "39.00",
            "currency": "EUR",
            "purchased_at": "2026-11-22T20:00:00Z",
            "refunded_at": "2026-11-24T12:00:00Z",
            "version": 8,
        }
    )


class LessonProgressed(
    Event,
    type="learning.lesson.progressed.v1",
    key="user_id",
    subject="enrollments/{enrollment_id}",
):
    """A learner worked on a lesson: where they are in it now, and the seconds counted since the last update.

    The only event that carries time spent, so that the sum of its deltas is the whole.
    """

    enrollment_id: Id
    user_id: Id
    course_id: Id
    lesson_id: Id
    progress_percentage: WholePercentage
    time_spent_delta_seconds: Seconds

    model_config = example(
        {
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "lesson_id": 101,
            "progress_percentage": 60,
            "time_spent_delta_seconds": 240,
        }
    )


class LessonCompleted(
    Event,
    type="learning.lesson.completed.v1",
    key="user_id",
    subject="enrollments/{enrollment_id}",
):
    """A learner finished a lesson, for the first time in this enrollment."""

    enrollment_id: Id
    user_id: Id
    course_id: Id
    lesson_id: Id
    completed_at: UtcTime

    model_config = example(
        {
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "lesson_id": 101,
            "completed_at": "2026-11-22T20:12:00Z",
        }
    )


class CourseCompleted(
    Event,
    type="learning.course.completed.v1",
    key="user_id",
    subject="enrollments/{enrollment_id}",
):
    """A learner finished every lesson of a course; `enrolled_at` is that of the last EnrollmentCreated."""

    enrollment_id: Id
    user_id: Id
    course_id: Id
    enrolled_at: UtcTime
    completed_at: UtcTime
    version: Version

    model_config = example(
        {
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "enrolled_at": "2026-11-22T20:00:00Z",
            "completed_at": "2026-11-29T17:30:00Z",
            "version": 7,
        }
    )


class EnrollmentProgressChanged(
    Event,
    type="learning.enrollment.progress_changed.v1",
    key="user_id",
    subject="enrollments/{enrollment_id}",
    kind="state",
):
    """An enrollment's progress as it is now: after each lesson completed, each change of status, and each
    republish of the course (which may lower the percentage).

    `progress_percentage` = lessons_completed / total_lessons x 100, over the lessons learners see now.
    """

    enrollment_id: Id
    user_id: Id
    course_id: Id
    status: EnrollmentStatus
    progress_percentage: Percentage
    lessons_completed: Count
    total_lessons: Count
    enrolled_at: UtcTime
    completed_date: UtcTime | None
    version: Version

    model_config = example(
        {
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "status": "active",
            "progress_percentage": "25.00",
            "lessons_completed": 1,
            "total_lessons": 4,
            "enrolled_at": "2026-11-22T20:00:00Z",
            "completed_date": None,
            "version": 2,
        }
    )


class CertificateIssued(
    Event,
    type="learning.certificate.issued.v1",
    key="user_id",
    subject="certificates/{certificate_number}",
):
    """A learner got the certificate of a completed course; one per enrollment."""

    certificate_id: Id
    certificate_number: str
    enrollment_id: Id
    user_id: Id
    course_id: Id
    issued_at: UtcTime

    model_config = example(
        {
            "certificate_id": 9,
            "certificate_number": "LYC-2026-00000009",
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "issued_at": "2026-11-29T17:30:00Z",
        }
    )


class CertificateRevoked(
    Event,
    type="learning.certificate.revoked.v1",
    key="user_id",
    subject="certificates/{certificate_number}",
):
    """An admin revoked a certificate, for good; the reason stays in learning."""

    certificate_id: Id
    certificate_number: str
    enrollment_id: Id
    user_id: Id
    course_id: Id
    revoked_at: UtcTime

    model_config = example(
        {
            "certificate_id": 9,
            "certificate_number": "LYC-2026-00000009",
            "enrollment_id": 42,
            "user_id": 7,
            "course_id": 12,
            "revoked_at": "2026-12-02T09:00:00Z",
        }
    )


class NoteCreated(Event, type="learning.note.created.v1", key="user_id", subject="notes/{note_id}"):
    """A learner wrote a note on a lesson; its text stays in learning. Counts until NoteRemoved."""

    note_id: Id
    user_id: Id
    course_id: Id
    lesson_id: Id
    is_private: bool
    created_at: UtcTime

    model_config = example(
        {
            "note_id": 61,
            "user_id": 7,
            "course_id": 12,
            "lesson_id": 101,
            "is_private": True,
            "created_at": "2026-11-22T20:11:00Z",
        }
    )


class NoteRemoved(Event, type="learning.note.removed.v1", key="user_id", subject="notes/{note_id}"):
    """A note was deleted; its id never comes back."""

    note_id: Id
    user_id: Id
    course_id: Id
    lesson_id: Id
    removed_at: UtcTime

    model_config = example(
        {
            "note_id": 61,
            "user_id": 7,
            "course_id": 12,
            "lesson_id": 101,
            "removed_at": "2026-11-23T08:00:00Z",
        }
    )


class BookmarkCreated(
    Event, type="learning.bookmark.created.v1", key="user_id", subject="bookmarks/{bookmark_id}"
):
    """A learner bookmarked a course, a lesson or a resource (`object_id` is its id).

    `course_id` is the course it belongs to, whatever was marked; `lesson_id` None when a course was. Counts
    until BookmarkRemoved.
    """

    bookmark_id: Id
    user_id: Id
    content_type: BookmarkTarget
    object_id: Id
    course_id: Id
    lesson_id: Id | None
    created_at: UtcTime

    model_config = example(
        {
            "bookmark_id": 71,
            "user_id": 7,
            "content_type": "lesson",
            "object_id": 101,
            "course_id": 12,
            "lesson_id": 101,
            "created_at": "2026-11-22T20:11:30Z",
        }
    )


class BookmarkRemoved(
    Event, type="learning.bookmark.removed.v1", key="user_id", subject="bookmarks/{bookmark_id}"
):
    """A bookmark was deleted; its id never comes back."""

    bookmark_id: Id
    user_id: Id
    content_type: BookmarkTarget
    object_id: Id
    course_id: Id
    lesson_id: Id | None
    removed_at: UtcTime

    model_config = example(
        {
            "bookmark_id": 71,
            "user_id": 7,
            "content_type": "lesson",
            "object_id": 101,
            "course_id": 12,
            "lesson_id": 101,
            "removed_at": "2026-11-23T08:01:00Z",
        }
    )
