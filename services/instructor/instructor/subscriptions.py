"""Everything instructor listens to."""

from chassis.consumer import Subscriptions
from chassis.revocations import on_session_revoked, on_user_deactivated
from contracts.catalog import CourseChanged, CourseDeleted
from contracts.identity import SessionRevoked, UserChanged, UserDeactivated, UserErased

from instructor.co_teaching.handlers import keep_lead, take_course_away
from instructor.erasure import on_user_erased
from instructor.people.handlers import remember_person

SUBSCRIPTIONS: Subscriptions = {
    CourseChanged: keep_lead,
    CourseDeleted: take_course_away,
    UserChanged: remember_person,
    UserErased: on_user_erased,
    SessionRevoked: on_session_revoked,
    UserDeactivated: on_user_deactivated,
}
