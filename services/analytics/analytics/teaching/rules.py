"""Whether somebody teaches a course, as instructor tells it."""

from dataclasses import dataclass

from contracts.instructor import CoInstructorChanged, CoInstructorRemoved

TeachingEvent = CoInstructorChanged | CoInstructorRemoved


@dataclass(slots=True)
class Teaching:
    """Whether a user teaches a course now, and may see its numbers."""

    course_id: int
    user_id: int
    version: int = 0
    teaches: bool = False
    can_view_analytics: bool = False

    def learn(self, version: int, teaches: bool, can_view_analytics: bool) -> None:
        told = (version, teaches, can_view_analytics)
        if told > (self.version, self.teaches, self.can_view_analytics):
            self.version, self.teaches, self.can_view_analytics = told


def learn_teaching(state: Teaching, event: TeachingEvent) -> None:
    if isinstance(event, CoInstructorChanged):
        state.learn(event.version, event.is_active, event.is_active and event.can_view_analytics)
    else:
        state.learn(event.version, teaches=False, can_view_analytics=False)
