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
    cast,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.util import LRUCache

from catalog.courses import listings, search_rules
from catalog.courses.languages import CONFIGURATIONS, configuration_of
from catalog.courses.models import Course, Found


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for, as it is and parted, in texts or in the parameters that stand for them; `phrases` is None
    where there are none."""

    whole: Any
    text: Any
    excluded: tuple[Any, ...]
    phrases: Any

    @classmethod
    def of(cls, filters: "Filters") -> "Asked":
        assert filters.q is not None, "asked only where something is looked for"
        if filters.asked is not None:
            return filters.asked
        wanted = search_rules.parse(filters.q)
        return cls(filters.q, wanted.text, wanted.excluded, list(wanted.phrases) or None)


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
    def phrased(self) -> bool:
        """Whether there are phrases that every match has."""
        return self.q is not None and Asked.of(self).phrases is not None

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


def tsquery(filters: Filters, *, paired: bool = False, but_excluded: bool = False) -> ColumnElement[Any]:
    """`q` as its language reads it, or word by word; without what either way is excluded, or `but_excluded`.

    What is `paired` asks for the pairs of words in a phrase too, which stand in Found.words but not in a title's: the
    index knows them, and not which words stand side by side.

    It is made once for a statement, by itself: as part of a condition it might be made for every row. And taken for
    rare by the planner, which then goes by the index, and not over the whole catalogue.
    """
    found = _wanted(filters, func.websearch_to_tsquery, paired=paired)
    for term in () if but_excluded else _excluded(filters):
        found = found.op("&&")(func.tsquery_not(term))
    return select(found).scalar_subquery()


def _wanted(filters: Filters, read: Any, *, paired: bool) -> ColumnElement[Any]:
    asked = Asked.of(filters)
    each: list[ColumnElement[Any]] = [read(name, asked.text) for name in _read_as(filters)]
    if paired and filters.phrased:
        phrases = literal(asked.phrases, _STRINGS) if filters.asked is None else asked.phrases
        pairs = (func.catalog_phrase_pairs(name, phrases) for name in _read_as(filters))
        each = [words.op("&&")(pair) for words, pair in zip(each, pairs, strict=True)]
    found = each[0]
    for other in each[1:]:
        # Most names are the same either way, and looked for twice they would be read twice.
        found = case((found == other, found), else_=found.op("||")(other))
    return found


def likely(filters: Filters) -> ColumnElement[bool]:
    """Of the rows of Found those with all the words of a search for phrases, and with their pairs: nearly all of them
    match, and no word has to be read to find them."""
    words = _wanted(filters, _wherever, paired=True)
    # Where there are none, as in `"!" -loom`, all that is asked is what matches do not have.
    asked = case((func.numnode(words) == 0, tsquery(filters)), else_=words)
    return Found.words.bool_op("@@")(select(asked).scalar_subquery())


def _wherever(configuration: ColumnElement[Any], text: Any) -> ColumnElement[Any]:
    """The very words that `websearch_to_tsquery` asks for, wherever they stand. `plainto_tsquery` would read the text
    as one, and see a single address where the other sees an operator within."""
    placed = cast(func.websearch_to_tsquery(configuration, text), Text)
    return cast(func.regexp_replace(placed, r" <(-|\d+)> ", " & ", "g"), TSQUERY)


def lacks_excluded(filters: Filters) -> Iterable[ColumnElement[bool]]:
    """That the rows of Found have nothing that is excluded: in no form that an index would be asked for."""
    for term in _excluded(filters):
        yield not_(Found.words.bool_op("@@")(select(term).scalar_subquery()))


def _excluded(filters: Filters) -> Iterable[ColumnElement[Any]]:
    for term in Asked.of(filters).excluded:
        for configuration in _read_as(filters):
            yield func.phraseto_tsquery(configuration, term)


def _read_as(filters: Filters) -> list[ColumnElement[Any]]:
    names = dict.fromkeys((configuration_of(filters.searched_as), "simple"))
    return [literal_column(f"'{name}'::regconfig") for name in names]


def conditions(filters: Filters, source: Any, *, but_words: bool = False) -> Iterable[ColumnElement[bool]]:
    """What holds of the rows of `source`, which has the columns of Listing or is Found or Course; the dearest at the
    end."""
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
        yield has_words(filters, source)


def _price_conditions(filters: Filters, source: Any) -> Iterable[ColumnElement[bool]]:
    """By the clock; `price_now`, never above that, only leads to the rows."""
    price = price_at(filters.at, source)
    if filters.max_price is not None:
        yield and_(source.price_now <= filters.max_price, price <= filters.max_price)
    if filters.free is not None:
        yield and_(source.price_now == 0, price == 0) if filters.free else price > 0


def has_words(filters: Filters, source: Any) -> ColumnElement[bool]:
    """The last of the `conditions`."""
    asked = tsquery(filters, paired=True)
    if source is Found:
        return Found.words.bool_op("@@")(asked)
    # A row at a time: as a join, it might be planned from the words.
    course_id = Course.id if source is Course else source.course_id
    words: Any = select(Found.words).where(Found.course_id == course_id).scalar_subquery()
    return words.bool_op("@@")(asked)  # type: ignore[no-any-return]


# --- by the index ---------------------------------------------------------------------------------------------------

_STRINGS = ARRAY(Text)
TAGS: ColumnElement[Any] = func.catalog_found_tags(
    *(getattr(Found, name) for name in listings.TAGGED), type_=_STRINGS
)
"""The tags of a course, as the index has them."""
TITLE: ColumnElement[Any] = func.ts_filter(Found.words, literal_column(listings.HEAVIEST))
"""The words of a course's title, as the index has them."""


def have_any(tags: ColumnElement[Any]) -> ColumnElement[bool]:
    """Of the rows of Found, those with one of the tags."""
    return TAGS.bool_op("&&")(tags)


def tags_of(filters: Filters) -> dict[str, list[str]]:
    """Tags that every match has: all of those `alike`, and of the `usual` ones, which very many courses have, and one
    of each other kind."""
    alike = [
        *([f"language:{filters.language}"] if filters.language else []),
        *(["free"] if filters.free else []),
        *(["featured"] if filters.featured else []),
    ]
    usual = [
        *([f"level:{filters.level}"] if filters.level else []),
        *([] if filters.has_certificate is None else [listings.certificate(filters.has_certificate)]),
    ]
    rated = None if filters.min_rating is None else listings.at_least(filters.min_rating)
    priced = None if filters.max_price is None else listings.at_most(filters.max_price)
    found = {"alike": alike, "usual": usual, "rated": rated, "priced": priced}
    return {kind: tags for kind, tags in found.items() if tags}


def indexed(filters: Filters, *, but_usual: bool = False) -> Iterable[ColumnElement[bool]]:
    """What the index of words and tags knows of the filters: true of every match, and of few others.

    `but_usual` where so few rows are read that to look the usual tags up would take longer.
    """
    told = filters.tags
    if told is None:
        told = {kind: literal(tags, _STRINGS) for kind, tags in tags_of(filters).items()}
    for kind, tags in told.items():
        if kind != "usual" or not but_usual:
            yield TAGS.bool_op("@>")(tags) if kind in ("alike", "usual") else have_any(tags)
    if filters.categories is not None:
        names = select(func.concat("category:", filters.categories.subquery("tree").c.id))
        yield have_any(func.array(names.scalar_subquery()))


def every_match(filters: Filters) -> Select[int]:
    """The ids of all that the filters leave, to be planned as such: by the index."""
    if filters.taught is not None:
        return select(Course.id).where(*conditions(filters, Course))
    return select(Found.course_id).where(Found.is_published, *indexed(filters), *conditions(filters, Found))


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


COMPILED = {"compiled_cache": LRUCache[Any, Any](64)}
"""Where statements of filters are kept compiled: a megabyte each, and there are more shapes than an engine keeps."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of the filters on published courses says which statement it is; the rest are its parameters."""

    values: tuple[str, ...]
    choices: tuple[bool | None, ...]
    tags: tuple[str, ...]
    categories: Select[int] | None
    excluded: int | None
    """How many words or phrases are; None where nothing is looked for."""
    phrased: bool
    configuration: str

    @property
    def filters(self) -> Filters:
        """The filters, all parameters."""
        given: dict[str, Any] = {name: bindparam(name, type_=_VALUES[name]) for name in self.values}
        given |= zip(_CHOICES, self.choices, strict=True)
        if self.excluded is not None:
            terms = tuple(bindparam(f"without_{n}", type_=Text()) for n in range(self.excluded))
            phrases = bindparam("phrases", type_=_STRINGS) if self.phrased else None
            asked = Asked(bindparam("q", type_=Text()), bindparam("text", type_=Text()), terms, phrases)
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
        given |= {"q": asked.whole, "text": asked.text, "phrases": asked.phrases}
        given |= {f"without_{n}": term for n, term in enumerate(asked.excluded)}
    choices = tuple(getattr(filters, name) for name in _CHOICES)
    language = filters.searched_as if filters.searched_as in CONFIGURATIONS else ""
    shape = Shape(values, choices, tuple(tags), filters.categories, excluded, filters.phrased, language)
    return shape, given
