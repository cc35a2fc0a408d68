"""What can be wrong with a version, or with asking for one."""

from chassis.errors import Conflict, NotFound


class VersionNotFound(NotFound):
    slug = "version-not-found"
    title = "The course has no such version to go back to"


class NoDraftNeeded(Conflict):
    slug = "no-draft-needed"
    title = "The course is not in the catalogue: edit it as it is"
