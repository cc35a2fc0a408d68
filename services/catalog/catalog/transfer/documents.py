"""A whole course as a document: `course.json` of an archive of ours, and what every other format is converted into.

The document holds all that authors write, and nothing that belongs to the platform it comes from: no ids, slugs,
counters, rights, versions or dates. What stands in a list stands in that order. Texts are kept to the letter,
but for links (`links.py`). The fields are those of the API, and so are their limits.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from chassis.schemas import InputModel, Money
from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from catalog import fields
from catalog.categories.schemas import Name
from catalog.courses.schemas import (
    Description,
    Keywords,
    Language,
    Level,
    Lines,
    MetaDescription,
    Paragraph,
    Skills,
    Subtitle,
)
from catalog.fields import Minutes, UtcInstant, WebAddress
from catalog.lessons.schemas import WrittenLesson
from catalog.modules.schemas import Description as ModuleDescription
from catalog.resources.rules import ResourceType
from catalog.resources.schemas import Description as ResourceDescription
from catalog.transfer.archives import LONGEST_NAME, Archive
from catalog.transfer.errors import BundleInvalid

FORMAT: Final = "lyceum-course"
VERSION: Final = 1
DOCUMENT = "course.json"
MANY = 10_000
"""More than any course has: what a course may have is said by the settings."""
ERRORS_TOLD = 20
LEFT_TOLD = 500


def _written(given: str) -> str:
    if not given.strip():
        raise ValueError("must have a character that is seen")
    return given


Title = Annotated[fields.Title, AfterValidator(_written)]
Path = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Of the file in the archive.")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Of the content, in hexadecimal.")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.")]


class Document(InputModel):
    """A part of a course, with every text as it is: blanks at the beginning of a line are code to markdown."""

    model_config = ConfigDict(str_strip_whitespace=False)


class FileDocument(Document):
    """Where a resource's file is in the archive. What is said of it is checked; its kind is seen by its content."""

    path: Path
    name: Annotated[str, Field(min_length=1, max_length=1000, description="What it is called when saved.")]
    mime_type: Annotated[str, Field(max_length=255)] | None = None
    size: Annotated[int, Field(ge=0)] | None = None
    sha256: Sha256 | None = None


class ResourceDocument(Document):
    title: Title
    type: ResourceType = "document"
    description: ResourceDescription | None = None
    duration_minutes: Minutes | None = None
    premium: bool = False
    url: WebAddress | None = Field(None, description="Of a link, and of nothing else.")
    file: FileDocument | None = None

    @model_validator(mode="after")
    def _links_alone_lead_elsewhere(self) -> Self:
        if (self.type == "link") != (self.url is not None):
            raise ValueError("a link has an address, and nothing else has one")
        if self.type == "link" and self.file is not None:
            raise ValueError("a link has no file")
        return self


class LessonDocument(WrittenLesson, Document):
    title: Title
    resources: Annotated[list[ResourceDocument], Field(max_length=MANY, fail_fast=True)] = Field(
        default_factory=list
    )


class ModuleDocument(Document):
    title: Title
    description: ModuleDescription | None = None
    duration_minutes: Minutes | None = None
    is_published: bool = Field(True, description="False hides it from learners.")
    lessons: Annotated[list[LessonDocument], Field(max_length=MANY, fail_fast=True)] = Field(
        default_factory=list
    )


class CategoryDocument(Document):
    """How the category is called where the course comes from."""

    slug: Annotated[str, Field(max_length=200)]
    name: Name


class PictureDocument(Document):
    path: Path


class CourseDocument(Document):
    title: Title
    subtitle: Subtitle | None = None
    description: Description = ""
    category: CategoryDocument | None = None
    currency: Currency | None = Field(None, description="Of the prices; without it they are the platform's.")
    price: Money = Decimal("0.00")
    discount_price: Money | None = None
    discount_ends: UtcInstant | None = None
    level: Level = "all_levels"
    language: Language = "en"
    duration_minutes: Minutes | None = None
    has_certificate: bool = False
    requirements: Lines = Field(default_factory=list)
    skills: Skills = Field(default_factory=list)
    learning_objectives: Lines = Field(default_factory=list)
    target_audience: Paragraph | None = None
    meta_keywords: Keywords | None = None
    meta_description: MetaDescription | None = None
    thumbnail: PictureDocument | None = None


class Bundle(Document):
    """A course with its outline."""

    format: Literal["lyceum-course"] = FORMAT
    version: Literal[1] = VERSION
    course: CourseDocument
    modules: Annotated[list[ModuleDocument], Field(max_length=MANY, fail_fast=True)] = Field(
        default_factory=list
    )


# --- what other formats are converted into --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """Something of the archive that the course did not get, in words for its author."""

    what: str
    why: str


@dataclass
class Report:
    """What was taken, counted by kind, and what was left. A converter counts what only it knows of (`pages`,
    `web_links`); modules, lessons, resources and files are counted where they are written."""

    format: str
    taken: dict[str, int] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    left_untold: int = 0

    def take(self, kind: str, number: int = 1) -> None:
        self.taken[kind] = self.taken.get(kind, 0) + number

    def leave(self, what: str, why: str) -> None:
        """Told for the first LEFT_TOLD; the others are counted."""
        if len(self.left) < LEFT_TOLD:
            self.left.append(Left(what[:LONGEST_NAME], why[:LONGEST_NAME]))
        else:
            self.left_untold += 1


@dataclass(frozen=True, slots=True)
class Converted:
    """An archive as a course. Every `path` in the bundle is the name of a file in the archive, as `archive.names` has
    it. `is_exact` says that a file which cannot be taken refuses the whole archive; else it is left, and reported."""

    bundle: Bundle
    report: Report
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of archive: it is one if it has the file `marker` at its top. `convert` reads it, in a thread, and raises
    errors of ours for what it cannot make a course of (`BundleInvalid`, an `EntryRefused`)."""

    name: str
    marker: str
    convert: Callable[[Archive], Converted]


def bundle_of(given: dict[str, Any]) -> Bundle:
    """The document, checked. Raises BundleInvalid, naming the places; of each list the first that is wrong."""
    try:
        return Bundle.model_validate(given)
    except ValidationError as error:
        raise invalid(error) from error


def invalid(error: ValidationError) -> BundleInvalid:
    """What pydantic found, as ours; what was given is not repeated."""
    found = [
        {"loc": [part if isinstance(part, int) else part[:100] for part in each["loc"]], "msg": each["msg"]}
        for each in error.errors(include_url=False, include_context=False, include_input=False)[:ERRORS_TOLD]
    ]
    place = ".".join(str(part) for part in found[0]["loc"])
    return BundleInvalid(f"{place}: {found[0]['msg']}", errors=found, errors_in_all=error.error_count())
