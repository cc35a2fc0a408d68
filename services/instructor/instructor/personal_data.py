"""What instructor holds on a person: what goes into their export, and what does not, and why."""

from chassis.personal_data import HEAVY, Section

_MINE = "instructor_portal_instructorprofile.user_id"
_MY_SESSION = f"session_id -> instructor_portal_coursecreationsession.instructor_id -> {_MINE}"

SECTIONS = (
    Section("name_shown_to_others", "instructor_person"),
    # Which admin approved it is the admin's.
    Section("profile", "instructor_portal_instructorprofile", leaves_out=("approved_by_id",)),
    Section(
        "expertise_areas",
        "instructor_portal_instructorprofile_expertise_areas",
        f"instructorprofile_id -> {_MINE}",
    ),
    Section("dashboard", "instructor_portal_instructordashboard", f"instructor_id -> {_MINE}"),
    # They tell what learners did, by name: that they came and were read is the instructor's, the words are not.
    Section(
        "notifications",
        "instructor_portal_instructornotification",
        f"instructor_id -> {_MINE}",
        leaves_out=("title", "message", "action_url", "action_text", "metadata"),
    ),
    Section(
        "sessions",
        "instructor_portal_instructorsession",
        f"instructor_id -> {_MINE}",
        leaves_out=("session_key", "security_notes"),
    ),
    Section("courses_taught", "instructor_portal_courseinstructor", "instructor_id"),
    Section("courses_led", "instructor_course", "created_by_id"),
    Section("course_templates", "instructor_portal_coursetemplate", "created_by_id", rows_a_page=HEAVY),
    Section(
        "course_sessions",
        "instructor_portal_coursecreationsession",
        f"instructor_id -> {_MINE}",
        rows_a_page=HEAVY,
    ),
    Section("course_drafts", "instructor_portal_draftcoursecontent", _MY_SESSION, rows_a_page=HEAVY),
    Section("course_files", "instructor_portal_coursecontentdraft", _MY_SESSION, leaves_out=("file_path",)),
    Section("ai_drafts", "ai_course_builder_aicoursebuilderdraft", "instructor_id", rows_a_page=HEAVY),
)

NOT_EXPORTED: dict[str, str] = {}
