"""What instructor tells: instructors' profiles, who teaches which course, templates and creation sessions.

`profile_id` is the instructor profile's id, `user_id` the account's.
"""

from uuid import UUID

from contracts.envelope import Event, example
from contracts.fields import (
    Count,
    CreationMethod,
    Id,
    InstructorStatus,
    InstructorTier,
    Many,
    Percentage,
    TeachingRole,
    TemplateType,
    UtcTime,
    Version,
)


class InstructorApplied(
    Event,
    type="instructor.instructor.applied.v1",
    key="profile_id",
    subject="instructors/{profile_id}",
):
    """A user asked to teach; an admin decides. InstructorChanged with status pending goes beside it."""

    profile_id: Id
    user_id: Id
    applied_at: UtcTime

    model_config = example({"profile_id": 2, "user_id": 3, "applied_at": "2026-11-20T09:00:00Z"})


class InstructorChanged(
    Event,
    type="instructor.instructor.changed.v1",
    key="profile_id",
    subject="instructors/{profile_id}",
    kind="state",
):
    """An instructor profile as it is now: emitted at the application and at each change of status, tier or
    public profile.

    `active` gives the role instructor and the right to author. The descriptive texts are '' and the images
    None while `public_profile` is false.
    """

    profile_id: Id
    user_id: Id
    status: InstructorStatus
    tier: InstructorTier
    display_name: str
    title: str
    bio: str
    organization: str
    years_experience: Count
    website: str
    linkedin_profile: str
    twitter_handle: str
    profile_image_url: str | None
    cover_image_url: str | None
    expertise_area_ids: Many[Id]
    public_profile: bool
    is_verified: bool
    version: Version

    model_config = example(
        {
            "profile_id": 2,
            "user_id": 3,
            "status": "active",
            "tier": "bronze",
            "display_name": "Charles Babbage",
            "title": "Professor of Mathematics",
            "bio": "Builds engines.",
            "organization": "Cambridge",
            "years_experience": 11,
            "website": "https://babbage.example",
            "linkedin_profile": "",
            "twitter_handle": "",
            "profile_image_url": "/media/instructors/2/9c1e.webp",
            "cover_image_url": None,
            "expertise_area_ids": [4],
            "public_profile": True,
            "is_verified": True,
            "version": 2,
        }
    )


class CoInstructorChanged(
    Event,
    type="instructor.co_instructor.changed.v1",
    key="course_id",
    subject="courses/{course_id}/instructors/{user_id}",
    kind="state",
):
    """What one user may do in one course, and their share of its revenue, from `effective_from` on.

    Also for the lead (share 100 until others are given some). Shares are a history: at an instant the entry
    with the latest `effective_from` not after it counts. `version` belongs to the pair of course and user and
    goes on counting when they are removed and added again. `profile_id` is None for a teacher without an
    instructor profile (an admin).
    """

    course_id: Id
    user_id: Id
    profile_id: Id | None
    role: TeachingRole
    is_lead: bool
    is_active: bool
    can_edit_content: bool
    can_manage_students: bool
    can_view_analytics: bool
    revenue_share_percentage: Percentage
    effective_from: UtcTime
    version: Version

    model_config = example(
        {
            "course_id": 12,
            "user_id": 3,
            "profile_id": 2,
            "role": "lead",
            "is_lead": True,
            "is_active": True,
            "can_edit_content": True,
            "can_manage_students": True,
            "can_view_analytics": True,
            "revenue_share_percentage": "100.00",
            "effective_from": "2026-11-20T10:00:00Z",
            "version": 1,
        }
    )


class CoInstructorRemoved(
    Event,
    type="instructor.co_instructor.removed.v1",
    key="course_id",
    subject="courses/{course_id}/instructors/{user_id}",
):
    """A user no longer teaches a course: rights and share end at `removed_at` (exclusive).

    Takes the next `version` of the pair of course and user.
    """

    course_id: Id
    user_id: Id
    profile_id: Id | None
    removed_at: UtcTime
    version: Version

    model_config = example(
        {
            "course_id": 12,
            "user_id": 5,
            "profile_id": 6,
            "removed_at": "2026-12-01T10:00:00Z",
            "version": 3,
        }
    )


class TemplateUsed(
    Event, type="instructor.template.used.v1", key="profile_id", subject="course-templates/{template_id}"
):
    """An instructor began a course-creation session from a template."""

    template_id: Id
    template_type: TemplateType
    profile_id: Id
    user_id: Id
    session_id: UUID
    used_at: UtcTime

    model_config = example(
        {
            "template_id": 15,
            "template_type": "bootcamp",
            "profile_id": 2,
            "user_id": 3,
            "session_id": "0191f0a2-77aa-7c3e-9a44-0c1d2e3f4a5b",
            "used_at": "2026-11-21T14:00:00Z",
        }
    )


class CourseSessionPublished(
    Event,
    type="instructor.course_session.published.v1",
    key="profile_id",
    subject="course-sessions/{session_id}",
):
    """A course-creation session ended in a course that catalog has published."""

    session_id: UUID
    profile_id: Id
    user_id: Id
    course_id: Id
    creation_method: CreationMethod
    template_id: Id | None
    published_at: UtcTime

    model_config = example(
        {
            "session_id": "0191f0a2-77aa-7c3e-9a44-0c1d2e3f4a5b",
            "profile_id": 2,
            "user_id": 3,
            "course_id": 12,
            "creation_method": "template",
            "template_id": 15,
            "published_at": "2026-11-22T19:50:00Z",
        }
    )
