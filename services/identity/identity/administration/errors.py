"""What the staff may not do to an account."""

from chassis.errors import Conflict, Invalid


class LastAdmin(Conflict):
    slug = "last-admin"
    title = "Somebody must be left who can administer the platform"


class BanOutOfRange(Invalid):
    slug = "ban-out-of-range"
    title = "A ban ends in the future, within ten years"
