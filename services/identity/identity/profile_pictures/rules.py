"""What a profile picture is: a square in WebP, under a name of chance, so that it never changes under its URL."""

import re

FOLDER = "profiles"
SIDE = 512
MAX_BYTES = 10 * 2**20
"""Of what is sent; what is kept has a few ten thousand."""

_NAME = re.compile(r"[0-9a-f]{32}\.webp")


def key_of(user_id: int, name: str) -> str | None:
    """The key of a picture by its URL; None for a URL that never was one."""
    return f"{FOLDER}/{user_id}/{name}" if _NAME.fullmatch(name) else None


def owner_of(key: str) -> int | None:
    """Whose picture a key is; None for a key of another form."""
    match key.split("/"):
        case [folder, owner, _] if folder == FOLDER and owner.isdecimal():
            return int(owner)
    return None


def entity_tag(name: str) -> str:
    """A strong tag: a name stands for the same bytes for ever."""
    return f'"{name.removesuffix(".webp")}"'


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether the client says that it has what the tag stands for (RFC 9110, 13.1.2: compared weakly)."""
    if if_none_match is None:
        return False
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return tag in known or "*" in known
