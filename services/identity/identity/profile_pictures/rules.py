"""What a profile picture is: a square in WebP, under a name of chance, so that it never changes under its URL."""

from chassis.pictures import is_name

FOLDER = "profiles"
SIDE = 512
MAX_BYTES = 10 * 2**20
"""Of what is sent; what is kept has a few ten thousand."""


def key_of(user_id: int, name: str) -> str | None:
    """The key of a picture by its URL; None for a URL that never was one."""
    return f"{FOLDER}/{user_id}/{name}" if is_name(name) else None


def owner_of(key: str) -> int | None:
    """Whose picture a key is; None for a key of another form."""
    match key.split("/"):
        case [folder, owner, _] if folder == FOLDER and owner.isdecimal():
            return int(owner)
    return None
