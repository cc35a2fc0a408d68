"""What a list of courses is narrowed to, as conditions on its rows and as what an index finds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Numeric,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from catalog.courses import listings, search_rules
from catalog.courses.languages import CONFIGURATIONS, configuration_of
from catalog.courses.models import Course, Listing


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for, as it is and parted, in texts or in the parameters that stand for them."""

    whole: Any
    text: Any
    excluded: tuple[Any, ...]

    @classmethod
    def of(cls, filters: "Filters") -> "Asked":
        assert filters.q is not None, "asked only where something is looked for"
        wanted = search_rules.parse(filters.q)
        return filters.asked or cls(filters.q, wanted.text, wanted.excluded)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of courses is narrowed to; None narrows nothing. `at` is the instant prices are of, `currency` what
    they are in."""

    at: datetime
    currency: str = ""
    taught: ColumnElement[bool] | None = None
    q: str | None = None
    categories: Select[int] | None = None
    category: int | str | None = None
    """The parameter of `categories`."""
    level: str | None = None
    min_rating: Decimal | None = None
    max_price: Decimal | None = None
    free: bool | None = None
    featured: bool | None = None
    has_certificate: bool | None = None
    language: str | None = None
    searched_as: str = "en"
    """The language `q` is in."""
    asked: Asked | None = None
    """`q`, where it is a parameter."""
    tags: Mapping[str, Any] | None = None
    """The parameters that `tags_of` is given as, where the others are parameters too."""

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
    wanted = Asked.of(filters)
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


def conditions(filters: Filters, source: Any, *, but_words: bool = False) -> Iterable[ColumnElement[bool]]:
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
    if filters.q is not None and not but_words:
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


def tags_of(filters: Filters) -> dict[str, list[str]]:
    """Tags that every match has: all of those `alike`, and one of each other kind."""
    alike = [
        *([f"level:{filters.level}"] if filters.level else []),
        *([f"language:{filters.language}"] if filters.language else []),
        *(["free"] if filters.free else []),
        *(["featured"] if filters.featured else []),
        *([] if filters.has_certificate is None else [listings.certificate(filters.has_certificate)]),
    ]
    rated = None if filters.min_rating is None else listings.at_least(filters.min_rating)
    priced = None if filters.max_price is None else listings.at_most(filters.max_price)
    found = {"alike": alike, "rated": rated, "priced": priced}
    return {kind: tags for kind, tags in found.items() if tags}


def indexed(filters: Filters) -> Iterable[ColumnElement[bool]]:
    """What the index of words and tags knows of the filters: true of every match, and of few others."""
    told = filters.tags
    if told is None:
        told = {kind: literal(tags, _STRINGS) for kind, tags in tags_of(filters).items()}
    for kind, tags in told.items():
        yield TAGS.bool_op("@>")(tags) if kind == "alike" else have_any(tags)
    if filters.categories is not None:
        names = select(func.concat("category:", filters.categories.subquery("tree").c.id))
        yield have_any(func.array(names.scalar_subquery()))


def every_match(filters: Filters) -> Select[int]:
    """The ids of all that the filters leave, to be planned as such: by the index."""
    if filters.taught is not None:
        return select(Course.id).where(*conditions(filters, Course))
    return select(Listing.course_id).where(
        Listing.is_published, *indexed(filters), *conditions(filters, Listing)
    )


# --- statements that are made once ----------------------------------------------------------------------------------

AT: Any = bindparam("at", type_=DateTime(timezone=True))
"""The instant prices are of, as a parameter."""
CURRENCY: Any = bindparam("currency", type_=Text())
_VALUES: dict[str, Any] = {
    "level": String(),
    "language": String(),
    "min_rating": Numeric(3, 2),
    "max_price": Numeric(12, 2),
}
_CHOICES = ("free", "featured", "has_certificate")


@dataclass(frozen=True, slots=True)
class Shape:
    """What of the filters on published courses says which statement it is; the rest are its parameters."""

    values: tuple[str, ...]
    choices: tuple[bool | None, ...]
    tags: tuple[str, ...]
    categories: Select[int] | None
    excluded: int | None
    """How many words or phrases are; None where nothing is looked for."""
    configuration: str

    @property
    def filters(self) -> Filters:
        """The filters, all parameters."""
        given: dict[str, Any] = {name: bindparam(name, type_=_VALUES[name]) for name in self.values}
        given |= zip(_CHOICES, self.choices, strict=True)
        if self.excluded is not None:
            terms = tuple(bindparam(f"without_{n}", type_=Text()) for n in range(self.excluded))
            asked = Asked(bindparam("q", type_=Text()), bindparam("text", type_=Text()), terms)
            given |= {"q": "", "asked": asked}
        tags = {kind: bindparam(f"tags_{kind}", type_=_STRINGS) for kind in self.tags}
        return Filters(
            at=AT,
            currency=CURRENCY,
            categories=self.categories,
            searched_as=self.configuration,
            tags=tags,
            **given,
        )


def shaped(filters: Filters) -> tuple[Shape, dict[str, Any]]:
    """The shape of the filters, and the parameters."""
    values = tuple(name for name in _VALUES if getattr(filters, name) is not None)
    tags = tags_of(filters)
    given: dict[str, Any] = {name: getattr(filters, name) for name in values}
    given |= {"at": filters.at, "currency": filters.currency, "category": filters.category}
    given |= {f"tags_{kind}": names for kind, names in tags.items()}
    excluded = None
    if filters.q is not None:
        asked = Asked.of(filters)
        excluded = len(asked.excluded)
        given |= {"q": asked.whole, "text": asked.text}
        given |= {f"without_{n}": term for n, term in enumerate(asked.excluded)}
    choices = tuple(getattr(filters, name) for name in _CHOICES)
    language = filters.searched_as if filters.searched_as in CONFIGURATIONS else ""
    return Shape(values, choices, tuple(tags), filters.categories, excluded, language), given
