"""What a picture is: a WebP under a name of chance, so that it never changes under its URL."""

import struct

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


# --- pictures that come back ----------------------------------------------------------------------------------

_PLAIN, _WITH_ALPHA = [b"VP8 "], [b"VP8X", b"ALPH", b"VP8 "]
_ALPHA_ALONE = 0x10
_KEY_FRAME = b"\x9d\x01\x2a"


def size_if_ours(content: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP that is built as those we make: pixels and nothing beside them, to its last byte.
    None for any other picture; whether the pixels can be read is not looked at."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) > MAX_BYTES:
        return None
    try:
        chunks = _chunks_of(content)
        kinds = [kind for kind, _ in chunks]
        if kinds == _WITH_ALPHA:
            if chunks[0][1][0] != _ALPHA_ALONE or len(chunks[0][1]) != 10:
                return None
        elif kinds != _PLAIN:
            return None
        mark, width, height = struct.unpack_from("<3x3sHH", chunks[-1][1])
    except (IndexError, struct.error):
        return None
    return (width & 0x3FFF, height & 0x3FFF) if mark == _KEY_FRAME else None


def _chunks_of(content: bytes) -> list[tuple[bytes, bytes]]:
    (said,) = struct.unpack_from("<I", content, 4)
    if said + 8 != len(content):
        return []
    found, at = [], 12
    while at < len(content):
        kind, size = struct.unpack_from("<4sI", content, at)
        found.append((kind, content[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found if at == len(content) else []
