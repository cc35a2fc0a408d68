"""The formats of archives that are taken: each says how it is known, and makes a course's document of an archive."""

from collections.abc import Sequence

from pydantic_core import from_json

from catalog.transfer.archives import Archive
from catalog.transfer.documents import DOCUMENT, FORMAT, VERSION, Converted, Format, Report, bundle_of
from catalog.transfer.errors import BundleInvalid, CourseFormatUnknown

MOST_PARTS = 500_000
"""Lists and objects in a document: an empty one takes two bytes there, and a hundred here."""


def find(archive: Archive, formats: Sequence[Format]) -> Format:
    """The first of these formats that the archive is in; a folder that everything is in is its top from then on.
    Raises CourseFormatUnknown."""
    folder = archive.only_folder
    if folder is not None and any(f"{folder}/{one.marker}" in archive for one in formats):
        archive.enter(folder)
    for one in formats:
        if one.marker in archive:
            return one
    wanted = ", ".join(f"{one.marker} ({one.name})" for one in formats)
    raise CourseFormatUnknown(f"At the top of the archive one of these is looked for: {wanted}.")


def read_bundle(archive: Archive) -> Converted:
    """An archive that an export made, or somebody by hand. Raises BundleInvalid."""
    content = archive.read(DOCUMENT)
    if content.count(b"[") + content.count(b"{") > MOST_PARTS:
        raise BundleInvalid(f"{DOCUMENT} has more parts than a course has.")
    try:
        found = from_json(content)
    except ValueError as error:
        raise BundleInvalid(f"{DOCUMENT} is not JSON: {str(error)[:200]}") from error
    # Said before all else: a later version would have members that this one does not know.
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BundleInvalid(f'{DOCUMENT} needs "format": "{FORMAT}".')
    if found.get("version") != VERSION:
        raise BundleInvalid(f"This platform reads version {VERSION} of {FORMAT}, and no other.")
    return Converted(bundle_of(found), Report(FORMAT), is_exact=True)


BUNDLE = Format(FORMAT, DOCUMENT, read_bundle)
