"""What a picture is: a WebP under a name of chance, so that it never changes under its URL."""

from chassis.pictures import Frame, is_name

MAX_BYTES = 10 * 2**20
"""Of what is sent; what is kept has a few ten thousand."""
MEDIA = "/media/"
COURSES, TESTIMONIALS = "courses", "testimonials"
FRAMES = {COURSES: Frame(1280, 720), TESTIMONIALS: Frame(512, 512, crop=True)}
"""By folder: a course's in the proportions it has, who says something as a square."""


def key_of(folder: str, owner_id: int, name: str) -> str | None:
    """The key of a picture by its URL; None for a URL that never was one."""
    return f"{folder}/{owner_id}/{name}" if is_name(name) else None


def url_of(key: str) -> str:
    """Where everybody finds it, relative to the gateway: what its owner's row keeps."""
    return MEDIA + key


def key_in(url: str | None) -> str | None:
    """The key that a row keeps as a URL; None for what the old site's data names, which is not in this storage."""
    return url.removeprefix(MEDIA) if url is not None and url.startswith(MEDIA) else None
