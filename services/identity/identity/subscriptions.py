"""Everything identity listens to."""

from chassis.consumer import Subscriptions
from contracts.instructor import InstructorChanged

from identity.instructor_standing.handlers import on_instructor_changed

SUBSCRIPTIONS: Subscriptions = {
    InstructorChanged: on_instructor_changed,
}
