"""Export and erasure, table by table: what is learning's own of it."""

from datetime import UTC, datetime

from chassis.testing_personal_data import ADA, TOMBSTONE, PersonalDataTests
from contracts.identity import UserErased
from learning.personal_data import NOT_EXPORTED, SECTIONS

# What stays as it is when a person is erased: it says nothing of them.
KEPT = {
    "courses_certificate.certificate_number": "a document's number: whoever was shown it can still check it",
    "courses_certificate.verification_hash": "the same; random",
    "courses_certificate.course_title": "the course's",
    "courses_certificate.template_version": "the platform's",
    "learning_course.title": "the course's",
    "learning_course.slug": "the course's",
    "learning_lesson.title": "the course's",
    "learning_lesson.access_level": "the course's",
    "learning_lesson.type": "the course's",
    "sandbox_charges.payment_id": "the provider's books",
    "sandbox_charges.payment_key": "the provider's books",
    "sandbox_charges.currency": "the provider's books",
    "purchases.currency": "what was paid is kept for the books, under the tombstone",
    "purchases.provider": "the same",
    "purchases.payment_id": "the same",
    "purchases.payment_key": "the same",
    "purchases.receipt": "the same; the provider's word on a payment names nobody",
    "purchases.refund_receipt": "the same",
    "learning_instructor.status": "a profile's, which goes on under the tombstone",
}


class TestPersonalData(PersonalDataTests):
    service_name = "learning"
    other = "catalog"
    erased = UserErased(user_id=ADA, tombstone_id=TOMBSTONE, erased_at=datetime(2026, 12, 1, 8, tzinfo=UTC))
    sections = SECTIONS
    not_exported = NOT_EXPORTED
    kept = KEPT
