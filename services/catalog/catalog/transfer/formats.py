"""The formats of archives that are taken: each says how it is known, and makes a course's document of an archive."""

import json
from collections.abc import Sequence
from typing import Any

from catalog.transfer.archives import Archive
from catalog.transfer.documents import DOCUMENT, FORMAT, VERSION, Converted, Format, Report, bundle_of
from catalog.transfer.errors import BundleInvalid, CourseFormatUnknown


def find(archive: Archive, formats: Sequence[Format]) -> Format:
    """The first of these formats that the archive is in. Raises CourseFormatUnknown."""
    for one in formats:
        if one.marker in archive:
            return one
    wanted = ", ".join(f"{one.marker} ({one.name})" for one in formats)
    raise CourseFormatUnknown(f"At the top of the archive one of these is looked for: {wanted}.")


def read_bundle(archive: Archive) -> Converted:
    """An archive that an export made, or somebody by hand. Raises BundleInvalid."""
    content = archive.read(DOCUMENT)
    _check_version(content)
    return Converted(bundle_of(content), Report(FORMAT), is_exact=True)


def _check_version(content: bytes) -> None:
    """Said before all else: a later version would have members that this one does not know."""
    try:
        # By the standard library, for it says where the text ends being JSON.
        found: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BundleInvalid(f"{DOCUMENT} is not JSON: {str(error)[:200]}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BundleInvalid(f'{DOCUMENT} begins with "format": "{FORMAT}".')
    if found.get("version") != VERSION:
        raise BundleInvalid(f"This platform reads version {VERSION} of {FORMAT}, and no other.")


BUNDLE = Format(FORMAT, DOCUMENT, read_bundle)
