"""Slugs: the readable part of an address, made from a title once and stable ever after."""

import re
import secrets
import unicodedata
from collections.abc import Iterator

MAX_LENGTH = 80
NUMBERED = 9
RESERVED = frozenset({"import"})
"""What stands in an address where a slug could stand, and means something else."""


def slugify(title: str, otherwise: str) -> str:
    """Lower-case ASCII words joined by hyphens. `otherwise` stands in for a title without a single letter, and
    before one of digits alone, which would read as an id, or of another meaning."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_LENGTH].rstrip("-")
    if not slug:
        return otherwise
    return f"{otherwise}-{slug}" if slug.isdigit() or slug in RESERVED else slug


def numbered(slug: str) -> list[str]:
    """The slug, and `slug-2` to `slug-9`: what is tried first."""
    return [slug, *(f"{slug}-{number}" for number in range(2, NUMBERED + 1))]


def candidates(slug: str, taken: set[str]) -> Iterator[str]:
    """Slugs to try in turn: the numbered ones that are not taken, then ones with a random end."""
    yield from (name for name in numbered(slug) if name not in taken)
    while True:
        yield f"{slug}-{secrets.token_hex(4)}"
