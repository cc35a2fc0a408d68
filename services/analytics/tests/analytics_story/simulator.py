"""A realistic history of a small platform: people learn, teach, pay, leave, come back, and are forgotten.

Every event is one that its owner could have emitted at that point, with the owner's own versions. The same seed
tells the same story.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from analytics.facts.rules import Fact
from contracts.assessment import (
    AssessmentChanged,
    AssessmentRemoved,
    AttemptGraded,
    AttemptStarted,
    AttemptSubmitted,
    GradedQuestion,
)
from contracts.catalog import (
    CategoryChanged,
    CourseChanged,
    CourseDeleted,
    CoursePublished,
    CourseUnpublished,
    CourseViewed,
    ResourceDownloaded,
    ReviewChanged,
    ReviewRemoved,
)
from contracts.envelope import Event
from contracts.identity import UserErased, UserLoggedIn, UserRegistered
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

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
DAYS = 80


@dataclass
class Course:
    id: int
    lead: int
    price: Decimal
    lessons: list[int]
    version: int = 0
    published: bool = False
    first: datetime | None = None
    deleted: bool = False
    ever_enrolled: bool = False
    teachers: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Enrollment:
    id: int
    user: int
    course: Course
    version: int = 0
    status: str = ""
    enrolled_at: datetime = NOW
    completed_at: datetime | None = None
    payment: tuple[str, Decimal] | None = None
    done: set[int] = field(default_factory=set)
    certificate: int | None = None


@dataclass
class Attempt:
    id: int
    user: int
    assessment: int
    course: Course
    lesson: int
    submitted: bool = False
    revision: int = 0


class Story:
    """Acts until the days are over; `facts` is what was told, in order."""

    def __init__(self, seed: int, steps: int = 600, *, erasures: bool = True) -> None:
        self.random = Random(seed)
        self.erasures = erasures
        self.facts: list[Fact] = []
        self.at = NOW - timedelta(days=DAYS)
        self._step = timedelta(days=DAYS) / steps
        self._ids = iter(range(100, 10_000_000))
        self.teachers = [3, 4, 5, 6]
        self.profiles = {3: 30, 4: 40, 5: 50}
        self.profile_versions = dict.fromkeys(self.profiles, 0)
        self.learners = list(range(11, 23))
        self.courses: list[Course] = []
        self.enrollments: dict[tuple[int, int], Enrollment] = {}
        self.attempts: list[Attempt] = []
        self.assessments: dict[int, tuple[Course, int, int]] = {}
        self.items: list[tuple[str, int, int, Course]] = []
        self.reviews: dict[tuple[int, int], dict[str, Any]] = {}
        self._open()
        acts = self._acts()
        for _ in range(steps):
            self.at += self._step * self.random.uniform(0.2, 1.6)
            if self.at >= NOW:
                break
            self.random.choices([act for act, _ in acts], [weight for _, weight in acts])[0]()

    def _acts(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self._enroll, 14),
            (self._study, 34),
            (self._drop, 4),
            (self._refund, 3),
            (self._republish, 2),
            (self._write, 10),
            (self._unwrite, 5),
            (self._review, 8),
            (self._unreview, 2),
            (self._attempt, 12),
            (self._grade, 9),
            (self._assess, 2),
            (self._found_course, 2),
            (self._unpublish, 1),
            (self._share, 5),
            (self._dismiss, 2),
            (self._judge_instructor, 2),
            (self._revoke, 1),
            (self._erase, 1 if self.erasures else 0),
            (self._pass_by, 3),
        ]

    def tell(self, event: Event) -> None:
        self.at += timedelta(microseconds=self.random.randint(1, 5_000_000))
        self.facts.append(Fact(UUID(int=self.random.getrandbits(128)), self.at, event))

    def new_id(self) -> int:
        return next(self._ids)

    # --- who teaches ----------------------------------------------------------------------------------------

    def _open(self) -> None:
        for user in (*self.teachers, *self.learners):
            self.tell(
                UserRegistered(
                    user_id=user,
                    username=f"u{user}",
                    role="student",
                    registration_method="password",
                    registered_at=self.at,
                )
            )
        for user, profile in self.profiles.items():
            self.tell(InstructorApplied(profile_id=profile, user_id=user, applied_at=self.at))
            self._instructor(user, "pending")
            self._instructor(user, "active")
        for _ in range(4):
            self._found_course()

    def _instructor(self, user: int, status: Any) -> None:
        self.profile_versions[user] += 1
        self.tell(
            InstructorChanged(
                profile_id=self.profiles[user],
                user_id=user,
                status=status,
                tier="bronze",
                display_name=f"Teacher {user}",
                title="",
                bio="",
                organization="",
                years_experience=3,
                website="",
                linkedin_profile="",
                twitter_handle="",
                profile_image_url=None,
                cover_image_url=None,
                expertise_area_ids=(),
                public_profile=True,
                is_verified=True,
                version=self.profile_versions[user],
            )
        )

    def _judge_instructor(self) -> None:
        user = self.random.choice(list(self.profiles))
        self._instructor(user, self.random.choice(["active", "active", "suspended"]))

    def _found_course(self) -> None:
        lead = self.random.choice(self.teachers)
        price = self.random.choice(["0.00", "49.00", "19.99", "33.33"])
        lessons = [self.new_id() for _ in range(self.random.randint(1, 4))]
        course = Course(self.new_id(), lead, Decimal(price), lessons)
        self.courses.append(course)
        self._course_changed(course)
        self._teaches(course, lead, Decimal(100), is_lead=True)
        if self.random.random() < 0.85:
            self._publish(course)
            self._teaches(course, lead, Decimal("70.00"), is_lead=True)

    def _course_changed(self, course: Course) -> None:
        course.version += 1
        self.tell(
            CourseChanged(
                course_id=course.id,
                created_by_id=course.lead,
                title="A course",
                slug=f"course-{course.id}",
                category_id=1,
                level="beginner",
                price=course.price,
                discount_price=None,
                discount_ends=None,
                currency="EUR",
                has_certificate=True,
                is_published=course.published,
                is_draft=False,
                parent_version_id=None,
                course_version="1.0",
                first_published_at=course.first,
                lesson_ids=tuple(course.lessons),
                version=course.version,
            )
        )

    def _publish(self, course: Course) -> None:
        course.version += 1
        course.published, course.first = True, course.first or self.at
        self.tell(
            CoursePublished(
                course_id=course.id,
                created_by_id=course.lead,
                title="A course",
                slug=f"course-{course.id}",
                thumbnail_url=None,
                category_id=1,
                level="beginner",
                price=course.price,
                discount_price=None,
                discount_ends=None,
                currency="EUR",
                has_certificate=True,
                course_version="1.0",
                published_at=self.at,
                first_published_at=course.first,
                modules=(),
                version=course.version,
            )
        )
        self._course_changed(course)

    def _unpublish(self) -> None:
        course = self._a_course(lambda c: c.published)
        if course is None:
            return
        course.published = False
        course.version += 1
        self.tell(
            CourseUnpublished(
                course_id=course.id, created_by_id=course.lead, unpublished_at=self.at, version=course.version
            )
        )
        self._course_changed(course)
        if not course.ever_enrolled:
            course.deleted = True
            course.version += 1
            self.tell(
                CourseDeleted(
                    course_id=course.id, created_by_id=course.lead, deleted_at=self.at, version=course.version
                )
            )

    def _republish(self) -> None:
        """Publish with one lesson more: progress falls for those who are in it."""
        course = self._a_course(lambda c: not c.deleted)
        if course is None:
            return
        course.lessons.append(self.new_id())
        if self.random.random() < 0.2:
            course.lead = self.random.choice(self.teachers)
        self._publish(course)
        for enrollment in self.enrollments.values():
            if enrollment.course is course and enrollment.status != "dropped":
                self._progress_changed(enrollment)

    def _teaches(
        self,
        course: Course,
        user: int,
        share: Decimal,
        *,
        is_lead: bool = False,
        since: datetime | None = None,
    ) -> None:
        known = course.teachers.setdefault(user, {"version": 0})
        known["version"] += 1
        known["removed"] = False
        self.tell(
            CoInstructorChanged(
                course_id=course.id,
                user_id=user,
                profile_id=self.profiles.get(user),
                role="lead" if is_lead else "co_instructor",
                is_lead=is_lead,
                is_active=is_lead or self.random.random() < 0.9,
                can_edit_content=True,
                can_manage_students=True,
                can_view_analytics=self.random.random() < 0.8,
                revenue_share_percentage=share,
                effective_from=since or self.at,
                version=known["version"],
            )
        )

    def _share(self) -> None:
        """Give somebody another share, now or agreed from some days ago, perhaps from the same instant as before."""
        course = self._a_course(lambda c: not c.deleted)
        if course is None:
            return
        user = self.random.choice(self.teachers)
        since = self.at - timedelta(days=self.random.choice([0, 0, 1, 9, 40]))
        last = course.teachers.get(user, {}).get("since")
        if last is not None and self.random.random() < 0.2:
            since = last
        share = Decimal(self.random.choice(["10.00", "25.50", "30.00", "33.33"]))
        self._teaches(course, user, share, since=since)
        course.teachers[user]["since"] = since

    def _dismiss(self) -> None:
        course = self._a_course(lambda c: not c.deleted)
        if course is None:
            return
        others = [u for u, one in course.teachers.items() if u != course.lead and not one["removed"]]
        if not others:
            return
        user = self.random.choice(others)
        known = course.teachers[user]
        known["version"] += 1
        known["removed"] = True
        self.tell(
            CoInstructorRemoved(
                course_id=course.id,
                user_id=user,
                profile_id=self.profiles.get(user),
                removed_at=self.at,
                version=known["version"],
            )
        )

    # --- who learns -----------------------------------------------------------------------------------------

    def _a_course(self, fits: Callable[[Course], bool]) -> Course | None:
        fitting = [course for course in self.courses if fits(course)]
        return self.random.choice(fitting) if fitting else None

    def _an_enrollment(self, *states: str) -> Enrollment | None:
        fitting = [one for one in self.enrollments.values() if one.status in states]
        return self.random.choice(fitting) if fitting else None

    def _enroll(self) -> None:
        course = self._a_course(lambda c: c.published)
        if course is None:
            return
        user = self.random.choice([*self.learners, self.random.choice(self.teachers)])
        one = self.enrollments.get((user, course.id)) or Enrollment(self.new_id(), user, course)
        if one.status in ("active", "completed"):
            return
        again = one.status == "dropped"
        self.enrollments[user, course.id] = one
        course.ever_enrolled = True
        one.version += 1
        one.status, one.enrolled_at = "active", self.at
        paid = course.price > 0 and self.random.random() < 0.8
        one.payment = (f"pay_{self.new_id()}", course.price) if paid else None
        self.tell(
            EnrollmentCreated(
                enrollment_id=one.id,
                user_id=user,
                course_id=course.id,
                price_paid=course.price if paid else Decimal("0.00"),
                currency="EUR",
                payment_id=one.payment[0] if one.payment else None,
                enrolled_at=one.enrolled_at,
                reactivated=again,
                version=one.version,
            )
        )
        if again:
            self._progress_changed(one)

    def _progress_changed(self, one: Enrollment) -> None:
        one.version += 1
        total = len(one.course.lessons)
        done = len(one.done & set(one.course.lessons))
        self.tell(
            EnrollmentProgressChanged(
                enrollment_id=one.id,
                user_id=one.user,
                course_id=one.course.id,
                status=one.status,  # type: ignore[arg-type]
                progress_percentage=(Decimal(100 * done) / total).quantize(Decimal("0.01")),
                lessons_completed=done,
                total_lessons=total,
                enrolled_at=one.enrolled_at,
                completed_date=one.completed_at,
                version=one.version,
            )
        )

    def _study(self) -> None:
        one = self._an_enrollment("active", "completed")
        if one is None:
            return
        lesson = self.random.choice(one.course.lessons)
        self.tell(
            LessonProgressed(
                enrollment_id=one.id,
                user_id=one.user,
                course_id=one.course.id,
                lesson_id=lesson,
                progress_percentage=self.random.randint(0, 100),
                time_spent_delta_seconds=self.random.randint(0, 4000),
            )
        )
        if lesson in one.done or self.random.random() < 0.3:
            return
        one.done.add(lesson)
        self.tell(
            LessonCompleted(
                enrollment_id=one.id,
                user_id=one.user,
                course_id=one.course.id,
                lesson_id=lesson,
                completed_at=self.at,
            )
        )
        self._progress_changed(one)
        if one.status == "active" and one.done >= set(one.course.lessons):
            self._complete(one)

    def _complete(self, one: Enrollment) -> None:
        one.version += 1
        one.status, one.completed_at = "completed", self.at
        self.tell(
            CourseCompleted(
                enrollment_id=one.id,
                user_id=one.user,
                course_id=one.course.id,
                enrolled_at=one.enrolled_at,
                completed_at=self.at,
                version=one.version,
            )
        )
        self._progress_changed(one)
        if one.certificate is None:
            one.certificate = self.new_id()
            self.tell(CertificateIssued(**self._certificate(one), issued_at=self.at))

    def _certificate(self, one: Enrollment) -> dict[str, Any]:
        return {
            "certificate_id": one.certificate,
            "certificate_number": f"LYC-{one.certificate}",
            "enrollment_id": one.id,
            "user_id": one.user,
            "course_id": one.course.id,
        }

    def _revoke(self) -> None:
        held = [one for one in self.enrollments.values() if one.certificate is not None]
        if held:
            one = self.random.choice(held)
            self.tell(CertificateRevoked(**self._certificate(one), revoked_at=self.at))

    def _drop(self, refunded: bool = False, one: Enrollment | None = None) -> None:
        one = one or self._an_enrollment("active", "completed")
        if one is None:
            return
        one.version += 1
        one.status = "dropped"
        self.tell(
            EnrollmentDropped(
                enrollment_id=one.id,
                user_id=one.user,
                course_id=one.course.id,
                refunded=refunded,
                dropped_at=self.at,
                version=one.version,
            )
        )
        self._progress_changed(one)

    def _refund(self) -> None:
        paid = [
            one
            for one in self.enrollments.values()
            if one.payment is not None and one.status in ("active", "completed")
        ]
        if not paid:
            return
        one = self.random.choice(paid)
        assert one.payment is not None
        one.version += 1
        self.tell(
            EnrollmentRefunded(
                enrollment_id=one.id,
                user_id=one.user,
                course_id=one.course.id,
                payment_id=one.payment[0],
                amount=one.payment[1],
                currency="EUR",
                purchased_at=one.enrolled_at,
                refunded_at=self.at,
                version=one.version,
            )
        )
        one.payment = None
        self._drop(refunded=True, one=one)

    # --- who writes -----------------------------------------------------------------------------------------

    def _write(self) -> None:
        one = self._an_enrollment("active", "completed", "dropped")
        if one is None:
            return
        item, lesson = self.new_id(), one.course.lessons[0]
        if self.random.random() < 0.5:
            self.items.append(("note", item, one.user, one.course))
            self.tell(
                NoteCreated(
                    note_id=item,
                    user_id=one.user,
                    course_id=one.course.id,
                    lesson_id=lesson,
                    is_private=True,
                    created_at=self.at,
                )
            )
            return
        self.items.append(("bookmark", item, one.user, one.course))
        self.tell(
            BookmarkCreated(
                bookmark_id=item,
                user_id=one.user,
                content_type="lesson",
                object_id=lesson,
                course_id=one.course.id,
                lesson_id=lesson,
                created_at=self.at,
            )
        )

    def _unwrite(self) -> None:
        if not self.items:
            return
        # Mostly the newest: then the user's latest activity has to go back to what it was before.
        at = len(self.items) - 1 if self.random.random() < 0.6 else self.random.randrange(len(self.items))
        kind, item, user, course = self.items.pop(at)
        lesson = course.lessons[0]
        if kind == "note":
            self.tell(
                NoteRemoved(
                    note_id=item, user_id=user, course_id=course.id, lesson_id=lesson, removed_at=self.at
                )
            )
            return
        self.tell(
            BookmarkRemoved(
                bookmark_id=item,
                user_id=user,
                content_type="lesson",
                object_id=lesson,
                course_id=course.id,
                lesson_id=lesson,
                removed_at=self.at,
            )
        )

    def _review(self) -> None:
        one = self._an_enrollment("active", "completed", "dropped")
        if one is None:
            return
        review = self.reviews.setdefault(
            (one.user, one.course.id), {"id": self.new_id(), "version": 0, "created_at": self.at}
        )
        review["version"] += 1
        self.tell(
            ReviewChanged(
                review_id=review["id"],
                course_id=one.course.id,
                user_id=one.user,
                rating=self.random.randint(1, 5),
                is_approved=self.random.random() < 0.8,
                is_featured=False,
                verified_purchase=True,
                created_at=review["created_at"],
                version=review["version"],
            )
        )

    def _unreview(self) -> None:
        if not self.reviews:
            return
        user, course_id = self.random.choice(list(self.reviews))
        review = self.reviews.pop((user, course_id))
        self.tell(
            ReviewRemoved(
                review_id=review["id"],
                course_id=course_id,
                user_id=user,
                removed_at=self.at,
                version=review["version"] + 1,
            )
        )

    # --- who is tested --------------------------------------------------------------------------------------

    def _assess(self) -> None:
        course = self._a_course(lambda c: not c.deleted)
        if course is None:
            return
        attempted = {attempt.assessment for attempt in self.attempts}
        unattempted = [one for one in self.assessments if one not in attempted]
        if unattempted and self.random.random() < 0.4:
            gone = self.random.choice(unattempted)
            of, lesson, version = self.assessments.pop(gone)
            self.tell(
                AssessmentRemoved(
                    assessment_id=gone,
                    lesson_id=lesson,
                    course_id=of.id,
                    removed_at=self.at,
                    version=version + 1,
                )
            )
            return
        assessment = self.new_id()
        for version in (1, 2):
            self.assessments[assessment] = (course, course.lessons[0], version)
            self.tell(
                AssessmentChanged(
                    assessment_id=assessment,
                    lesson_id=course.lessons[0],
                    course_id=course.id,
                    title="A quiz",
                    passing_score=50,
                    max_attempts=0,
                    time_limit=0,
                    question_count=3,
                    max_score=9,
                    version=version,
                )
            )

    def _attempt(self) -> None:
        one = self._an_enrollment("active", "completed")
        fitting = [(i, lesson) for i, (c, lesson, _) in self.assessments.items() if one and c is one.course]
        if one is None or not fitting:
            return
        assessment, lesson = self.random.choice(fitting)
        attempt = Attempt(self.new_id(), one.user, assessment, one.course, lesson)
        self.attempts.append(attempt)
        self.tell(AttemptStarted(**self._named(attempt), attempt_number=1, started_at=self.at))

    def _named(self, attempt: Attempt) -> dict[str, int]:
        return {
            "attempt_id": attempt.id,
            "assessment_id": attempt.assessment,
            "user_id": attempt.user,
            "course_id": attempt.course.id,
            "lesson_id": attempt.lesson,
        }

    def _grade(self) -> None:
        if not self.attempts:
            return
        attempt = self.random.choice(self.attempts[-6:])
        if not attempt.submitted:
            attempt.submitted = True
            self.tell(
                AttemptSubmitted(
                    **self._named(attempt),
                    attempt_number=1,
                    time_taken_seconds=60,
                    timed_out=False,
                    needs_grading=True,
                    submitted_at=self.at,
                )
            )
        if self.random.random() < 0.3:
            return
        attempt.revision += 1
        max_score = self.random.choice([3, 7, 9, 9, 0])
        self.tell(
            AttemptGraded(
                **self._named(attempt),
                revision=attempt.revision,
                score=self.random.randint(0, max_score),
                max_score=max_score,
                passed=self.random.random() < 0.5,
                questions=tuple(
                    GradedQuestion(
                        id=attempt.assessment * 10 + n,
                        answered=self.random.random() < 0.8,
                        correct=self.random.random() < 0.5,
                    )
                    for n in range(self.random.randint(1, 3))
                ),
                graded_at=self.at,
            )
        )

    # --- who goes -------------------------------------------------------------------------------------------

    def _erase(self) -> None:
        """Somebody asks to be forgotten: from now on their owners write the tombstone."""
        teacher = self.random.random() < 0.3
        people = self.teachers if teacher else self.learners
        gone, tombstone = self.random.choice(people), self.new_id()
        people.remove(gone)
        if len(people) < 2:
            people.append(gone)
            return
        self.tell(UserErased(user_id=gone, tombstone_id=tombstone, erased_at=self.at))
        for (user, course_id), one in list(self.enrollments.items()):
            if user == gone:
                one.user = tombstone
                self.enrollments[tombstone, course_id] = self.enrollments.pop((user, course_id))
        for attempt in self.attempts:
            attempt.user = tombstone if attempt.user == gone else attempt.user
        self.items = [(k, i, tombstone if u == gone else u, c) for k, i, u, c in self.items]
        self.reviews = {(tombstone if u == gone else u, c): r for (u, c), r in self.reviews.items()}
        for course in self.courses:
            course.lead = tombstone if course.lead == gone else course.lead
            if gone in course.teachers:
                course.teachers[tombstone] = course.teachers.pop(gone)
        if gone in self.profiles:
            self.profiles[tombstone] = self.profiles.pop(gone)
            self.profile_versions[tombstone] = self.profile_versions.pop(gone)

    def _pass_by(self) -> None:
        """What is a fact and changes no statistic."""
        user = self.random.choice(self.learners)
        course = self.courses[0]
        self.tell(
            self.random.choice(
                [
                    UserLoggedIn(
                        user_id=user,
                        session_id=self.new_id(),
                        device_type="desktop",
                        login_method="password",
                        logged_in_at=self.at,
                    ),
                    CourseViewed(course_id=course.id, views=2),
                    ResourceDownloaded(
                        resource_id=5,
                        lesson_id=course.lessons[0],
                        course_id=course.id,
                        user_id=self.random.choice([user, None]),
                        downloaded_at=self.at,
                    ),
                    CategoryChanged(
                        category_id=1,
                        name="All",
                        slug="all",
                        parent_id=None,
                        sort_order=0,
                        featured=False,
                        is_active=True,
                        is_deleted=False,
                        version=self.new_id(),
                    ),
                ]
            )
        )
