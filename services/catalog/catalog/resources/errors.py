"""What can be wrong with a resource."""

from chassis.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LyceumError,
    NotFound,
    Unauthenticated,
    UnsupportedMediaType,
)


class ResourceNotFound(NotFound):
    slug = "resource-not-found"
    title = "There is no such resource"


class ResourceHasNoFile(NotFound):
    slug = "resource-has-no-file"
    title = "This resource has no file"


class ResourceOrderTaken(Conflict):
    slug = "order-taken"
    title = "Another one stands at this place in the order"


class TooManyResources(Conflict):
    slug = "too-many-resources"
    title = "The lesson has as many resources as a lesson can have"


class LinkHasNoFile(Conflict):
    slug = "link-has-no-file"
    title = "A link points to what is elsewhere; it has no file"


class LinkIncomplete(Invalid):
    slug = "link-incomplete"
    title = "A link needs an address, and nothing else has one"


class TypeDoesNotFit(Conflict):
    slug = "type-does-not-fit"
    title = "The resource's file is of another kind"


class FileEmpty(Invalid):
    slug = "file-empty"
    title = "The file has no content"


class FileNameUnknown(Invalid):
    slug = "file-name-invalid"
    title = "The file's name cannot be understood"


class FileTypeRefused(UnsupportedMediaType):
    slug = "file-type-refused"
    title = "Files of this kind are not taken here"


class LoginUnlocks(Unauthenticated):
    """`unlock` is what else would."""

    slug = "resource-needs-login"
    title = "Log in to have this resource"


class ResourceLocked(Forbidden):
    """`unlock` is what would."""

    slug = "resource-locked"
    title = "This resource is for those enrolled and for premium subscribers"


class RangeNotThere(LyceumError):
    """The range begins where the file has ended."""

    status = 416
    slug = "range-not-satisfiable"
    title = "The file has no such part"

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes.")
        self.size = size

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self.size}"}
