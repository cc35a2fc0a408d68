"""What is told to who cannot be erased, or asks for a receipt there is none of."""

from chassis.errors import Conflict, NotFound


class LastAdminStays(Conflict):
    slug = "last-admin-stays"
    title = "Somebody must be left who can administer the platform"


class NoSuchReceipt(NotFound):
    slug = "no-such-receipt"
    title = "There is no receipt here"
