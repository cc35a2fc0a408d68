"""Search by relevance: ranked where it can matter, by popularity behind that, every match exactly once.

To rank every match of a common word would be to read a tenth of the catalogue. So the most POPULAR matches are ranked,
and those named so, and the rest follow by popularity; where there are fewer, all are ranked. The cursor carries where
the ranked part ended when the first page was made, so that later pages part the matches in the same place.
"""

import base64
import binascii
import math
import typing
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any

import orjson
from chassis.db import rows_of
from chassis.pagination import ROWS, BadCursor, PageParams
from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Row,
    Select,
    Subquery,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal,
    not_,
    null,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import listings, paging
from catalog.courses.filtering import (
    COMPILED,
    TITLE,
    Asked,
    Filters,
    Shape,
    conditions,
    every_match,
    have_any,
    indexed,
    lacks_excluded,
    shaped,
    tsquery,
)
from catalog.courses.models import Course, Found
from catalog.courses.paging import apart, ids_of
from catalog.courses.queries import card

POPULAR = 120
"""How many are ranked for being popular; above the longest page, so that the first is all ranked."""
NAMED = 100
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


@dataclass(frozen=True, slots=True)
class _Parted:
    """The ids to rank, and what the cursor will say of how they were chosen."""

    ids: Any
    few: ColumnElement[bool]
    named: ColumnElement[bool]
    students: ColumnElement[int]
    course_id: ColumnElement[int]


def _count_of(part: CTE) -> ColumnElement[int]:
    return select(func.count()).select_from(part).scalar_subquery()


def _same_title(filters: Filters, *when: ColumnElement[bool]) -> Select[int]:
    same = func.lower(Course.title) == func.lower(Asked.of(filters).whole)
    # As an array: how many have a title, the planner cannot know, and would rather look at all that are free.
    titled = func.array(select(Course.id).where(Course.is_published, same, *when).scalar_subquery())
    return select(Found.course_id).where(
        Found.course_id == any_(titled), Found.is_published, *conditions(filters, Found)
    )


def _named(filters: Filters, *when: ColumnElement[bool]) -> Select[int]:
    """Matches by title. Words of a title are words of the course; that a word is missing is to be seen in all of it."""
    return select(Found.course_id).where(
        Found.is_published,
        TITLE.bool_op("@@")(tsquery(filters, but_excluded=True)),
        *indexed(filters, but_usual=True),
        *conditions(filters, Found, but_words=not filters.phrased),
        *(() if filters.phrased else lacks_excluded(filters)),
        *when,
    )


def _part(filters: Filters) -> _Parted:
    """How the first page parts the matches."""
    popular = paging.page_of(filters, "popular", POPULAR, walk=False, name="popular")
    found = select(popular.c.found).scalar_subquery()
    few = func.cardinality(found) < POPULAR
    # In any order: too many of them are not ranked at all.
    named = apart(select(apart(_named(filters, not_(few)), "titled")).limit(NAMED), "named")
    few_named = _count_of(named) < NAMED
    last = select(popular.c.found[POPULAR]).scalar_subquery()
    students = select(Found.enrolled_students_count).where(Found.course_id == last).scalar_subquery()
    return _Parted(
        union(
            ids_of(popular),
            select(named.c.course_id).where(few_named),
            _same_title(filters, not_(few), not_(few_named)),
        ),
        few,
        few_named,
        func.coalesce(students, 0),
        func.coalesce(last, 0),
    )


def _parted_as(known: "_Known", filters: Filters) -> _Parted:
    """The same parts again, on a later page."""
    columns, end = paging.compared("popular", "end", Found)
    told = (literal(known.few), literal(known.named), bindparam("end_place_0", type_=Integer()), _END_ID)
    if known.few:
        return _Parted(select(apart(every_match(filters), "found")), *told)
    steps = bindparam("steps", type_=ARRAY(Text))
    popular = apart(every_match(filters).where(columns >= end, have_any(steps)), "popular")
    named = apart(_named(filters) if known.named else _same_title(filters), "named")
    return _Parted(union(select(popular.c.course_id), select(named.c.course_id)), *told)


@dataclass(frozen=True, slots=True)
class _Known:
    """What of a Place says which statement the next page's is; the rest are its parameters."""

    few: bool
    named: bool
    part: int
    behind: bool = True
    """Whether there is a place: what somebody teaches is ranked whole from the first page on."""


_END_ID: Any = bindparam("end_place_1", type_=BigInteger())


_WHOLE = {"end_place_0": 0, "end_place_1": 0}
"""Where the ranked part ends that is all."""


def _given(filters: Filters, place: Place | None) -> dict[str, Any]:
    """The parameters of what a page behind this place is made of."""
    if place is None:
        return {
            **_WHOLE,
            **paging.given(filters, "popular", "popular", None),
        }
    end = (place.students, place.course_id)
    rest = end if place.part == RANKED else (int(place.score), place.last_id)
    return {
        **paging.given(filters, "popular", "end", end),
        **paging.given(filters, "popular", "rest", rest),
        "steps": listings.down_to("popular", place.students),
        "score": place.score,
        "last_id": place.last_id,
    }


def _chosen(filters: Filters, known: _Known | None) -> tuple[CTE, _Parted]:
    """The courses of one page by id, each with its part and score."""
    parted = _part(filters) if known is None else _parted_as(known, filters)
    head = apart(parted.ids, "head")
    ids = next(iter(head.c))
    # As a double: the cursor carries it, and a real would not come back as the number it was.
    score = cast(func.ts_rank_cd(Found.words, tsquery(filters)), Double)
    scored = apart(
        select(Found.course_id.label("id"), literal(RANKED).label("part"), score.label("score")).where(
            Found.course_id.in_(select(ids))
        ),
        "scored",
    )
    ranked = select(scored).order_by(scored.c.score.desc(), scored.c.id.desc()).limit(ROWS)
    if known is not None and known.behind and known.part == RANKED:
        last = tuple_(bindparam("score", type_=Double()), bindparam("last_id", type_=BigInteger()))
        ranked = ranked.where(tuple_(scored.c.score, scored.c.id) < last)
    if known is None or known.few:
        return apart(ranked, "chosen"), parted
    if known.part == REST:
        ranked = ranked.where(null().is_not(None))
    page = apart(ranked, "ranked")
    missing = _count_of(page) < ROWS
    behind = paging.page_of(
        filters,
        "popular",
        ROWS,
        behind=True,
        only=lambda source: (missing, source.course_id.not_in(select(ids))),
        name="rest",
    )
    rest = apart(ids_of(behind), "rest_ids")
    follow = select(
        Found.course_id, literal(REST).label("part"), cast(Found.enrolled_students_count, Double)
    ).where(Found.course_id.in_(select(rest)))
    return apart(union_all(select(page), follow), "chosen"), parted


@lru_cache(maxsize=64)
def _statement(people: Subquery, shape: Shape, known: _Known | None, _sizes: tuple[int, ...]) -> Select[Any]:
    """The statement of filters of this shape, for the first page or behind what is `known`."""
    return _made(people, shape.filters, known)


def _made(people: Subquery, filters: Filters, known: _Known | None) -> Select[Any]:
    chosen, parted = _chosen(filters, known)
    statement = (
        select(
            *card(filters, people),
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
        .limit(ROWS)
    )
    return typing.cast("Select[Any]", statement)


async def cards(
    session: AsyncSession, filters: Filters, params: PageParams, people: Subquery
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of matches with their authors' names, in one query. Raises BadCursor."""
    place = Place.decode(params.cursor) if params.cursor else None
    shape, given = shaped(filters)
    if filters.taught is not None:
        # Never many, and drafts are in no order of what is published.
        statement = _made(people, filters, _Known(True, True, RANKED, behind=place is not None))
    else:
        known = None if place is None else _Known(place.few, place.named, place.part)
        statement = _statement(people, shape, known, (POPULAR, NAMED, paging.NEAR, paging.NEAR_WITH_WORDS))
    given |= {**_given(filters, place), ROWS.key: params.limit + 1}
    rows = await rows_of(session, statement, given, options=COMPILED)
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
