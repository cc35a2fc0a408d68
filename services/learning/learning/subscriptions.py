"""What learning listens to, and who handles it."""

from chassis.consumer import Subscriptions
from chassis.revocations import on_session_revoked, on_user_deactivated
from contracts.catalog import CourseChanged, CourseDeleted, CoursePublished, CourseUnpublished
from contracts.identity import (
    SessionRevoked,
    SubscriptionChanged,
    UserChanged,
    UserDeactivated,
    UserErased,
)
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved, InstructorChanged

from learning.erasure.handlers import on_user_erased
from learning.people.handlers import on_subscription_changed, on_user_changed
from learning.study.handlers import (
    on_course_changed,
    on_course_deleted,
    on_course_published,
    on_course_unpublished,
)
from learning.teaching.handlers import (
    on_co_instructor_changed,
    on_co_instructor_removed,
    on_instructor_changed,
)

SUBSCRIPTIONS: Subscriptions = {
    CoursePublished: on_course_published,
    CourseChanged: on_course_changed,
    CourseUnpublished: on_course_unpublished,
    CourseDeleted: on_course_deleted,
    UserChanged: on_user_changed,
    SubscriptionChanged: on_subscription_changed,
    UserErased: on_user_erased,
    SessionRevoked: on_session_revoked,
    UserDeactivated: on_user_deactivated,
    InstructorChanged: on_instructor_changed,
    CoInstructorChanged: on_co_instructor_changed,
    CoInstructorRemoved: on_co_instructor_removed,
}
