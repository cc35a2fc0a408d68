"""The tables of catalog: `metadata` is whole once this module is imported."""

import chassis.tables  # noqa: F401 - outbox, dead letters and the like join the metadata
from chassis.db import Base

from catalog.assessment_mirror.models import CatalogAssessment
from catalog.categories.models import Category, CategorySize
from catalog.courses.models import Course, Found, Listing
from catalog.enrollment_mirror.models import CatalogEnrollment
from catalog.files.models import UnwantedFile
from catalog.instructor_mirror.models import CatalogCoInstructor, CatalogInstructor
from catalog.outline.models import Lesson, Module
from catalog.people.models import CatalogPerson
from catalog.publishing.models import CoursePublication
from catalog.resources.models import Resource
from catalog.reviews.models import Review, ReviewVote
from catalog.testimonials.models import Testimonial
from catalog.vocabulary.models import KnownWord, WordChange

metadata = Base.metadata

__all__ = [
    "CatalogAssessment",
    "CatalogCoInstructor",
    "CatalogEnrollment",
    "CatalogInstructor",
    "CatalogPerson",
    "Category",
    "CategorySize",
    "Course",
    "CoursePublication",
    "Found",
    "KnownWord",
    "Lesson",
    "Listing",
    "Module",
    "Resource",
    "Review",
    "ReviewVote",
    "Testimonial",
    "UnwantedFile",
    "WordChange",
    "metadata",
]
