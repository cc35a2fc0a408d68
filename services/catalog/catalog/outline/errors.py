"""What can be wrong with a course's outline."""

from chassis.errors import Conflict, Invalid, NotFound


class ModuleNotFound(NotFound):
    slug = "module-not-found"
    title = "There is no such module"


class LessonNotFound(NotFound):
    slug = "lesson-not-found"
    title = "There is no such lesson"


class OrderTaken(Conflict):
    slug = "order-taken"
    title = "Another one stands at this place in the order"


class TooManyModules(Conflict):
    slug = "too-many-modules"
    title = "The course has as many modules as a course can have"


class TooManyLessons(Conflict):
    slug = "too-many-lessons"
    title = "The course has as many lessons as a course can have"


class NotItsOutline(Invalid):
    """`missing` and `unknown` name what the course has and the request not, and the other way round."""

    slug = "order-incomplete"
    title = "The order must name every module and every lesson of the course exactly once"
