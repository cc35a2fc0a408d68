"""What is asked and answered about courses."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier, InputModel, Instant, Money, OutputModel
from chassis.shapes import Json, Shape
from pydantic import ConfigDict, Field
from sqlalchemy import Row

from catalog.courses import rules
from catalog.courses.facets import Counts
from catalog.courses.service import Found, View
from catalog.fields import QueryText, Title, UtcInstant, absent
from catalog.outline.service import Part

Level = Literal["beginner", "intermediate", "advanced", "all_levels"]
CreationMethod = Literal["manual", "wizard", "template", "ai", "import"]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", description="ISO 639-1.", examples=["en"])]
Subtitle = Annotated[str, Field(max_length=300)]
LONGEST_DESCRIPTION = 20_000
Description = Annotated[
    str, Field(max_length=LONGEST_DESCRIPTION, description="Markdown; 100 characters at least to publish.")
]
Lines = Annotated[list[Annotated[str, Field(min_length=1, max_length=500)]], Field(max_length=50)]
Skills = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=50)]
Minutes = Annotated[int, Field(ge=0, le=1_000_000)]
Paragraph = Annotated[str, Field(max_length=5000)]
Keywords = Annotated[str, Field(max_length=500)]
MetaDescription = Annotated[str, Field(max_length=1000)]


class CourseIn(InputModel):
    title: Title
    category_id: Identifier
    subtitle: Subtitle | None = None
    description: Description = ""
    price: Money = Decimal("0.00")
    discount_price: Money | None = None
    discount_ends: UtcInstant | None = Field(
        None, description="When the discount ends (exclusive); null: never."
    )
    level: Level = "all_levels"
    language: Language = "en"
    duration_minutes: Minutes | None = None
    has_certificate: bool = False
    is_featured: bool = Field(False, description="Admins decide.")
    requirements: Lines = Field(default_factory=list)
    skills: Skills = Field(default_factory=list)
    learning_objectives: Lines = Field(default_factory=list)
    target_audience: Paragraph | None = None
    creation_method: CreationMethod = "manual"
    meta_keywords: Keywords | None = None
    meta_description: MetaDescription | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Notes on the Analytical Engine",
                    "category_id": 4,
                    "price": "49.00",
                    "level": "beginner",
                }
            ]
        }
    )


class CoursePatch(InputModel):
    title: Title = Field(default_factory=absent)
    category_id: Identifier = Field(default_factory=absent)
    subtitle: Subtitle | None = None
    description: Description = Field(default_factory=absent)
    price: Money = Field(default_factory=absent)
    discount_price: Money | None = Field(None, description="Null ends the discount.")
    discount_ends: UtcInstant | None = None
    level: Level = Field(default_factory=absent)
    language: Language = Field(default_factory=absent)
    duration_minutes: Minutes | None = None
    has_certificate: bool = Field(default_factory=absent)
    is_featured: bool = Field(default_factory=absent)
    requirements: Lines = Field(default_factory=absent)
    skills: Skills = Field(default_factory=absent)
    learning_objectives: Lines = Field(default_factory=absent)
    target_audience: Paragraph | None = None
    meta_keywords: Keywords | None = None
    meta_description: MetaDescription | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"discount_price": "39.00", "discount_ends": "2026-12-01T00:00:00Z"}]}
    )


class CourseListParams(PageParams):
    q: QueryText | None = Field(None, description='Words, "a phrase", or, -not; ranked.')
    category: QueryText | None = Field(None, description="Id or slug; what is below it counts in.")
    level: Level | None = None
    language: Language | None = Field(
        None, description="What the courses are in, and what `q` is read as; without it, as English."
    )
    min_rating: Decimal | None = Field(None, ge=0, le=5, max_digits=3, decimal_places=2)
    max_price: Money | None = Field(None, description="Of what the course costs now, its discount counted.")
    free: bool | None = None
    featured: bool | None = None
    has_certificate: bool | None = None
    sort: Literal["relevance", "newest", "popular", "rating", "price"] | None = Field(
        None, description="By default relevance where `q` is given, else newest."
    )
    teaching: Literal["me"] | None = Field(None, description="The caller's own courses, drafts too.")
    facets: bool = Field(False, description="Count, on the first page, what each further choice would leave.")


class AuthorOut(OutputModel):
    user_id: int
    display_name: str
    picture_url: str | None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"user_id": 3, "display_name": "Charles Babbage", "picture_url": None}]
        }
    )


CARD_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "title": "Notes on the Analytical Engine",
    "slug": "notes-on-the-analytical-engine",
    "subtitle": None,
    "category_id": 4,
    "thumbnail": None,
    "price": "49.00",
    "discount_price": "39.00",
    "discount_ends": "2026-12-01T00:00:00Z",
    "effective_price": "39.00",
    "currency": "USD",
    "level": "beginner",
    "language": "en",
    "duration_minutes": 180,
    "has_certificate": True,
    "is_featured": False,
    "is_published": True,
    "avg_rating": 4.5,
    "total_reviews": 2,
    "enrolled_students_count": 17,
    "published_date": "2026-11-22T19:50:00Z",
    "first_published_at": "2026-11-22T19:50:00Z",
    "completion_percentage": 100,
    "created_by_id": 3,
    "instructor": {"user_id": 3, "display_name": "Charles Babbage", "picture_url": None},
}


class CourseCard(OutputModel):
    """A course as it is listed."""

    id: int
    title: str
    slug: str
    subtitle: str | None
    category_id: int
    thumbnail: str | None
    price: Money
    discount_price: Money | None
    discount_ends: Instant | None
    effective_price: Money
    currency: str
    level: Level
    language: str
    duration_minutes: int | None
    has_certificate: bool
    is_featured: bool
    is_published: bool
    avg_rating: float
    total_reviews: int
    enrolled_students_count: int
    published_date: Instant | None
    first_published_at: Instant | None
    completion_percentage: int
    created_by_id: int
    instructor: AuthorOut

    model_config = ConfigDict(json_schema_extra={"examples": [CARD_EXAMPLE]})


class CategoryCount(OutputModel):
    category_id: int
    courses: int

    model_config = ConfigDict(json_schema_extra={"examples": [{"category_id": 4, "courses": 12}]})


class LevelCount(OutputModel):
    level: Level
    courses: int

    model_config = ConfigDict(json_schema_extra={"examples": [{"level": "beginner", "courses": 7}]})


class PriceCount(OutputModel):
    band: Literal["free", "under_20", "20_to_50", "50_to_100", "100_and_up"]
    courses: int

    model_config = ConfigDict(json_schema_extra={"examples": [{"band": "under_20", "courses": 3}]})


class RatingCount(OutputModel):
    min_rating: float
    courses: int

    model_config = ConfigDict(json_schema_extra={"examples": [{"min_rating": 4.5, "courses": 5}]})


class LanguageCount(OutputModel):
    language: str
    courses: int

    model_config = ConfigDict(json_schema_extra={"examples": [{"language": "en", "courses": 11}]})


class Facets(OutputModel):
    """How many courses each choice would leave, beside all other filters; a category counts what is below it."""

    category: list[CategoryCount]
    level: list[LevelCount]
    price: list[PriceCount]
    rating: list[RatingCount]
    language: list[LanguageCount]
    capped: bool = Field(description="There are more courses than were counted.")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "category": [{"category_id": 4, "courses": 12}],
                    "level": [{"level": "beginner", "courses": 12}],
                    "price": [{"band": "under_20", "courses": 12}],
                    "rating": [{"min_rating": 4.5, "courses": 5}],
                    "language": [{"language": "en", "courses": 12}],
                    "capped": False,
                }
            ]
        }
    )

    @classmethod
    def of(cls, counts: Counts) -> "Facets":
        named = {"category": "category_id", "price": "band", "rating": "min_rating"}
        kinds = ("category", "level", "price", "rating", "language")
        told: dict[str, Any] = {
            kind: [{named.get(kind, kind): value, "courses": n} for value, n in getattr(counts, kind)]
            for kind in kinds
        }
        return cls.model_validate({**told, "capped": counts.capped})


class CoursePage(Page[CourseCard]):
    """A page of courses, with the facets where they were asked for, and what `q` was taken for where it was mistyped."""

    facets: Facets | None = None
    searched_for: str | None = Field(
        None, description="What was looked for instead of `q`, which finds nothing as it was typed."
    )


def page_as_told(found: Found) -> dict[str, Any]:
    """The members of a CoursePage."""
    return {
        "items": [Json(row.card) for row in found.rows],
        "next_cursor": found.next_cursor,
        "facets": None if found.counts is None else Facets.of(found.counts).model_dump(mode="json"),
        "searched_for": found.searched_for,
    }


def _author(user_id: int, name: str | None, picture: str | None) -> dict[str, Any]:
    return {"user_id": user_id, "display_name": name or "", "picture_url": picture}


LESSON_EXAMPLE: dict[str, Any] = {
    "id": 101,
    "module_id": 30,
    "title": "Punched cards",
    "order": 0,
    "duration_minutes": 12,
    "access_level": "guest",
    "activity_type": "reading",
    "has_assessment": False,
    "has_lab": False,
    "is_free_preview": True,
}


class LessonOutline(OutputModel):
    """A lesson as the outline shows it, without its body."""

    id: int
    module_id: int
    title: str
    order: int
    duration_minutes: int | None
    access_level: Literal["guest", "registered", "premium"]
    activity_type: Literal["reading", "video", "interactive", "quiz", "lab"]
    has_assessment: bool
    has_lab: bool
    is_free_preview: bool

    model_config = ConfigDict(json_schema_extra={"examples": [LESSON_EXAMPLE]})


class ModuleOutline(OutputModel):
    id: int
    title: str
    description: str | None
    order: int
    duration_minutes: int | None
    is_published: bool
    lessons: list[LessonOutline]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 30,
                    "title": "Foundations",
                    "description": None,
                    "order": 0,
                    "duration_minutes": None,
                    "is_published": True,
                    "lessons": [LESSON_EXAMPLE],
                }
            ]
        }
    )

    @classmethod
    def of(cls, part: Part) -> "ModuleOutline":
        module = part.module
        return cls(
            id=module.id,
            title=module.title,
            description=module.description,
            order=module.order,
            duration_minutes=module.duration_minutes,
            is_published=module.is_published,
            lessons=[LessonOutline.model_validate(lesson) for lesson in part.lessons],
        )


class CourseOut(CourseCard):
    """A course with its outline."""

    description: str
    requirements: list[str]
    skills: list[str]
    learning_objectives: list[str]
    target_audience: str | None
    meta_keywords: str | None
    meta_description: str | None
    creation_method: CreationMethod
    completion_status: Literal["not_started", "partial", "complete"]
    is_draft: bool
    version: str = Field(description="The author's version of the content.")
    parent_version_id: int | None
    view_count: int
    last_enrollment_date: Instant | None
    created_date: Instant
    updated_date: Instant
    modules: list[ModuleOutline]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **CARD_EXAMPLE,
                    "description": "How a machine of brass would have woven numbers.",
                    "requirements": [],
                    "skills": ["computing"],
                    "learning_objectives": ["Read a table of operations"],
                    "target_audience": None,
                    "meta_keywords": None,
                    "meta_description": None,
                    "creation_method": "manual",
                    "completion_status": "complete",
                    "is_draft": False,
                    "version": "1.0",
                    "parent_version_id": None,
                    "view_count": 0,
                    "last_enrollment_date": None,
                    "created_date": "2026-11-22T19:30:00Z",
                    "updated_date": "2026-11-22T19:50:00Z",
                    "modules": [],
                }
            ]
        }
    )

    @classmethod
    def of_view(cls, view: View) -> "CourseOut":
        course = view.course
        computed: dict[str, Any] = {
            "currency": view.currency,
            "effective_price": rules.effective_price(
                course.price, course.discount_price, course.discount_ends, view.at
            ),
            "instructor": _author(course.created_by_id, view.author_name, view.author_picture),
            "version": rules.version_text(course.version),
            "modules": [ModuleOutline.of(part) for part in view.outline],
        }
        stored = {name: getattr(course, name) for name in cls.model_fields if name not in computed}
        return cls.model_validate({**stored, **computed})


_COURSE = Shape(CourseOut)


def course_as_told(found: Row[Any]) -> dict[str, Any]:
    """The members of a CourseOut; `found` as reading.read has it."""
    return _COURSE.one(found, version=rules.version_text(found.version), modules=Json(found.modules))
