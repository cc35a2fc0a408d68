"""What analytics holds on a person: what goes into their export, and what does not, and why."""

from chassis.personal_data import Section

_MY_PROFILE = "instructor_id -> fold_profile.user_id"

SECTIONS = (
    # As old as its index reads it: a hundred thousand facts are no rarity.
    Section("activity", "courses_useractivity", key=("created_date", "id"), rows_a_page=1000),
    Section("statistics", "courses_userstats"),
    Section("learning_statistics", "content_userlearningstatistics"),
    Section("active_days", "fold_user_day"),
    Section("teaching_facts", "other_facts", "data:user_id"),
    Section("authoring_facts", "other_facts", "data:created_by_id"),
    Section("instructor_statistics", "content_instructorstatistics"),
    Section("instructor_analytics", "instructor_portal_instructoranalytics", _MY_PROFILE),
    Section("instructor_analytics_history", "instructor_portal_instructoranalyticshistory", _MY_PROFILE),
    Section("revenue", "fold_revenue"),
    Section("rebuilds_asked_for", "rebuilds", "requested_by_id"),
)

_FOLDED = "what the statistics are added up from; follows from the facts, which are exported whole"
_OF_COURSES = "numbers of a course or an assessment, over all its learners"
_CLOCK = "the platform's clock"

NOT_EXPORTED = {
    "fold_attempt": _FOLDED,
    "fold_certificate": _FOLDED,
    "fold_enrollment": _FOLDED,
    "fold_lesson": _FOLDED,
    "fold_participant": _FOLDED,
    "fold_profile": _FOLDED,
    "fold_purchase": _FOLDED,
    "fold_share": _FOLDED,
    "fold_teacher": _FOLDED,
    "fold_teacher_student": "pairs of people: whose learners somebody is says as much of the other one",
    "fold_teaching": _FOLDED,
    "fold_user": _FOLDED,
    "fold_writing": _FOLDED,
    "fold_assessment": _OF_COURSES,
    "fold_course": _OF_COURSES,
    "fold_month": _OF_COURSES,
    "fold_question": _OF_COURSES,
    "courses_coursestats": _OF_COURSES,
    "content_platformstatistics": "numbers of the whole platform",
    "fold_watermark": "how far the fold has come",
    "django_celery_beat_clockedschedule": _CLOCK,
    "django_celery_beat_crontabschedule": _CLOCK,
    "django_celery_beat_intervalschedule": _CLOCK,
    "django_celery_beat_periodictask": _CLOCK,
    "django_celery_beat_periodictasks": _CLOCK,
    "django_celery_beat_solarschedule": _CLOCK,
}
