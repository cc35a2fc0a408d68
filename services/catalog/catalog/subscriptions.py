"""What catalog listens to, and who takes it."""

from chassis.consumer import Batched, Subscriptions
from chassis.revocations import on_session_revoked, on_user_deactivated
from contracts.assessment import AssessmentChanged, AssessmentRemoved
from contracts.identity import SessionRevoked, UserChanged, UserDeactivated, UserErased
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved, InstructorChanged
from contracts.learning import EnrollmentCreated, EnrollmentDropped

from catalog.erasure.handlers import on_user_erased
from catalog.instructor_mirror.handlers import (
    on_co_instructor_changed,
    on_co_instructor_removed,
    on_instructor_changed,
)
from catalog.learners.handlers import on_enrollments
from catalog.people.handlers import on_user_changed
from catalog.quizzes.handlers import on_assessments

_enrollments = Batched(on_enrollments)
_assessments = Batched(on_assessments)

SUBSCRIPTIONS: Subscriptions = {
    UserChanged: on_user_changed,
    UserErased: on_user_erased,
    SessionRevoked: on_session_revoked,
    UserDeactivated: on_user_deactivated,
    InstructorChanged: on_instructor_changed,
    CoInstructorChanged: on_co_instructor_changed,
    CoInstructorRemoved: on_co_instructor_removed,
    EnrollmentCreated: _enrollments,
    EnrollmentDropped: _enrollments,
    AssessmentChanged: _assessments,
    AssessmentRemoved: _assessments,
}
