"""Bringing the statistics of users up to date with a batch."""

from collections import defaultdict
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.entities import service as entities
from analytics.user_statistics import queries
from analytics.user_statistics.rules import User, UserDay, UserTallies, extend_run

TABLES = queries.TABLES
"""Everything that is folded here, to be made again by a rebuild."""


async def lock(session: AsyncSession, users: set[int]) -> dict[int, User]:
    """These users, locked until the transaction ends."""
    return await queries.USERS.load_locked(session, users, User)


async def settle(session: AsyncSession, users: dict[int, User], tallies: UserTallies, now: datetime) -> int:
    """Add a batch to the users it touched (all among `users`) and write their rows; how many more students."""
    touched = {user_id: users[user_id] for user_id in tallies.users}
    students = sum(user.is_student for user in touched.values())
    tallies.apply(users)
    await _settle_days(session, users, tallies)
    written = await entities.latest_writings(session, tallies.rewritten)
    for user_id in tallies.rewritten:
        users[user_id].written_at = written.get(user_id)
    await queries.USERS.save(session, touched.values())
    await queries.write_statistics(session, touched.values(), now.date())
    return sum(user.is_student for user in touched.values()) - students


async def _settle_days(session: AsyncSession, users: dict[int, User], tallies: UserTallies) -> None:
    changed = {key: moments for key, moments in tallies.days.items() if moments}
    days = await queries.DAYS.load(session, changed)
    appeared: defaultdict[int, list[date]] = defaultdict(list)
    vanished: defaultdict[int, list[date]] = defaultdict(list)
    for key, moments in changed.items():
        day = days.setdefault(key, UserDay(*key))
        was_active, day.moments = day.moments > 0, day.moments + moments
        if was_active != (day.moments > 0):
            (vanished if was_active else appeared)[day.user_id].append(day.day)
    await queries.DAYS.save(session, [day for day in days.values() if day.moments])
    await queries.DAYS.delete(session, [key for key, day in days.items() if not day.moments])
    unclear = set()
    for user_id in appeared.keys() | vanished.keys():
        user = users[user_id]
        user.active_days += len(appeared[user_id]) - len(vanished[user_id])
        if not extend_run(user, appeared[user_id], vanished[user_id]):
            unclear.add(user_id)
    found = await queries.runs(session, unclear)
    for user_id in unclear:
        users[user_id].last_day, users[user_id].run = found.get(user_id, (None, 0))


async def is_known(session: AsyncSession, user_id: int) -> bool:
    """Whether there is anything about this user."""
    return bool(await queries.USERS.load(session, {user_id}))


async def give_to_tombstone(
    session: AsyncSession, users: dict[int, User], tallies: UserTallies, user_id: int, tombstone_id: int
) -> None:
    """Tally all of an erased user's numbers under the tombstone. Both are among `users`."""
    tallies.move(users[user_id], await queries.days_of(session, user_id), tombstone_id)


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove the rows of a user whose numbers a tombstone has taken over."""
    await queries.forget(session, user_id)


async def decay(session: AsyncSession, now: datetime) -> None:
    """Bring what changes because days pass up to `now`."""
    await queries.refresh_streaks(session, now.date())
