"""The staff's rights: what each service lets its staff do, by codename.

The one list that both sides know. A service checks a codename where it acts (`Staff("catalog.change_category")` at a
route, `principal.may(...)` deeper); identity lets admins give it to people and groups, and writes it into access
tokens. A codename is `<service>.<verb>_<noun>` and is never used for something else later: who was given it once would
hold what nobody gave them. One that is taken out of this list gives nothing from the next start of identity on.
"""

from collections.abc import Mapping
from types import MappingProxyType

_DECLARED: dict[str, dict[str, str]] = {
    "identity": {
        "view_user": "See every account",
        "change_user": "Change accounts: role, activity, groups and permissions",
        "ban_user": "Ban accounts for a time, and lift a ban",
        "reset_second_factor": "Take the second factor off an account whose owner lost it",
        "view_group": "See the groups and the permissions there are",
        "change_group": "Make, change and delete groups",
        "view_audit_log": "Read what the staff did",
        "change_social_app": "See and change the providers of social login",
        "change_site": "See and change the sites that social login serves",
        "view_payment": "See what people paid for their subscriptions",
        "refund_payment": "Pay a subscription's payment back",
    },
    "catalog": {
        "change_category": "Make, change and delete categories, and see the inactive ones",
        "view_course": "See every course, drafts included",
        "change_course": "Edit every course, its modules and lessons, and make new ones",
        "publish_course": "Publish and unpublish every course",
        "delete_course": "Delete every course that nobody ever enrolled in",
        "feature_course": "Feature courses on the home page, those that one may edit",
        "moderate_review": "Approve, hide and feature reviews",
        "change_testimonial": "Make, change and delete testimonials",
    },
    "learning": {
        "view_enrollment": "See everybody's enrollments and their progress",
        "change_enrollment": "End everybody's enrollments",
        "refund_enrollment": "Pay an enrollment back, after the days that learners have for it too",
        "view_student": "See the students of every course",
        "view_note": "Read the public notes of every course",
        "view_certificate": "See everybody's certificates",
        "revoke_certificate": "Revoke certificates",
    },
    "assessment": {},
    "instructor": {
        "view_instructor": "See instructors whatever their status, applications included",
        "approve_instructor": "Approve and reject applications",
        "suspend_instructor": "Suspend instructors, and reinstate them",
        "change_tier": "Give instructors a tier",
    },
    "analytics": {
        "view_statistics": "See the statistics of everybody and every course, and how fresh they are",
        "view_activity": "See everybody's activity",
        "rebuild_statistics": "Have the statistics computed anew and audited",
        "change_schedule": "See and change the platform's schedules, and run their tasks",
    },
}

# Every service has a consumer, and so what it could not handle.
for _rights in _DECLARED.values():
    _rights["view_dead_letter"] = "See the events that could not be handled"
    _rights["resolve_dead_letter"] = "Have events that could not be handled tried again, or drop them"

PERMISSIONS: Mapping[str, str] = MappingProxyType(
    {f"{service}.{name}": text for service, rights in _DECLARED.items() for name, text in rights.items()}
)
"""What every codename lets its holder do, in one line for who gives it."""


def service_of(codename: str) -> str:
    """The service that declared a codename."""
    return codename.partition(".")[0]
