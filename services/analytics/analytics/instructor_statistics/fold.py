"""Bringing the statistics of instructors up to date with a batch."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime

from contracts.catalog import ReviewChanged, ReviewRemoved
from contracts.instructor import (
    CoInstructorChanged,
    CoInstructorRemoved,
    InstructorApplied,
    InstructorChanged,
)
from contracts.learning import (
    CourseCompleted,
    EnrollmentCreated,
    EnrollmentDropped,
    EnrollmentProgressChanged,
    EnrollmentRefunded,
)
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.course_statistics import fold as courses_fold
from analytics.course_statistics.fold import COURSE_EVENTS, Turn
from analytics.course_statistics.rules import Course, month_of
from analytics.entities import service as entities
from analytics.entities.rules import Purchase
from analytics.entities.service import Change
from analytics.facts.rules import Fact
from analytics.instructor_statistics import queries
from analytics.instructor_statistics.rules import (
    Profile,
    Revenue,
    Share,
    ShareHistory,
    Teacher,
    earned,
    learn_profile,
    part,
    share_of,
    statistics_of,
    wins,
)
from analytics.teaching import service as teaching
from analytics.teaching.rules import Teaching, TeachingEvent, learn_teaching

TABLES = queries.TABLES
"""Everything that is folded here, to be made again by a rebuild."""

TEACHING_EVENTS = (CoInstructorChanged, CoInstructorRemoved)
PROFILE_EVENTS = (InstructorApplied, InstructorChanged)
IN_COURSES = (
    *COURSE_EVENTS,
    *TEACHING_EVENTS,
    EnrollmentCreated,
    EnrollmentDropped,
    EnrollmentRefunded,
    CourseCompleted,
    EnrollmentProgressChanged,
    ReviewChanged,
    ReviewRemoved,
)
"""The facts in a course on which its instructors' numbers depend."""

Pair = tuple[int, int]
"""(course, user)"""


@dataclass(slots=True)
class Touched:
    """What of a batch bears on instructors."""

    courses: set[int] = field(default_factory=set)
    """Where something happened that counts for who teaches there."""
    people: set[int] = field(default_factory=set)
    """Whom the facts name as teaching, leading or having a profile, or once did."""
    shared: set[int] = field(default_factory=set)
    """Courses in which a share may change."""
    turns: list[Turn] = field(default_factory=list)
    purchases: list[Change[Purchase]] = field(default_factory=list)
    teachings: dict[Pair, Teaching] = field(default_factory=dict)
    """All teachings of `courses`, as they are before the batch."""
    holders: list[Share] = field(default_factory=list)
    """All shares of the courses whose purchases or shares change, as they are before the batch."""


def tell(courses: dict[int, Course], facts: Sequence[Fact]) -> Touched:
    """Find what bears on instructors, and note in its courses when it happened. They have learned nothing yet:
    who led one until now is among the people too."""
    touched = Touched()
    for fact in facts:
        if isinstance(fact.event, IN_COURSES):
            course = courses[fact.event.course_id]
            course.told_at = max(fact.time, course.told_at or fact.time)
            touched.courses.add(course.course_id)
        if isinstance(fact.event, COURSE_EVENTS):
            lead_id = courses[fact.event.course_id].lead_id
            touched.people |= {fact.event.created_by_id, *([lead_id] if lead_id is not None else [])}
        if isinstance(fact.event, TEACHING_EVENTS):
            touched.shared.add(fact.event.course_id)
        if isinstance(fact.event, (*TEACHING_EVENTS, *PROFILE_EVENTS)):
            touched.people.add(fact.event.user_id)
    return touched


async def lock(session: AsyncSession, touched: Touched) -> dict[int, Teacher]:
    """Everybody whose numbers change, locked until the transaction ends. Their courses are locked already, so
    that nobody begins to teach one meanwhile."""
    sold = {change.after.course_id for change in touched.purchases} | touched.shared
    teachings = await teaching.of_courses(session, touched.courses)
    touched.teachings = {(one.course_id, one.user_id): one for one in teachings}
    touched.holders = await queries.shares_of(session, sold)
    people = touched.people | {one.user_id for one in teachings if one.teaches}
    people |= {share.user_id for share in touched.holders}
    return await queries.TEACHERS.load_locked(session, people, Teacher)


async def settle(
    session: AsyncSession,
    teachers: dict[int, Teacher],
    touched: Touched,
    facts: Sequence[Fact],
    now: datetime,
) -> int:
    """Add a batch to the instructors it touched and write their rows; how many more profiles are approved."""
    for fact in facts:
        if isinstance(fact.event, (*TEACHING_EVENTS, *PROFILE_EVENTS)):
            teacher = teachers[fact.event.user_id]
            teacher.told_at = max(fact.time, teacher.told_at or fact.time)
    told = [fact.event for fact in facts if isinstance(fact.event, TEACHING_EVENTS)]
    taught = {pair for pair, one in touched.teachings.items() if one.teaches}
    teachings = {pair: copy(one) for pair, one in touched.teachings.items()}
    for event in told:
        pair = (event.course_id, event.user_id)
        learn_teaching(teachings.setdefault(pair, Teaching(*pair)), event)
    changed = [one for pair, one in teachings.items() if one != touched.teachings.get(pair)]
    await teaching.save(session, changed)
    now_taught = {pair for pair, one in teachings.items() if one.teaches}
    await count_students(session, teachers, touched.turns, taught, now_taught)
    await _settle_shares(session, touched, told)
    approved = await _settle_profiles(session, facts)
    await write(session, teachers, now)
    return approved


async def count_students(
    session: AsyncSession,
    teachers: dict[int, Teacher],
    turns: Sequence[Turn],
    taught: set[Pair],
    now_taught: set[Pair],
) -> None:
    """Count the students of those who taught before, then take away and add the courses they left and took up."""
    by_course: defaultdict[int, list[int]] = defaultdict(list)
    for course_id, user_id in taught:
        by_course[course_id].append(user_id)
    counted = [(t, turn.user_id, turn.sign) for turn in turns for t in by_course[turn.course_id]]
    moved = taught ^ now_taught
    students = await courses_fold.students_of(session, {course_id for course_id, _ in moved})
    for course_id, teacher_id in moved:
        sign = +1 if (course_id, teacher_id) in now_taught else -1
        counted += [(teacher_id, student_id, sign) for student_id in students[course_id]]
    for teacher_id, more in (await queries.count_students(session, counted)).items():
        teachers[teacher_id].students += more


async def _settle_shares(session: AsyncSession, touched: Touched, told: Sequence[TeachingEvent]) -> None:
    """Keep new shares; book what purchases changed, and anew all that is under a history that changed."""
    shares = {(one.course_id, one.user_id, one.effective_from): one for one in touched.holders}
    new: dict[tuple[int, int, datetime], Share] = {}
    for event in told:
        share = share_of(event)
        key = (share.course_id, share.user_id, share.effective_from)
        if wins(share, shares.get(key)):
            shares[key] = new[key] = share
    await queries.SHARES.save(session, new.values())
    histories = histories_of(shares.values())
    rewritten = {(share.course_id, share.user_id) for share in new.values()}
    await _book_purchases(session, touched.purchases, histories, rewritten)
    await rebook(session, {pair: histories[pair] for pair in rewritten})


def histories_of(shares: Collection[Share]) -> dict[Pair, ShareHistory]:
    """The histories in these shares, by (course, user)."""
    by_pair: defaultdict[Pair, list[Share]] = defaultdict(list)
    for share in shares:
        by_pair[share.course_id, share.user_id].append(share)
    return {pair: ShareHistory(some) for pair, some in by_pair.items()}


async def _book_purchases(
    session: AsyncSession,
    purchases: Sequence[Change[Purchase]],
    histories: dict[Pair, ShareHistory],
    rewritten: set[Pair],
) -> None:
    """Add to each holder's months what purchases and refunds changed."""
    booked: dict[tuple[int, int, date], Revenue] = {}
    for (course_id, user_id), history in histories.items():
        if (course_id, user_id) in rewritten:
            continue
        for change in purchases:
            if change.after.course_id != course_id:
                continue
            for state, sign in ((change.before, -1), (change.after, +1)):
                entry = earned(state, history) if state is not None else None
                if entry is not None:
                    month, amount = entry
                    key = (course_id, user_id, month)
                    row = booked.setdefault(key, Revenue(course_id, user_id, month))
                    row.amount += sign * amount
    known = await queries.REVENUES.load(session, booked.keys())
    for key, row in booked.items():
        row.amount += known[key].amount if key in known else 0
    await queries.REVENUES.save(session, [row for row in booked.values() if row.amount])
    await queries.REVENUES.delete(session, [key for key, row in booked.items() if not row.amount])


async def rebook(session: AsyncSession, histories: dict[Pair, ShareHistory]) -> None:
    """Book all purchases of these (course, user) anew, at the shares of these histories."""
    rows: dict[tuple[int, int, date], Revenue] = {}
    for (course_id, user_id), history in histories.items():
        intervals = history.intervals()
        found = await entities.net_by_month(session, course_id, [(start, end) for start, end, _ in intervals])
        for at, month, net in found:
            row = rows.setdefault((course_id, user_id, month), Revenue(course_id, user_id, month))
            row.amount += part(net, intervals[at][2])
    await queries.replace_revenue(session, sorted(histories), [row for row in rows.values() if row.amount])


async def _settle_profiles(session: AsyncSession, facts: Sequence[Fact]) -> int:
    """Bring profiles up to date; how many more are approved."""
    told = [
        (event.profile_id, event)
        for fact in facts
        if isinstance(event := fact.event, (*TEACHING_EVENTS, *PROFILE_EVENTS))
        and event.profile_id is not None
    ]
    profiles = await queries.PROFILES.load(session, {profile_id for profile_id, _ in told})
    approved = sum(profile.is_approved for profile in profiles.values())
    for profile_id, event in told:
        profile = profiles.setdefault(profile_id, Profile(profile_id, event.user_id))
        learn_profile(profile, event)
    await queries.PROFILES.save(session, profiles.values())
    return sum(profile.is_approved for profile in profiles.values()) - approved


async def write(session: AsyncSession, teachers: dict[int, Teacher], now: datetime) -> None:
    """Make the rows of these instructors from what they teach now."""
    if not teachers:
        return
    await queries.TEACHERS.save(session, teachers.values())
    taught = [one for one in await teaching.by_users(session, teachers) if one.teaches]
    courses = await courses_fold.known(session, {one.course_id for one in taught})
    by_teacher: defaultdict[int, list[Course]] = defaultdict(list)
    for one in taught:
        by_teacher[one.user_id].append(courses[one.course_id])
    led = await courses_fold.courses_led(session, teachers)
    earnings = await queries.earnings(session, teachers, month_of(now))
    rows = [
        statistics_of(
            teacher, by_teacher[user_id], led.get(user_id, 0), earnings.get(user_id, queries.NOTHING_EARNED)
        )
        for user_id, teacher in sorted(teachers.items())
    ]
    await queries.write_statistics(session, rows)


async def courses_of(session: AsyncSession, user_id: int) -> set[int]:
    """The courses a user teaches, or taught."""
    return {one.course_id for one in await teaching.by_users(session, {user_id})}


async def give_to_tombstone(
    session: AsyncSession, touched: Touched, user_id: int, tombstone_id: int, now: datetime
) -> None:
    """Give all that an erased user taught and earned to the tombstone, and count the students anew where they
    were one. `touched.courses` are all theirs."""
    gone = (await queries.TEACHERS.load(session, {user_id})).get(user_id)
    touched.people = {user_id, tombstone_id} if gone is not None else set()
    teachers = await lock(session, touched)
    taught = {pair for pair, one in touched.teachings.items() if one.teaches}
    heirs = _heirs(touched.teachings, user_id, tombstone_id)
    now_taught = {pair for pair in taught if pair[1] != user_id} | {
        p for p, one in heirs.items() if one.teaches
    }
    await count_students(session, teachers, touched.turns, taught, now_taught)
    if gone is not None:
        await teaching.save(session, heirs.values())
        await _give_shares(session, user_id, tombstone_id)
        await teaching.forget(session, user_id)
        await queries.give_to_tombstone(session, user_id, tombstone_id)
        del teachers[user_id]
        heir = teachers[tombstone_id]
        heir.told_at = max((at for at in (heir.told_at, gone.told_at) if at is not None), default=None)
    await write(session, teachers, now)


def _heirs(teachings: dict[Pair, Teaching], user_id: int, tombstone_id: int) -> dict[Pair, Teaching]:
    """What the tombstone teaches once it has taken over what the user does."""
    heirs = {}
    for (course_id, teacher_id), one in teachings.items():
        if teacher_id == user_id:
            pair = (course_id, tombstone_id)
            heirs[pair] = copy(teachings.get(pair) or Teaching(*pair))
            heirs[pair].learn(one.version, one.teaches, one.can_view_analytics)
    return heirs


async def _give_shares(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over the user in the history of shares, and book what it then earned."""
    shares = await queries.shares_by(session, user_id)
    theirs = await queries.shares_by(session, tombstone_id)
    known = {(share.course_id, share.effective_from): share for share in theirs}
    for share in shares:
        share.user_id = tombstone_id
        key = (share.course_id, share.effective_from)
        known[key] = share if wins(share, known.get(key)) else known[key]
    await queries.SHARES.save(session, known.values())
    await rebook(session, histories_of(known.values()))


async def decay(session: AsyncSession, now: datetime) -> None:
    """Bring what changes because months pass up to `now`."""
    await queries.refresh_monthly_revenue(session, month_of(now))


async def note_recalculated(session: AsyncSession) -> None:
    """Keep that every row was made from the beginning just now."""
    await queries.note_recalculated(session)
