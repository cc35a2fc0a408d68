"""The fold: facts in, statistics up to date, in one transaction a batch.

What is summed up in a statistic is a pure function of what each entity is now, and what an entity is does not
depend on the order in which its facts came. So a batch is folded thus: let the entities learn; take away what each
changed one added as it was before, and add what it adds as it is now; write the rows whose counters changed.
Nothing is ever counted again from the start, so an event costs the same in a course of ten and of ten thousand.

Locks are taken in one order by everybody: the fold's own, courses, users, instructors, the platform; within each by
id. Whatever belongs to a course or a user is read and written under that row's lock and needs none of its own.
"""

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from typing import TypeVar

from chassis.db import now as instant
from chassis.erasure import scrub_chassis_tables
from chassis.outbox import emit
from contracts.assessment import AttemptStarted, AttemptSubmitted
from contracts.envelope import Event
from contracts.identity import UserErased
from contracts.learning import (
    CourseCompleted,
    EnrollmentCreated,
    EnrollmentDropped,
    LessonCompleted,
    LessonProgressed,
)
from contracts.platform import ErasureCompleted
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.course_statistics import fold as courses_fold
from analytics.course_statistics.rules import Course, CourseTallies
from analytics.entities import service as entities
from analytics.facts import service as facts_service
from analytics.facts.rules import Fact
from analytics.folding import queries
from analytics.freshness import service as freshness
from analytics.instructor_statistics import fold as instructors_fold
from analytics.platform_statistics import fold as platform_fold
from analytics.platform_statistics.rules import PlatformTallies
from analytics.teaching import service as teaching
from analytics.user_statistics import fold as users_fold
from analytics.user_statistics.rules import User, UserTallies

S = TypeVar("S")

MOMENTS = (
    EnrollmentCreated,
    EnrollmentDropped,
    LessonProgressed,
    LessonCompleted,
    CourseCompleted,
    AttemptStarted,
    AttemptSubmitted,
)
"""What a learner does and nobody takes back: it makes a day active. Notes, bookmarks and reviews do too, but only
while they exist. What happens to a learner (a grade, a certificate) or follows from what they did is no activity."""

OF_LEARNERS: tuple[type[Event], ...] = (
    *MOMENTS,
    *entities.ENROLLMENTS.events,
    *entities.ATTEMPTS.events,
    *entities.WRITINGS.events,
    *entities.CERTIFICATES.events,
)
"""Each of these has a user_id and a course_id."""
IN_COURSES: tuple[type[Event], ...] = (
    *OF_LEARNERS,
    *courses_fold.COURSE_EVENTS,
    *courses_fold.ASSESSMENT_EVENTS,
    *instructors_fold.TEACHING_EVENTS,
)
"""Each of these has a course_id."""
FOLDED: tuple[type[Event], ...] = tuple(dict.fromkeys((*IN_COURSES, *instructors_fold.PROFILE_EVENTS)))
"""The events that change a statistic; the others are kept as facts and nothing more."""

TABLES = (
    *entities.TABLES,
    *teaching.TABLES,
    *courses_fold.TABLES,
    *users_fold.TABLES,
    *instructors_fold.TABLES,
    *platform_fold.TABLES,
)
"""All that is folded."""


async def take_in(session: AsyncSession, facts: Sequence[Fact], now: datetime) -> None:
    """Keep these facts and fold those that are new. Facts taken in before change nothing."""
    if any(isinstance(fact.event, UserErased) for fact in facts):
        await queries.lock_alone(session)
        for user_id, tombstone_id in await facts_service.erase(session, facts):
            await erase(session, user_id, tombstone_id, now)
            done = ErasureCompleted(
                user_id=user_id, tombstone_id=tombstone_id, service="analytics", completed_at=now
            )
            emit(session, done, time=now)
    else:
        await queries.lock_beside_others(session)
    new = await facts_service.record(session, facts)
    if new:
        await fold(session, new, now)
        await freshness.advance(session, [fact.time for fact in new])


async def fold(session: AsyncSession, facts: Sequence[Fact], now: datetime) -> None:
    """Bring every statistic up to date with these facts, none of which was folded before.

    `now` decides only what decays. The caller holds the fold's lock.
    """
    facts = [fact for fact in facts if isinstance(fact.event, FOLDED)]
    if not facts:
        return
    batch = await _Batch.begin(session, facts)
    touched = instructors_fold.tell(batch.courses, facts)
    courses_fold.learn(batch.courses, facts)
    changes = await entities.absorb(session, facts)
    batch.tally(facts, changes)
    platform = await batch.settle(facts, now)
    touched.turns, touched.purchases = batch.turns, changes.purchases
    teachers = await instructors_fold.lock(session, touched)
    platform.total_instructors = await instructors_fold.settle(session, teachers, touched, facts, now)
    platform.total_lessons_completed = changes.new_lessons
    platform.total_certificates_issued = sum(
        change.after.counts - (change.before is not None and change.before.counts)
        for change in changes.certificates
    )
    await platform_fold.settle(session, platform, max(fact.time for fact in facts))


class _Batch:
    """The courses and users a batch touches, locked, and what it adds to them."""

    def __init__(self, session: AsyncSession, courses: dict[int, Course], users: dict[int, User]) -> None:
        self.session = session
        self.courses = courses
        self.before = {course_id: copy(course) for course_id, course in courses.items()}
        self.users = users
        self.course_tallies = CourseTallies()
        self.user_tallies = UserTallies()
        self.turns: list[courses_fold.Turn] = []

    @classmethod
    async def begin(cls, session: AsyncSession, facts: Sequence[Fact]) -> "_Batch":
        course_ids = {_named(fact, "course_id") for fact in facts if isinstance(fact.event, IN_COURSES)}
        user_ids = {_named(fact, "user_id") for fact in facts if isinstance(fact.event, OF_LEARNERS)}
        courses = await courses_fold.lock(session, course_ids)
        return cls(session, courses, await users_fold.lock(session, user_ids))

    def tally(self, facts: Sequence[Fact], changes: entities.Changes) -> None:
        """Add what was done; of what is now, take away what was and add what is."""
        users, courses = self.user_tallies, self.course_tallies
        for fact in facts:
            event = fact.event
            if isinstance(event, OF_LEARNERS):
                users.told(_named(fact, "user_id"), fact.time)
            if isinstance(event, MOMENTS):
                users.moment(event.user_id, fact.time)
                courses.moment(event.course_id, event.user_id, fact.time)
            if isinstance(event, LessonProgressed):
                users.spent(event.user_id, event.time_spent_delta_seconds)
        _turn(changes.enrollments, users.enrollment, courses.enrollment)
        _turn(changes.attempts, users.attempt, courses.attempt)
        _turn(changes.writings, users.writing, courses.writing)
        _turn(changes.purchases, courses.purchase)

    async def settle(self, facts: Sequence[Fact], now: datetime) -> PlatformTallies:
        """Write what was tallied; what it means for the platform."""
        await self._lock_the_rest()
        self.turns = await courses_fold.settle(
            self.session, self.courses, self.before, self.course_tallies, facts, now
        )
        students = await users_fold.settle(self.session, self.users, self.user_tallies, now)
        offered = sum(c.is_on_offer - self.before[c.course_id].is_on_offer for c in self.courses.values())
        return PlatformTallies(total_courses=offered, total_students=students)

    async def _lock_the_rest(self) -> None:
        """An entity may be filed under another id than the one its event names: while a user is being erased,
        owners speak of the tombstone before we have heard of it. Rare, so taken out of turn."""
        courses = self.course_tallies.touched() - self.courses.keys()
        users = set(self.user_tallies.users) - self.users.keys()
        self.courses |= (more := await courses_fold.lock(self.session, courses))
        self.before |= {course_id: copy(course) for course_id, course in more.items()}
        self.users |= await users_fold.lock(self.session, users)


def _named(fact: Fact, field: str) -> int:
    named: int = getattr(fact.event, field)
    return named


def _turn(changes: Sequence[entities.Change[S]], *tallies: Callable[[S, int], None]) -> None:
    """Take from each tally what an entity added as it was, and add what it adds as it is."""
    for change in changes:
        for tally in tallies:
            if change.before is not None:
                tally(change.before, -1)
            tally(change.after, +1)


async def erase(session: AsyncSession, user_id: int, tombstone_id: int, now: datetime) -> None:
    """Forget an erased user: all that they did counts under their tombstone. The caller folds alone."""
    courses = {
        *await courses_fold.courses_of(session, user_id),
        *await instructors_fold.courses_of(session, user_id),
    }
    batch = _Batch(session, await courses_fold.lock(session, courses), {})
    for course in batch.courses.values():
        course.lead_id = tombstone_id if course.lead_id == user_id else course.lead_id
    if await users_fold.is_known(session, user_id):
        batch.users = await users_fold.lock(session, {user_id, tombstone_id})
        await users_fold.give_to_tombstone(session, batch.users, batch.user_tallies, user_id, tombstone_id)
    await courses_fold.give_to_tombstone(session, batch.course_tallies, user_id, tombstone_id)
    await entities.give_to_tombstone(session, user_id, tombstone_id)
    platform = await batch.settle([], now)
    await users_fold.forget(session, user_id)
    touched = instructors_fold.Touched(courses=courses, turns=batch.turns)
    await instructors_fold.give_to_tombstone(session, touched, user_id, tombstone_id, now)
    await platform_fold.settle(session, platform, told_at=None)
    await queries.forget_admin(session, user_id, tombstone_id)
    await scrub_chassis_tables(session, user_id, tombstone_id)


async def erase_again(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """What the sweep after an erasure does: see `chassis.erasure.sweep`."""
    await queries.lock_alone(session)
    await facts_service.rewrite(session, user_id, tombstone_id)
    await erase(session, user_id, tombstone_id, instant())


async def rebuild(session: AsyncSession, now: datetime, chunk: int) -> int:
    """Forget every statistic and fold all kept facts again, `chunk` at a time; how many they were.

    Readers see the old numbers until this transaction is committed; events wait for it.
    """
    await queries.wait_without_limit(session)
    await queries.lock_alone(session)
    for table in TABLES:
        await queries.empty(session, table)
    folded = 0
    async for facts in facts_service.all_facts(session, FOLDED, chunk):
        await fold(session, facts, now)
        folded += len(facts)
    await instructors_fold.note_recalculated(session)
    return folded


async def decay(session: AsyncSession, now: datetime) -> None:
    """Bring the numbers that change because time passes up to `now`, set-based."""
    await queries.lock_alone(session)
    await courses_fold.decay(session, now)
    await users_fold.decay(session, now)
    await instructors_fold.decay(session, now)
