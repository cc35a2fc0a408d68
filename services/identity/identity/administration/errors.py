"""What an admin may not do."""

from chassis.errors import Conflict


class LastAdmin(Conflict):
    slug = "last-admin"
    title = "Somebody must be left who can administer the platform"


class OwnAccount(Conflict):
    slug = "own-account"
    title = "Nobody takes away their own rights: ask another admin"
