"""Export and erasure, table by table: what is instructor's own of it."""

from datetime import UTC, datetime

from chassis.testing_personal_data import ADA, TOMBSTONE, PersonalDataTests
from contracts.identity import UserErased
from instructor.personal_data import NOT_EXPORTED, SECTIONS

# What stays as it is when a person is erased: it says nothing of them.
KEPT = {
    "instructor_portal_coursetemplate": "others begin courses from it; who made it is the tombstone",
}


class TestPersonalData(PersonalDataTests):
    service_name = "instructor"
    other = "learning"
    erased = UserErased(user_id=ADA, tombstone_id=TOMBSTONE, erased_at=datetime(2026, 12, 1, 8, tzinfo=UTC))
    sections = SECTIONS
    not_exported = NOT_EXPORTED
    kept = KEPT
