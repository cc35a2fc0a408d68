"""Why an enrollment is refused, or cannot be used."""

from chassis.errors import Conflict, Forbidden, NotFound, PaymentRequired


class EnrollmentNotFound(NotFound):
    slug = "enrollment-not-found"
    title = "There is no such enrollment of yours"


class EnrollmentClosed(Conflict):
    slug = "enrollment-closed"
    title = "The course takes no enrollments"


class EnrollmentDropped(Conflict):
    slug = "enrollment-dropped"
    title = "The enrollment was dropped"


class EnrollmentCompleted(Conflict):
    slug = "enrollment-completed"
    title = "The course is completed: there is nothing left to drop"


class PaymentNeeded(PaymentRequired):
    slug = "payment-required"
    title = "The course has to be bought, or opened by a subscription"


class NotEnrolled(Forbidden):
    slug = "not-enrolled"
    title = "This is for those who take the course"
