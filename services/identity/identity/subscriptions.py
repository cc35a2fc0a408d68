"""Everything identity listens to."""

from chassis.consumer import Subscriptions
from contracts.instructor import InstructorChanged
from contracts.platform import ErasureCompleted

from identity.erasures.handlers import on_erasure_completed
from identity.instructor_standing.handlers import on_instructor_changed

SUBSCRIPTIONS: Subscriptions = {
    InstructorChanged: on_instructor_changed,
    ErasureCompleted: on_erasure_completed,
}
