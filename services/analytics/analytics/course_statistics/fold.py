"""Bringing the statistics of courses up to date with a batch."""

from collections import Counter
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.assessment import AssessmentChanged, AssessmentRemoved
from contracts.catalog import CourseChanged, CourseDeleted, CoursePublished, CourseUnpublished
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.course_statistics import queries
from analytics.course_statistics.rules import (
    ACTIVE_FOR,
    Assessment,
    Course,
    CourseTallies,
    Month,
    Participant,
    Question,
    learn_assessment,
    learn_course,
)
from analytics.entities import service as entities
from analytics.facts.rules import Fact

TABLES = queries.TABLES
"""Everything that is folded here, to be made again by a rebuild."""

COURSE_EVENTS = (
    CourseChanged,
    CoursePublished,
    CourseUnpublished,
    CourseDeleted,
)
ASSESSMENT_EVENTS = (AssessmentChanged, AssessmentRemoved)


@dataclass(frozen=True, slots=True)
class Turn:
    """A user became a student of a course (+1), or ceased to be one (-1)."""

    course_id: int
    user_id: int
    sign: int


async def lock(session: AsyncSession, courses: Collection[int]) -> dict[int, Course]:
    """These courses, locked until the transaction ends."""
    return await queries.COURSES.load_locked(session, set(courses), Course)


def learn(courses: dict[int, Course], facts: Sequence[Fact]) -> None:
    """Let the courses take in what catalog tells of them."""
    for fact in facts:
        if isinstance(fact.event, COURSE_EVENTS):
            learn_course(courses[fact.event.course_id], fact.event)


async def settle(
    session: AsyncSession,
    courses: dict[int, Course],
    before: dict[int, Course],
    tallies: CourseTallies,
    facts: Sequence[Fact],
    now: datetime,
) -> list[Turn]:
    """Add a batch to the courses it touched (all among `courses`; `before` as they were) and write their rows."""
    turns = await _settle_participants(session, tallies, now)
    assessed = await _settle_assessments(session, tallies, facts)
    sold = await _settle_months(session, tallies)
    for course_id in tallies.courses:
        tallies.courses.apply(course_id, courses[course_id])
    # A course not heard of before gets its row at once, so that no row depends on how facts fell into batches.
    changed = [c for key, c in courses.items() if c != before[key] or before[key] == Course(key)]
    await queries.COURSES.save(session, changed)
    touched = {course.course_id for course in changed} | assessed | sold
    await queries.write_statistics(session, [courses[course_id] for course_id in touched])
    await queries.write_assessments(session, assessed)
    await queries.write_revenue(session, sold)
    return turns


async def _settle_participants(session: AsyncSession, tallies: CourseTallies, now: datetime) -> list[Turn]:
    pairs = set(tallies.participants)
    known = await queries.PARTICIPANTS.load(session, pairs)
    written = await entities.latest_writings_in_courses(session, tallies.rewritten)
    turns: list[Turn] = []
    kept: list[Participant] = []
    gone: list[Participant] = []
    for pair in sorted(pairs):
        one = known.get(pair) or Participant(*pair)
        before = copy(one)
        tallies.participants.apply(pair, one)
        if (at := tallies.steady_at.get(pair)) is not None:
            one.steady_at = max(at, one.steady_at or at)
        if pair in tallies.left:
            one.steady_at = None
        if pair in tallies.rewritten:
            one.written_at = written.get(pair)
        one.look(now)
        tallies.standing(before, -1)
        tallies.standing(one, +1)
        if one.is_student != before.is_student:
            turns.append(Turn(*pair, +1 if one.is_student else -1))
        (gone if one.is_nobody else kept).append(one)
    await queries.PARTICIPANTS.save(session, kept)
    await queries.PARTICIPANTS.delete(session, [(one.course_id, one.user_id) for one in gone])
    return turns


async def _settle_assessments(
    session: AsyncSession, tallies: CourseTallies, facts: Sequence[Fact]
) -> set[int]:
    """Bring assessments and questions up to date; the courses whose `assessment_stats` changed."""
    told = [fact.event for fact in facts if isinstance(fact.event, ASSESSMENT_EVENTS)]
    course_of = {event.assessment_id: event.course_id for event in told} | tallies.course_of
    states = await queries.ASSESSMENTS.load(session, course_of)
    for assessment_id, course_id in course_of.items():
        state = states.setdefault(assessment_id, Assessment(assessment_id, course_id))
        tallies.assessments.apply(assessment_id, state)
    for event in told:
        state = states[event.assessment_id]
        was_present = state.present
        learn_assessment(state, event)
        tallies.courses.add(state.course_id, assessments=state.present - was_present)
    await queries.ASSESSMENTS.save(session, states.values())
    questions = await queries.QUESTIONS.load(session, set(tallies.questions))
    for key in tallies.questions:
        tallies.questions.apply(key, questions.setdefault(key, Question(*key)))
    await queries.QUESTIONS.save(session, [q for q in questions.values() if q.seen])
    await queries.QUESTIONS.delete(session, [key for key, q in questions.items() if not q.seen])
    return set(tallies.course_of.values())


async def _settle_months(session: AsyncSession, tallies: CourseTallies) -> set[int]:
    """Bring the months up to date; the courses whose `revenue_data` changed."""
    keys = set(tallies.months)
    months = await queries.MONTHS.load(session, keys)
    for key in keys:
        tallies.months.apply(key, months.setdefault(key, Month(*key)))
    await queries.MONTHS.save(session, months.values())
    return {course_id for course_id, _ in keys}


async def students_of(session: AsyncSession, courses: Collection[int]) -> dict[int, list[int]]:
    """The students of each of these courses."""
    students: dict[int, list[int]] = {course_id: [] for course_id in courses}
    for course_id, user_id in await queries.students_of(session, courses) if courses else ():
        students[course_id].append(user_id)
    return students


async def known(session: AsyncSession, courses: Collection[int]) -> dict[int, Course]:
    """These courses as they are, without a lock; those not heard of are blank."""
    found = await queries.COURSES.load(session, set(courses))
    return {course_id: found.get(course_id) or Course(course_id) for course_id in courses}


async def courses_led(session: AsyncSession, users: Collection[int]) -> dict[int, int]:
    """How many courses ever published each of these users leads."""
    return await queries.courses_led(session, users)


async def courses_of(session: AsyncSession, user_id: int) -> list[int]:
    """The courses in which a user takes part, or which they lead."""
    return await queries.courses_of(session, user_id)


async def give_to_tombstone(
    session: AsyncSession, tallies: CourseTallies, user_id: int, tombstone_id: int
) -> None:
    """Tally all that an erased user is in courses under the tombstone."""
    for one in await queries.participations(session, user_id):
        tallies.move(one, tombstone_id)


async def decay(session: AsyncSession, now: datetime) -> None:
    """Take those silent for too long as no longer active, and score their courses anew."""
    cutoff = now - ACTIVE_FOR
    still = Counter(await queries.fall_still(session, cutoff, cutoff.astimezone(UTC).date()))
    courses = await lock(session, still.keys())
    for course_id, fallen in still.items():
        courses[course_id].active -= fallen
    await queries.COURSES.save(session, courses.values())
    await queries.write_statistics(session, courses.values())
