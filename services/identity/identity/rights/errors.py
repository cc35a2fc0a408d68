"""Why a right is not given or taken."""

from chassis.errors import Conflict, Forbidden, Invalid, NotFound


class BeyondOwnRights(Forbidden):
    slug = "beyond-own-rights"
    title = "Nobody gives or takes what they do not hold, nor touches who holds more"


class OwnAccount(Conflict):
    slug = "own-account"
    title = "Nobody takes away their own rights: ask another admin"


class GroupNameTaken(Conflict):
    slug = "group-name-taken"
    title = "There is a group of this name"


class GroupNotFound(NotFound):
    slug = "group-not-found"
    title = "There is no such group"


class UnknownPermission(Invalid):
    """`unknown` in the answer lists the codenames that no service declares."""

    slug = "unknown-permission"
    title = "No service knows this permission"


class UnknownGroup(Invalid):
    """`unknown` in the answer lists the ids."""

    slug = "unknown-group"
    title = "There is no such group to belong to"
