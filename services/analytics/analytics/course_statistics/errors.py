"""Why somebody does not see a course's statistics."""

from chassis.errors import Forbidden, NotFound


class CourseNotFound(NotFound):
    slug = "course-not-found"
    title = "There is no such course"


class NotAnInstructorHere(Forbidden):
    slug = "not-an-instructor-here"
    title = "Only those who teach the course see its statistics"
