"""What every number has to be, straight from its definition: no state, no deltas, one look at all facts for each.

Written from the definitions and not from the fold, and slow on purpose. It shares no code with what it judges.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from contracts.assessment import (
    AssessmentChanged,
    AssessmentRemoved,
    AttemptGraded,
    AttemptStarted,
    AttemptSubmitted,
)
from contracts.catalog import (
    CourseChanged,
    CourseDeleted,
    CoursePublished,
    CourseUnpublished,
    ReviewChanged,
    ReviewRemoved,
)
from contracts.identity import UserErased
from contracts.instructor import (
    CoInstructorChanged,
    CoInstructorRemoved,
    InstructorApplied,
    InstructorChanged,
)
from contracts.learning import (
    BookmarkCreated,
    BookmarkRemoved,
    CertificateIssued,
    CertificateRevoked,
    CourseCompleted,
    EnrollmentCreated,
    EnrollmentDropped,
    EnrollmentProgressChanged,
    EnrollmentRefunded,
    LessonCompleted,
    LessonProgressed,
    NoteCreated,
    NoteRemoved,
)

COUNTING = ("active", "completed")
ENROLLING = (EnrollmentCreated, EnrollmentDropped, CourseCompleted, EnrollmentProgressChanged)
DOING = (
    EnrollmentCreated,
    EnrollmentDropped,
    LessonProgressed,
    LessonCompleted,
    CourseCompleted,
    AttemptStarted,
    AttemptSubmitted,
)
TESTING = (AttemptStarted, AttemptSubmitted, AttemptGraded)
WRITING = (NoteCreated, NoteRemoved, BookmarkCreated, BookmarkRemoved, ReviewChanged, ReviewRemoved)
LEARNING = (*ENROLLING, *DOING, *TESTING, *WRITING, EnrollmentRefunded, CertificateIssued, CertificateRevoked)
COURSES = (CourseChanged, CoursePublished, CourseUnpublished, CourseDeleted)
TEACHING = (CoInstructorChanged, CoInstructorRemoved)


def rounded(value: Any, places: int) -> Decimal:
    exact = Fraction(value)
    wide = Decimal(exact.numerator) / Decimal(exact.denominator)
    # Halves are decided on the exact value: division to 28 digits cannot move one.
    return wide.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def newest(events: Iterable[Any]) -> Any:
    return max(events, key=lambda event: event.version, default=None)


class Oracle:
    """All statistics of these facts at `now`; each fact counts once however often it is given."""

    def __init__(self, facts: Iterable[Any], now: datetime) -> None:
        unique = {fact.id: fact for fact in facts}
        stones = {
            f.event.user_id: f.event.tombstone_id for f in unique.values() if isinstance(f.event, UserErased)
        }
        self.now = now
        self.told = [(f.time, self._buried(f.event, stones)) for f in unique.values()]
        self.done = [(time, event) for time, event in self.told if isinstance(event, DOING)]
        self.by_kind: defaultdict[type, list[Any]] = defaultdict(list)
        for _, event in self.told:
            self.by_kind[type(event)].append(event)

    @staticmethod
    def _buried(event: Any, stones: dict[int, int]) -> Any:
        changed = {}
        for name in ("user_id", "created_by_id"):
            found = getattr(event, name, None)
            while found in stones and stones[found] != found:
                found = stones[found]
                changed[name] = found
        return event.model_copy(update=changed) if changed else event

    def all(self, *kinds: Any, **fields: Any) -> list[Any]:
        return [
            event
            for kind in dict.fromkeys(kinds)
            for event in self.by_kind[kind]
            if all(getattr(event, n) == v for n, v in fields.items())
        ]

    # --- entities -------------------------------------------------------------------------------------------

    def enrollments(self, **of: int) -> list[dict[str, Any]]:
        found = []
        for enrollment_id in sorted(
            {e.enrollment_id for e in self.all(*ENROLLING, EnrollmentRefunded, **of)}
        ):
            events = self.all(*ENROLLING, enrollment_id=enrollment_id)
            if not events:  # a refund that came first: there is an enrollment, and no more is known of it
                refund = self.all(EnrollmentRefunded, enrollment_id=enrollment_id)[0]
                unknown = {"status": "unknown", "progress": Decimal(0), "taken": None}
                found.append({"user": refund.user_id, "course": refund.course_id, **unknown})
                continue
            states = [e for e in events if isinstance(e, EnrollmentProgressChanged)]
            last = newest(events)
            status = {
                EnrollmentCreated: "active",
                EnrollmentDropped: "dropped",
                CourseCompleted: "completed",
            }.get(type(last)) or last.status
            enrolled = newest(e for e in events if hasattr(e, "enrolled_at"))
            ended = newest(e for e in events if isinstance(e, CourseCompleted | EnrollmentProgressChanged))
            completed_at = (
                None
                if ended is None
                else ended.completed_at
                if isinstance(ended, CourseCompleted)
                else ended.completed_date
            )
            found.append(
                {
                    "user": last.user_id,
                    "course": last.course_id,
                    "status": status,
                    "progress": newest(states).progress_percentage if states else Decimal(0),
                    "taken": completed_at - enrolled.enrolled_at if completed_at and enrolled else None,
                }
            )
        return found

    def attempts(self, **of: int) -> list[dict[str, Any]]:
        found = []
        for attempt_id in sorted({e.attempt_id for e in self.all(*TESTING, **of)}):
            events = self.all(*TESTING, attempt_id=attempt_id)
            graded = [e for e in events if isinstance(e, AttemptGraded)]
            result = max(graded, key=lambda e: e.revision, default=None)
            found.append({"assessment": events[0].assessment_id, "user": events[0].user_id, "result": result})
        return found

    def writings(self, **of: int) -> list[tuple[int, int, datetime]]:
        """(user, course, written at) of every note, bookmark and review that exists."""
        found = []
        for made, removed, key in (
            (NoteCreated, NoteRemoved, "note_id"),
            (BookmarkCreated, BookmarkRemoved, "bookmark_id"),
            (ReviewChanged, ReviewRemoved, "review_id"),
        ):
            gone = {getattr(e, key) for e in self.all(removed, **of)}
            first: dict[int, Any] = {}
            for event in self.all(made, **of):
                first.setdefault(getattr(event, key), event)
            found += [(e.user_id, e.course_id, e.created_at) for item, e in first.items() if item not in gone]
        return found

    def approved_ratings(self, courses: Iterable[int]) -> list[int]:
        ratings = []
        for course_id in courses:
            removed = {e.review_id for e in self.all(ReviewRemoved, course_id=course_id)}
            reviews = {e.review_id for e in self.all(ReviewChanged, course_id=course_id)} - removed
            for review_id in reviews:
                review = newest(self.all(ReviewChanged, review_id=review_id))
                if review.is_approved:
                    ratings.append(review.rating)
        return ratings

    def moments(self, **of: int) -> list[datetime]:
        """When something was done: facts of doing, and writings that exist."""
        done = [time for time, event in self.done if all(getattr(event, n) == v for n, v in of.items())]
        return [*done, *(at for _, _, at in self.writings(**of))]

    def purchases(self, course_id: int) -> list[dict[str, Any]]:
        found = []
        for event in self.all(EnrollmentCreated, course_id=course_id):
            if event.payment_id is not None:
                refunds = self.all(EnrollmentRefunded, payment_id=event.payment_id)
                net = max(Decimal(0), event.price_paid - sum((r.amount for r in refunds), Decimal(0)))
                found.append({"at": event.enrolled_at, "net": net, "refunded": bool(refunds)})
        return found

    def is_deleted(self, course_id: int) -> bool:
        return bool(self.all(CourseDeleted, course_id=course_id))

    def is_published(self, course_id: int) -> bool:
        last = newest(self.all(*COURSES, course_id=course_id))
        if last is None or self.is_deleted(course_id):
            return False
        return isinstance(last, CoursePublished) or (isinstance(last, CourseChanged) and last.is_published)

    def teaches(self, course_id: int, user_id: int) -> bool:
        last = newest(self.all(*TEACHING, course_id=course_id, user_id=user_id))
        return isinstance(last, CoInstructorChanged) and last.is_active

    def share_at(self, course_id: int, user_id: int, at: datetime) -> Decimal:
        entries = []
        for event in self.all(*TEACHING, course_id=course_id, user_id=user_id):
            if isinstance(event, CoInstructorChanged):
                entries.append((event.effective_from, event.version, event.revenue_share_percentage))
            else:
                entries.append((event.removed_at, event.version, Decimal(0)))
        begun = [entry for entry in entries if entry[0] <= at]
        return max(begun)[2] if begun else Decimal(0)

    # --- statistics -----------------------------------------------------------------------------------------

    def users(self) -> dict[int, dict[str, Any]]:
        people = {e.user_id for e in self.all(*LEARNING)}
        return {user_id: self.user(user_id) for user_id in people}

    def user(self, user_id: int) -> dict[str, Any]:
        enrollments = self.enrollments(user_id=user_id)
        moments = [at.astimezone(UTC) for at in self.moments(user_id=user_id)]
        days = {at.date() for at in moments}
        percents = self._percents(self.attempts(user_id=user_id))
        seconds = sum(e.time_spent_delta_seconds for e in self.all(LessonProgressed, user_id=user_id))
        completed = sum(e["status"] == "completed" for e in enrollments)
        average = rounded(sum(percents) / len(percents), 2) if percents else Decimal("0.00")
        hours, weekdays = Counter(at.hour for at in moments), Counter(at.weekday() for at in moments)
        return {
            "courses_enrolled": sum(e["status"] in COUNTING for e in enrollments),
            "courses_completed": completed,
            "total_time_spent_seconds": seconds,
            "assessment_avg_score": average,
            "last_activity": max(moments, default=None),
            "activity_streak": self._streak(days),
            "learning_habits": {
                "by_hour": [hours[h] for h in range(24)],
                "by_weekday": [weekdays[d] for d in range(7)],
                "active_days": len(days),
            },
            "hours_spent": seconds // 3600,
            "average_score": float(average),
        }

    @staticmethod
    def _percents(attempts: list[dict[str, Any]]) -> list[Fraction]:
        results = [a["result"] for a in attempts if a["result"] is not None and a["result"].max_score > 0]
        return [Fraction(100 * r.score, r.max_score) for r in results]

    def _streak(self, days: set[date]) -> int:
        if not days or max(days) < self.now.date() - timedelta(days=1):
            return 0
        day, length = max(days), 0
        while day in days:
            day, length = day - timedelta(days=1), length + 1
        return length

    def courses(self) -> dict[int, dict[str, Any]]:
        assessed = self.all(AssessmentChanged, AssessmentRemoved)
        known = {e.course_id for e in (*self.all(*LEARNING, *COURSES, *TEACHING), *assessed)}
        return {course_id: self.course(course_id) for course_id in known if not self.is_deleted(course_id)}

    def course(self, course_id: int) -> dict[str, Any]:
        enrollments = [e for e in self.enrollments(course_id=course_id) if e["status"] in COUNTING]
        students = {e["user"] for e in enrollments}
        people = {e.user_id for e in self.all(*LEARNING, course_id=course_id)}
        active = {
            user_id
            for user_id in people
            if any(
                at >= self.now - timedelta(days=30)
                for at in self.moments(course_id=course_id, user_id=user_id)
            )
        }
        taken = [e["taken"] for e in enrollments if e["status"] == "completed" and e["taken"] is not None]
        days = [Fraction((t.days * 86400 + t.seconds) * 10**6 + t.microseconds, 86400 * 10**6) for t in taken]
        return {
            "total_students": len(students),
            "active_students": len(active),
            "completion_count": sum(e["status"] == "completed" for e in enrollments),
            "average_completion_days": int(rounded(sum(days) / len(days), 0)) if days else 0,
            "engagement_score": self._engagement(course_id, enrollments, students, active),
            "assessment_stats": self._assessment_stats(course_id),
            "revenue_data": self._revenue_data(course_id),
        }

    def _engagement(
        self, course_id: int, enrollments: list[dict[str, Any]], students: set[int], active: set[int]
    ) -> Decimal:
        if not students:
            return Decimal("0.00")
        attempted = {a["user"] for a in self.attempts(course_id=course_id) if a["result"] is not None}
        wrote = {user for user, _, _ in self.writings(course_id=course_id)}
        existing = [
            assessment_id
            for assessment_id in {e.assessment_id for e in self.all(AssessmentChanged, course_id=course_id)}
            if isinstance(
                newest(self.all(AssessmentChanged, AssessmentRemoved, assessment_id=assessment_id)),
                AssessmentChanged,
            )
        ]
        mean_progress = sum(Fraction(e["progress"]) / 100 for e in enrollments) / len(enrollments)
        tried = Fraction(len(attempted & students), len(students)) if existing else Fraction(1)
        return rounded(
            40 * mean_progress
            + 30 * min(Fraction(1), Fraction(len(active), len(students)))
            + 20 * tried
            + 10 * Fraction(len(wrote & students), len(students)),
            2,
        )

    def _assessment_stats(self, course_id: int) -> dict[str, Any]:
        stats: dict[str, Any] = {}
        attempts = self.attempts(course_id=course_id)
        for assessment_id in {a["assessment"] for a in attempts}:
            mine = [a for a in attempts if a["assessment"] == assessment_id]
            results = [a["result"] for a in mine if a["result"] is not None]
            percents = self._percents(mine)
            questions: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"answered": 0, "correct": 0})
            for question in (question for result in results for question in result.questions):
                questions[str(question.id)]["answered"] += question.answered
                questions[str(question.id)]["correct"] += question.correct
            stats[str(assessment_id)] = {
                "attempts": len(mine),
                "graded": len(results),
                "passed": sum(r.passed for r in results),
                "average_percent": float(rounded(sum(percents) / len(percents), 2)) if percents else 0,
                "questions": dict(questions),
            }
        return stats

    def _revenue_data(self, course_id: int) -> dict[str, Any]:
        purchases = self.purchases(course_id)
        months: defaultdict[str, Decimal] = defaultdict(Decimal)
        for purchase in purchases:
            months[f"{purchase['at'].astimezone(UTC):%Y-%m}"] += purchase["net"]
        return {
            "total": f"{sum((p['net'] for p in purchases), Decimal(0)):.2f}",
            "by_month": {month: f"{net:.2f}" for month, net in months.items()},
            "purchases": len(purchases),
            "refunds": sum(p["refunded"] for p in purchases),
        }

    def platform(self) -> dict[str, Any]:
        courses = {e.course_id for e in self.all(*COURSES)}
        profiles = {e.profile_id for e in self.all(InstructorChanged)}
        issued = {e.certificate_id for e in self.all(CertificateIssued)}
        return {
            "total_courses": sum(self.is_published(course_id) for course_id in courses),
            "total_students": len({e["user"] for e in self.enrollments()}),
            "total_instructors": sum(
                newest(self.all(InstructorChanged, profile_id=profile)).status == "active"
                for profile in profiles
            ),
            "total_lessons_completed": len(
                {(e.enrollment_id, e.lesson_id) for e in self.all(LessonCompleted)}
            ),
            "total_certificates_issued": len(
                issued - {e.certificate_id for e in self.all(CertificateRevoked)}
            ),
        }

    def instructors(self) -> dict[int, dict[str, Any]]:
        people = {e.user_id for e in self.all(*TEACHING, InstructorApplied, InstructorChanged)}
        people |= {e.created_by_id for e in self.all(*COURSES)}
        return {user_id: self.instructor(user_id) for user_id in people}

    def profiles(self) -> dict[int, int]:
        """profile: user"""
        told = self.all(*TEACHING, InstructorApplied, InstructorChanged)
        return {e.profile_id: e.user_id for e in told if e.profile_id is not None}

    def instructor(self, user_id: int) -> dict[str, Any]:
        known = {e.course_id for e in self.all(*COURSES)}
        led = [c for c in known if newest(self.all(*COURSES, course_id=c)).created_by_id == user_id]
        ever_published = [
            c
            for c in led
            if not self.is_deleted(c)
            and any(getattr(e, "first_published_at", None) for e in self.all(*COURSES, course_id=c))
        ]
        held = {e.course_id for e in self.all(*TEACHING, user_id=user_id)}
        taught = [c for c in held if self.teaches(c, user_id) and not self.is_deleted(c)]
        enrollments = [e for c in taught for e in self.enrollments(course_id=c) if e["status"] in COUNTING]
        ratings = self.approved_ratings(taught)
        total = month = Fraction(0)
        for course_id in held:
            for purchase in self.purchases(course_id):
                share = self.share_at(course_id, user_id, purchase["at"])
                part = Fraction(purchase["net"]) * Fraction(share) / 100
                total += part
                at = purchase["at"].astimezone(UTC)
                month += part if (at.year, at.month) == (self.now.year, self.now.month) else 0
        completed = sum(e["status"] == "completed" for e in enrollments)
        liked = sum(rating >= 4 for rating in ratings)
        return {
            "courses_created": len(ever_published),
            "total_students": len({e["user"] for e in enrollments}),
            "average_rating": rounded(Fraction(sum(ratings), len(ratings)), 2)
            if ratings
            else Decimal("0.00"),
            "total_courses": sum(self.is_published(c) for c in taught),
            "total_reviews": len(ratings),
            "total_revenue": rounded(total, 2),
            "monthly_revenue": rounded(month, 2),
            "completion_rate": rounded(Fraction(100 * completed, len(enrollments)), 2)
            if enrollments
            else Decimal("0.00"),
            "student_satisfaction_rate": rounded(Fraction(100 * liked, len(ratings)), 2)
            if ratings
            else Decimal("0.00"),
        }
