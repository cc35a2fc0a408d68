"""What can be wrong with a category."""

from chassis.errors import Conflict, Invalid, NotFound


class CategoryNotFound(NotFound):
    slug = "category-not-found"
    title = "There is no such category"


class CategoryUnknown(Invalid):
    slug = "category-unknown"
    title = "The category named in the request does not exist, or takes no courses"


class CategoryNameTaken(Conflict):
    slug = "category-name-taken"
    title = "There is a category of this name"


class CategoryCycle(Conflict):
    slug = "category-cycle"
    title = "A category cannot be below itself"


class CategoryTooDeep(Conflict):
    slug = "category-too-deep"
    title = "The tree of categories would become too deep"


class CategoryInUse(Conflict):
    slug = "category-in-use"
    title = "The category still has courses or categories in it"
