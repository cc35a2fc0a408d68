"""Enrollments by events: exact whatever their order, however often they come."""

import random
from asyncio import gather
from itertools import permutations

import pytest
from catalog.enrollment_mirror.rules import newest


async def counted(studio, course):
    shown = await studio.ask("GET", f"/courses/{course.id}")
    return shown["enrolled_students_count"], shown["last_enrollment_date"]


async def test_students_are_counted(studio, events, deliver):
    course = await studio.published()
    before = await studio.ask("GET", f"/courses/{course.id}")
    await deliver(
        events.enrolled(1, 7, course.id, at="2026-11-22T20:00:00Z"),
        events.enrolled(2, 8, course.id, at="2026-11-22T21:00:00Z"),
        times=2,
    )
    assert await counted(studio, course) == (2, "2026-11-22T21:00:00Z")
    await deliver(events.dropped(2, 8, course.id), times=2)
    assert await counted(studio, course) == (1, "2026-11-22T21:00:00Z")
    await deliver(events.enrolled(2, 8, course.id, version=3, at="2026-11-23T09:00:00Z"))
    assert await counted(studio, course) == (2, "2026-11-23T09:00:00Z")
    after = await studio.ask("GET", f"/courses/{course.id}")
    assert after["updated_date"] == before["updated_date"], "that is the authors'"


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_and_any_batches_give_the_same(studio, events, deliver, seed):
    course = await studio.published()
    story = [
        events.enrolled(1, 7, course.id, version=1, at="2026-11-01T10:00:00Z"),
        events.dropped(1, 7, course.id, version=4),
        events.enrolled(1, 7, course.id, version=5, at="2026-11-03T10:00:00Z"),
        events.enrolled(2, 8, course.id, version=1, at="2026-11-02T10:00:00Z"),
        events.dropped(2, 8, course.id, version=2),
        events.enrolled(3, 9, course.id, version=1, at="2026-11-04T10:00:00Z"),
        events.dropped(3, 9, course.id, version=2),
        events.enrolled(4, 10, 999_999, version=1),
    ]
    chance = random.Random(seed)
    for _ in range(2):
        chance.shuffle(story)
        while_at = 0
        while while_at < len(story):
            size = chance.randint(1, 4)
            await deliver(*story[while_at : while_at + size])
            while_at += size
    assert await counted(studio, course) == (1, "2026-11-04T10:00:00Z")


def test_a_batch_is_one_state_per_enrollment(events):
    early = events.enrolled(1, 7, 12, at="2026-11-01T10:00:00Z")
    dropped = events.dropped(1, 7, 12, version=2)
    late = events.enrolled(1, 7, 12, version=3, at="2026-11-03T10:00:00Z")
    for story in permutations([early, dropped, late]):
        (state,) = newest(story)
        assert (state.version, state.is_active, state.enrolled_at) == (3, True, late.enrolled_at)
    for story in permutations([early, dropped]):
        (state,) = newest(story)
        assert (state.version, state.is_active, state.enrolled_at) == (2, False, early.enrolled_at)


async def test_two_readers_at_once_count_each_other(studio, events, deliver):
    course = await studio.published()
    await gather(*(deliver(events.enrolled(n, 100 + n, course.id)) for n in range(1, 9)))
    assert (await counted(studio, course))[0] == 8
