"""What learning holds on a person: what goes into their export, and what does not, and why."""

from chassis.personal_data import Section

SECTIONS = (
    Section("name_shown_to_others", "learning_user"),
    Section("subscription", "learning_subscription"),
    Section("preferences", "courses_userpreference"),
    Section("enrollments", "courses_enrollment"),
    Section("course_progress", "courses_courseprogress"),
    Section("lesson_progress", "courses_progress", "enrollment_id -> courses_enrollment.user_id"),
    Section("activity", "activity_log"),
    Section("notes", "courses_note"),
    Section("bookmarks", "courses_bookmark"),
    Section("certificates", "courses_certificate"),
    # Under its key a payment is asked for again after a crash: whoever has it could speak for the platform.
    Section("purchases", "purchases", leaves_out=("payment_key",)),
    Section("notifications", "courses_notification"),
    Section("instructor_standing", "learning_instructor"),
    Section("teaching_rights", "learning_teaching"),
    Section(
        "courses_led", "learning_course", "created_by_id", leaves_out=("lesson_ids", "recounted_lessons")
    ),
)

NOT_EXPORTED = {
    "learning_lesson": "the outline of courses, which catalog exports to who wrote them",
    "course_recounts": "names courses whose numbers are being counted again",
    "removals": "names courses and lessons that are being removed",
    "sandbox_charges": "the sandbox provider's own books: it knows payments, not people; purchases say the same",
}
