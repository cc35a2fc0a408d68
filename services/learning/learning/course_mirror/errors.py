"""What can be wrong with a course or a lesson somebody names."""

from chassis.errors import NotFound


class CourseNotFound(NotFound):
    slug = "course-not-found"
    title = "There is no such course"


class LessonNotFound(NotFound):
    slug = "lesson-not-found"
    title = "There is no such lesson in this course"
