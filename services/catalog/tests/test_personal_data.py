"""Export and erasure, table by table: what is catalog's own of it."""

from datetime import UTC, datetime

from catalog.personal_data import NOT_EXPORTED, SECTIONS
from chassis.testing_personal_data import ADA, TOMBSTONE, PersonalDataTests
from contracts.identity import UserErased

GIVEN = {
    "courses_course.discount_price": None,
    "courses_course.language": "en",
    "courses_course.counted_in_id": None,
}
# Counted by what happens to courses, and written by a trigger with them.
NOBODYS = ("catalog_category_size", "catalog_listing", "catalog_found")

# What stays as it is when a person is erased: it says nothing of them.
KEPT = {
    "courses_category": "the platform's",
    "catalog_unwanted_file": "a file about to be removed",
    "content_testimonial": "what the platform prints; tied to no account",
    "courses_course": "a course goes on without its author: learners keep what they enrolled in",
    "catalog_listing": "the same",
    "catalog_found": "the same",
    "courses_module": "the same",
    "courses_lesson": "the same",
    "courses_resource": "the same",
    "catalog_course_publication": "the same",
    "catalog_vocabulary": "the words of those courses",
    "catalog_word_change": "the same",
    "catalog_person.user_id": "beside the tombstone, for events that come late",
}


class TestPersonalData(PersonalDataTests):
    service_name = "catalog"
    other = "learning"
    erased = UserErased(user_id=ADA, tombstone_id=TOMBSTONE, erased_at=datetime(2026, 12, 1, 8, tzinfo=UTC))
    sections = SECTIONS
    not_exported = NOT_EXPORTED
    given = GIVEN
    nobodys = NOBODYS
    kept = KEPT
