"""What a list of courses is narrowed to, as conditions on its rows and as what an index finds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from catalog.courses import listings, search_rules
from catalog.courses.languages import configuration_of
from catalog.courses.models import Course, Listing


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of courses is narrowed to; None narrows nothing. `at` is the instant prices are of, `currency` what
    they are in."""

    at: datetime
    currency: str = ""
    taught: ColumnElement[bool] | None = None
    q: str | None = None
    categories: Select[int] | None = None
    level: str | None = None
    min_rating: Decimal | None = None
    max_price: Decimal | None = None
    free: bool | None = None
    featured: bool | None = None
    has_certificate: bool | None = None
    language: str | None = None
    searched_as: str = "en"
    """The language `q` is in."""

    @property
    def narrow(self) -> bool:
        """Whether there is anything that not every published course is."""
        asked = (
            self.taught,
            self.q,
            self.categories,
            self.level,
            self.language,
            self.min_rating,
            self.max_price,
        )
        chosen = (self.free, self.featured, self.has_certificate)
        return any(one is not None for one in (*asked, *chosen))


def led_or_taught_by(user_id: int, taught: Select[int]) -> ColumnElement[bool]:
    """Courses themselves; their versions are found by way of them."""
    mine = or_(Course.created_by_id == user_id, Course.id.in_(taught))
    return and_(mine, Course.parent_version_id.is_(None))


def price_at(at: datetime, source: Any) -> ColumnElement[Decimal]:
    """`rules.effective_price` in SQL; `source` has the columns."""
    in_force = and_(
        source.discount_price.is_not(None), or_(source.discount_ends.is_(None), source.discount_ends > at)
    )
    return case((in_force, source.discount_price), else_=source.price)


def tsquery(filters: Filters) -> ColumnElement[Any]:
    """`q` as its language reads it, or word by word; without what either way is excluded."""
    assert filters.q is not None, "asked only where something is looked for"
    wanted = search_rules.parse(filters.q)
    names = dict.fromkeys((configuration_of(filters.searched_as), "simple"))
    # As constants: cast at run time, they would have the query parsed again for every row it is held against.
    read_as: list[ColumnElement[Any]] = [literal_column(f"'{name}'::regconfig") for name in names]
    found: ColumnElement[Any] = func.websearch_to_tsquery(read_as[0], wanted.text)
    for configuration in read_as[1:]:
        found = found.op("||")(func.websearch_to_tsquery(configuration, wanted.text))
    for term in wanted.excluded:
        for configuration in read_as:
            found = found.op("&&")(func.tsquery_not(func.phraseto_tsquery(configuration, term)))
    return found


def conditions(filters: Filters, source: Any) -> Iterable[ColumnElement[bool]]:
    """What holds of the rows of `source`, which has the columns of Listing or is Course; the dearest at the end."""
    if filters.taught is not None:
        yield filters.taught
    if filters.level is not None:
        yield source.level == filters.level
    if filters.language is not None:
        yield source.language == filters.language
    if filters.min_rating is not None:
        yield source.avg_rating >= filters.min_rating
    if filters.featured is not None:
        yield source.is_featured.is_(filters.featured)
    if filters.has_certificate is not None:
        yield source.has_certificate.is_(filters.has_certificate)
    yield from _price_conditions(filters, source)
    if filters.categories is not None:
        yield source.category_id.in_(filters.categories)
    if filters.q is not None:
        yield _has_words(filters, source)


def _price_conditions(filters: Filters, source: Any) -> Iterable[ColumnElement[bool]]:
    """By the clock; `price_now`, never above that, only leads to the rows."""
    price = price_at(filters.at, source)
    if filters.max_price is not None:
        yield and_(source.price_now <= filters.max_price, price <= filters.max_price)
    if filters.free is not None:
        yield and_(source.price_now == 0, price == 0) if filters.free else price > 0


def _has_words(filters: Filters, source: Any) -> ColumnElement[bool]:
    if source is not Course:
        words: ColumnElement[bool] = source.words.bool_op("@@")(tsquery(filters))
        return words
    kept = select(Listing.course_id).where(Listing.course_id == Course.id)
    return kept.where(Listing.words.bool_op("@@")(tsquery(filters))).exists()


# --- by the index ---------------------------------------------------------------------------------------------------

_STRINGS = ARRAY(Text)
TAGS: ColumnElement[Any] = func.catalog_listing_tags(
    *(getattr(Listing, name) for name in listings.TAGGED), type_=_STRINGS
)
"""The tags of a listing, as the index has them."""
TITLE: ColumnElement[Any] = func.ts_filter(Listing.words, literal_column(listings.HEAVIEST))
"""The words of a listing's title, as the index has them."""


def have_any(tags: ColumnElement[Any]) -> ColumnElement[bool]:
    """Of the listings, those with one of the tags."""
    return TAGS.bool_op("&&")(tags)


def indexed(filters: Filters) -> Iterable[ColumnElement[bool]]:
    """What the index of words and tags knows of the filters: true of every match, and of few others."""
    exact = [
        *(
            f"{kind}:{value}"
            for kind, value in (("level", filters.level), ("language", filters.language))
            if value
        ),
        *(["free"] if filters.free else []),
        *(["featured"] if filters.featured else []),
        *([] if filters.has_certificate is None else [listings.certificate(filters.has_certificate)]),
    ]
    if exact:
        yield TAGS.bool_op("@>")(literal(exact, _STRINGS))
    if filters.categories is not None:
        names = select(func.concat("category:", filters.categories.subquery("tree").c.id))
        yield have_any(func.array(names.scalar_subquery()))
    if filters.min_rating is not None and (rated := listings.at_least(filters.min_rating)):
        yield have_any(literal(rated, _STRINGS))
    if filters.max_price is not None and (priced := listings.at_most(filters.max_price)):
        yield have_any(literal(priced, _STRINGS))


def every_match(filters: Filters) -> Select[int]:
    """The ids of all that the filters leave, to be planned as such: by the index."""
    if filters.taught is not None:
        return select(Course.id).where(*conditions(filters, Course))
    return select(Listing.course_id).where(
        Listing.is_published, *indexed(filters), *conditions(filters, Listing)
    )
