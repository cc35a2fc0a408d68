"""Export and erasure, table by table: what is assessment's own of it."""

from datetime import UTC, datetime

from assessment.personal_data import NOT_EXPORTED, SECTIONS
from chassis.testing_personal_data import ADA, TOMBSTONE, PersonalDataTests
from contracts.identity import UserErased

# What stays as it is when a person is erased: it says nothing of them.
KEPT = {
    "courses_assessment": "the assessments of a lesson are the course's",
    "courses_question": "the same",
    "courses_answer": "the same",
}


class TestPersonalData(PersonalDataTests):
    service_name = "assessment"
    other = "learning"
    erased = UserErased(user_id=ADA, tombstone_id=TOMBSTONE, erased_at=datetime(2026, 12, 1, 8, tzinfo=UTC))
    sections = SECTIONS
    not_exported = NOT_EXPORTED
    kept = KEPT
