"""What catalog holds on a person: what goes into their export, and what does not, and why."""

from chassis.personal_data import HEAVY, Link, Section

_MINE = "courses_course.created_by_id"

SECTIONS = (
    Section("name_shown_to_others", "catalog_person", leaves_out=("tombstone_id",)),
    # What a moderator noted is the moderator's.
    Section("reviews", "courses_review", leaves_out=("moderation_notes",)),
    Section("helpful_votes", "catalog_review_vote"),
    Section("enrollments", "catalog_enrollment"),
    Section("instructor_standing", "catalog_instructor"),
    Section("teaching_rights", "catalog_co_instructor"),
    # The preview token opens the course to whoever has it; who published it may be
    # somebody else. Versions of a course, its modules and its lessons are rows like others.
    Section(
        "courses",
        "courses_course",
        "created_by_id",
        leaves_out=("preview_token", "published_by_id"),
        # The course with all its files, to be taken elsewhere; each version can be had of the course itself.
        links=(Link("export_url", "/api/v1/courses/{id}/export", unless="parent_version_id"),),
    ),
    Section("modules", "courses_module", f"course_id -> {_MINE}"),
    Section(
        "lessons",
        "courses_lesson",
        f"module_id -> courses_module.course_id -> {_MINE}",
        rows_a_page=HEAVY,
    ),
    Section(
        "resources",
        "courses_resource",
        f"lesson_id -> courses_lesson.module_id -> courses_module.course_id -> {_MINE}",
        leaves_out=("storage_key",),
        # Gigabytes, some of them: more than an export can be made of while one waits.
        links=(Link("download_url", "/api/v1/resources/{id}/download", where="uploaded"),),
    ),
)

NOT_EXPORTED = {
    "courses_category": "the platform's own tree of subjects; nobody's",
    "catalog_listing": "what lists and searches find a course by, all of which the section of courses holds",
    "catalog_found": "the same, and the words of it",
    "catalog_category_size": "how many courses a category has; nobody's",
    "content_testimonial": "what the platform prints of people it asked; written by admins, tied to no account",
    "catalog_vocabulary": "words of courses' titles and skills, and how many courses use them; nobody's",
    "catalog_word_change": "the same words, until they are counted",
    "catalog_assessment": "which lesson an assessment belongs to; nobody's",
    "catalog_unwanted_file": "keys of files that are about to be removed; whose they were is not kept",
    "catalog_course_publication": "the outline of a course as it was published, all of which the other sections hold",
}
