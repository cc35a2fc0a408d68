"""Search by relevance: ranked where it can matter, by popularity behind that, every match exactly once.

To rank every match of a common word would be to read a tenth of the table. So where there are FEW matches all are
ranked; where there are more, the most popular and those named so, and the rest follow by popularity. The cursor
carries where the ranked part ended when the first page was made, so that later pages part the matches in the same place.
"""

import base64
import binascii
import math
import typing
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import orjson
from chassis.pagination import BadCursor, PageParams
from sqlalchemy import (
    CTE,
    ColumnElement,
    Double,
    Integer,
    Row,
    Select,
    Subquery,
    and_,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import queries
from catalog.courses.models import Course
from catalog.courses.queries import Filters, apart, card, conditions, count_of, tsquery

POPULAR = 150
"""How many are ranked where there are not FEW; above the longest page, so that the first is all ranked."""
NAMED = 500
"""Matches by title are ranked too, while they are fewer than these; else those of exactly this title."""
RANKED, REST = 0, 1
_BIGGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """The last course of a page, and how the first page parted the matches.

    `few`: all are ranked. Else those with at least (`students`, `course_id`) are, and those matched by title
    (`named`) or of exactly this title. `score` is the rank, or the students in the part behind.
    """

    few: bool
    named: bool
    students: int
    course_id: int
    part: int
    score: float
    last_id: int

    def encode(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(list(astuple(self)))).rstrip(b"=").decode()

    @classmethod
    def decode(cls, cursor: str) -> "Place":
        """Raises BadCursor."""
        try:
            raw = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            few, named, *numbers = raw
            students, course_id, part, score, last_id = numbers
        except (binascii.Error, ValueError, TypeError) as error:
            raise BadCursor from error
        integers = (students, course_id, part, last_id)
        sound = (
            isinstance(few, bool)
            and isinstance(named, bool)
            and all(type(number) is int and 0 <= number <= _BIGGEST for number in integers)
            and type(score) in (int, float)
            and math.isfinite(score)
            and 0 <= score <= _BIGGEST
            and students < 2**31
            and part in (RANKED, REST)
        )
        if not sound or (part == REST and (few or score >= 2**31 or score != int(score))):
            raise BadCursor
        return cls(few, named, students, course_id, part, float(score), last_id)


_STANDING = (Course.enrolled_students_count, Course.id)
_BY_STANDING = (Course.enrolled_students_count.desc(), Course.id.desc())


def _standing(students: int, course_id: int) -> Any:
    return tuple_(literal(students, Integer), literal(course_id, Course.id.type))


@dataclass(frozen=True, slots=True)
class _Parted:
    """The ids to rank, and what the cursor will say of how they were chosen."""

    ids: Any
    few: ColumnElement[bool]
    named: ColumnElement[bool]
    students: ColumnElement[int]
    course_id: ColumnElement[int]


def _same_title(filters: Filters) -> ColumnElement[bool]:
    assert filters.q is not None
    return func.lower(Course.title) == func.lower(filters.q)


def _part(filters: Filters, matches: list[Any]) -> _Parted:
    """How the first page parts the matches."""
    found = apart(select(Course.id).where(*matches).limit(queries.FEW), "found")
    few = count_of(found) < queries.FEW
    popular = apart(
        select(Course.id, Course.enrolled_students_count)
        .where(*matches, not_(few))
        .order_by(*_BY_STANDING)
        .limit(POPULAR),
        "popular",
    )
    by_title = Course.search_title.bool_op("@@")(tsquery(filters))
    named = apart(select(Course.id).where(*matches, by_title, not_(few)).limit(NAMED), "named")
    few_named = count_of(named) < NAMED
    same = select(Course.id).where(*matches, _same_title(filters), not_(few), not_(few_named))
    last = select(popular).order_by(popular.c.enrolled_students_count, popular.c.id).limit(1)
    end = last.subquery("popular_end")
    return _Parted(
        union(
            select(found.c.id).where(few),
            select(popular.c.id),
            select(named.c.id).where(few_named),
            same,
        ),
        few,
        few_named,
        func.coalesce(select(end.c.enrolled_students_count).scalar_subquery(), 0),
        func.coalesce(select(end.c.id).scalar_subquery(), 0),
    )


def _parted_as(place: Place, filters: Filters, matches: list[Any]) -> _Parted:
    """The same parts again, on a later page."""
    known = (
        literal(place.few),
        literal(place.named),
        literal(place.students, Integer),
        literal(place.course_id, Course.id.type),
    )
    if place.few:
        return _Parted(select(apart(select(Course.id).where(*matches), "found").c.id), *known)
    above = tuple_(*_STANDING) >= _standing(place.students, place.course_id)
    popular = apart(select(Course.id).where(*matches, above).order_by(*_BY_STANDING), "popular")
    by_title = Course.search_title.bool_op("@@")(tsquery(filters))
    named = apart(
        select(Course.id).where(*matches, by_title if place.named else _same_title(filters)), "named"
    )
    return _Parted(union(select(popular.c.id), select(named.c.id)), *known)


def _chosen(filters: Filters, place: Place | None, limit: int) -> tuple[CTE, _Parted]:
    """The courses of one page by id, each with its part and score."""
    matches = list(conditions(filters))
    parted = _part(filters, matches) if place is None else _parted_as(place, filters, matches)
    head = apart(parted.ids, "head")
    # As a double: the cursor carries it, and a real would not come back as the number it was.
    score = cast(func.ts_rank_cd(Course.search, tsquery(filters)), Double)
    scored = apart(
        select(Course.id, literal(RANKED).label("part"), score.label("score")).join(
            head, head.c.id == Course.id
        ),
        "scored",
    )
    ranked = select(scored).order_by(scored.c.score.desc(), scored.c.id.desc()).limit(limit)
    if place is not None and place.part == RANKED:
        last = literal(place.score, Double)
        ranked = ranked.where(
            or_(scored.c.score < last, and_(scored.c.score == last, scored.c.id < place.last_id))
        )
    if place is None or place.few:
        return apart(ranked, "chosen"), parted
    begin = (place.students, place.course_id) if place.part == RANKED else (int(place.score), place.last_id)
    if place.part == REST:
        ranked = ranked.where(null().is_not(None))
    page = apart(ranked, "ranked")
    rest = (
        select(Course.id, literal(REST).label("part"), cast(Course.enrolled_students_count, Double))
        .where(
            *matches,
            tuple_(*_STANDING) < _standing(*begin),
            Course.id.not_in(select(head.c.id)),
            count_of(page) < limit,
        )
        .order_by(*_BY_STANDING)
        .limit(limit)
    )
    return apart(union_all(select(page), select(rest.subquery("rest"))), "chosen"), parted


def _statement(filters: Filters, place: Place | None, limit: int, people: Subquery) -> Select[Any]:
    chosen, parted = _chosen(filters, place, limit)
    statement = (
        select(
            *card(filters.at, people),
            chosen.c.part.label("page_part"),
            chosen.c.score.label("page_score"),
            parted.few.label("page_few"),
            parted.named.label("page_named"),
            parted.students.label("page_students"),
            parted.course_id.label("page_course_id"),
        )
        .join(chosen, chosen.c.id == Course.id)
        .outerjoin(people, people.c.user_id == Course.created_by_id)
        .order_by(chosen.c.part, chosen.c.score.desc(), Course.id.desc())
        .limit(limit)
    )
    return typing.cast("Select[Any]", statement)


async def cards(
    session: AsyncSession, filters: Filters, params: PageParams, people: Subquery
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of matches with their authors' names, in one query. Raises BadCursor."""
    place = Place.decode(params.cursor) if params.cursor else None
    rows = (await session.execute(_statement(filters, place, params.limit + 1, people))).all()
    page = rows[: params.limit]
    if len(rows) <= params.limit:
        return page, None
    last = page[-1]
    behind = Place(
        last.page_few,
        last.page_named,
        last.page_students,
        last.page_course_id,
        last.page_part,
        last.page_score,
        last.id,
    )
    return page, behind.encode()
