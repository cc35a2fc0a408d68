"""What can be wrong with a bookmark."""

from chassis.errors import Conflict, NotFound


class BookmarkNotFound(NotFound):
    slug = "bookmark-not-found"
    title = "There is no such bookmark of yours"


class ResourceNotFound(NotFound):
    slug = "resource-not-found"
    title = "There is no such resource"


class AlreadyBookmarked(Conflict):
    slug = "already-bookmarked"
    title = "You have bookmarked this already"


class OrderOutdated(Conflict):
    slug = "bookmark-order-outdated"
    title = "The order has to name each of your bookmarks once"


class TooManyBookmarks(Conflict):
    slug = "too-many-bookmarks"
    title = "There is no room for more bookmarks"
