"""Export and erasure, table by table: what is analytics' own of it."""

from datetime import UTC, datetime

from analytics.personal_data import NOT_EXPORTED, SECTIONS
from analytics.tables import metadata
from chassis.testing_personal_data import ADA, TOMBSTONE, PersonalDataTests
from contracts.identity import UserErased

# Profiles are told apart from people, facts name people inside.
GIVEN = {
    "instructor_portal_instructoranalytics.instructor_id": lambda person: person.seed,
    "instructor_portal_instructoranalyticshistory.instructor_id": lambda person: person.seed,
    "courses_useractivity.data": lambda person: {"user_id": person.user_id},
    "courses_useractivity.activity_type": "learning.note.created",
    "other_facts.data": lambda person: {"user_id": person.user_id, "created_by_id": person.user_id},
    "other_facts.fact_type": "instructor.co_instructor.changed",
    "other_facts.subject": lambda person: f"courses/1/instructors/{person.user_id}",
    "fold_enrollment.status": "active",
    "fold_profile.status": "active",
    "fold_writing.kind": "note",
    "fold_user.by_hour": [0] * 24,
    "fold_user.by_weekday": [0] * 7,
    "courses_userstats.learning_habits": {},
    "instructor_portal_instructoranalyticshistory.additional_data": {},
}
# Whose student somebody is follows from who is enrolled: see folding/test_erasure.py.
NOBODYS = (
    "fold_watermark",
    "fold_teacher_student",
    *(name for name in metadata.tables if "celery_beat" in name),
)

# What stays as it is when a person is erased: it says nothing of them.
KEPT = {
    "fold_purchase.payment_id": "the payment's name, not the person's",
    "courses_coursestats": "numbers of a course",
    "rebuilds.status": "a rebuild's",
    "rebuilds.error": "why a rebuild failed, in the words of the program",
}


class TestPersonalData(PersonalDataTests):
    service_name = "analytics"
    other = "learning"
    erased = UserErased(user_id=ADA, tombstone_id=TOMBSTONE, erased_at=datetime(2026, 12, 1, 8, tzinfo=UTC))
    sections = SECTIONS
    not_exported = NOT_EXPORTED
    given = GIVEN
    nobodys = NOBODYS
    kept = KEPT
