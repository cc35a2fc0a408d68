"""What can go wrong with an instructor profile."""

from chassis.errors import Conflict, NotFound


class InstructorNotFound(NotFound):
    slug = "instructor-not-found"
    title = "There is no such instructor"


class AlreadyApplied(Conflict):
    slug = "already-applied"
    title = "There is an application, or a profile, already"


class WrongStatus(Conflict):
    slug = "instructor-status"
    title = "The instructor's present status does not allow this"
