"""Slugs: the readable part of an address, made from a title once and stable ever after."""

import re
import secrets
import unicodedata
from collections.abc import Iterator

MAX_LENGTH = 80
NUMBERED = 9
RESERVED = frozenset({"import"})
"""What stands in an address where a slug could stand, and means something else."""
_HAN = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_QUOTES = re.compile("['\"`]")


def slugify(title: str, otherwise: str) -> str:
    """Lower-case ASCII words joined by hyphens, as a title in whatever alphabet is read aloud. `otherwise` stands in for
    one without a single letter or digit, and before one of digits alone, which would read as an id, or of another
    meaning."""
    slug = re.sub(r"[^a-z0-9]+", "-", _romanized(title).lower()).strip("-")[:MAX_LENGTH].rstrip("-")
    if not slug:
        return otherwise
    return f"{otherwise}-{slug}" if slug.isdigit() or slug in RESERVED else slug


def _romanized(title: str) -> str:
    # Not at the start: it brings tables, and most processes never make a slug.
    from anyascii import anyascii

    # Composed, for the tables know letters by what they are together: Korean syllables above all. Chinese has no
    # spaces, and a line of syllables without any could be read by nobody.
    spaced = _HAN.sub(r" \g<0> ", unicodedata.normalize("NFKC", title))
    # What an apostrophe stands for (a soft sign, a glottal stop, a letter left out) parts no word in two.
    return _QUOTES.sub("", anyascii(spaced))


def numbered(slug: str) -> list[str]:
    """The slug, and `slug-2` to `slug-9`: what is tried first."""
    return [slug, *(f"{slug}-{number}" for number in range(2, NUMBERED + 1))]


def candidates(slug: str, taken: set[str]) -> Iterator[str]:
    """Slugs to try in turn: the numbered ones that are not taken, then ones with a random end."""
    yield from (name for name in numbered(slug) if name not in taken)
    while True:
        yield f"{slug}-{secrets.token_hex(4)}"
