"""What can be wrong with an archive, with what is in it, or with a course that is to go into one.

NotAnArchive             415  no zip
ArchiveTooLarge          413  as it is sent
TooManyEntries           413  files and folders in it
UnpacksTooLarge          413  one entry, or all of them
EntryRefused             422  by what one entry is; `entry` is its name
├── ArchiveBomb               it packs more than honest files do
├── EntryEncrypted            it needs a password
├── EntryIsNoFile             a symbolic link, a device
├── EntryPathUnsafe           a path that leads elsewhere, or is another to other systems
├── EntryTwice                there is another of this name
├── EntriesOverlap            it shares bytes with another
├── CompressionUnknown        neither stored nor deflated
├── ArchiveDamaged            cut short, or its checksum is wrong
└── FileRefused               a file that a course may not have
CourseFormatUnknown      422  a zip, and no course
BundleInvalid            422  `errors` as the validation of a body lists them
CategoryNeeded           422  the platform has no such category
FilesMissing             409  an export that would not be whole
CourseTooLarge           409  an export that nobody could import
"""

from typing import Any

from chassis.errors import Conflict, Invalid, PayloadTooLarge, Unavailable, UnsupportedMediaType

NAME_TOLD = 300


class NotAnArchive(UnsupportedMediaType):
    slug = "not-an-archive"
    title = "Only zip archives are taken here"


class ArchiveTooLarge(PayloadTooLarge):
    slug = "archive-too-large"
    title = "The archive is larger than what is taken here"


class TooManyEntries(PayloadTooLarge):
    slug = "archive-too-many-entries"
    title = "There is more in the archive than what is taken here"


class UnpacksTooLarge(PayloadTooLarge):
    """`entry` names the one that went beyond the limit."""

    slug = "archive-unpacks-too-large"
    title = "Unpacked, the archive is larger than what is taken here"


class EntryRefused(Invalid):
    """`entry` is the name of the file in the archive, cut where it is long."""

    def __init__(self, entry: str | None, detail: str | None = None, **members: Any) -> None:
        if entry is not None:
            members["entry"] = entry[:NAME_TOLD]
        super().__init__(detail, **members)


class ArchiveBomb(EntryRefused):
    slug = "archive-bomb"
    title = "This unpacks to more than honest files do"


class EntryEncrypted(EntryRefused):
    slug = "archive-encrypted"
    title = "The archive needs a password"


class EntryIsNoFile(EntryRefused):
    slug = "archive-entry-is-no-file"
    title = "The archive holds something that is neither file nor folder"


class EntryPathUnsafe(EntryRefused):
    slug = "archive-path-unsafe"
    title = "A path in the archive leads elsewhere, or is not the same to everybody"


class EntryTwice(EntryRefused):
    slug = "archive-entry-twice"
    title = "Two entries of the archive have one name"


class EntriesOverlap(EntryRefused):
    slug = "archive-entries-overlap"
    title = "Two entries of the archive share their bytes"


class CompressionUnknown(EntryRefused):
    slug = "archive-compression-unknown"
    title = "The archive is packed in a way that is not taken here"


class ArchiveDamaged(EntryRefused):
    slug = "archive-damaged"
    title = "The archive is not whole"


class FileRefused(EntryRefused):
    """`reason` is the slug of what is wrong with the file."""

    slug = "archive-file-refused"
    title = "A file in the archive cannot be taken"


class CourseFormatUnknown(Invalid):
    slug = "course-format-unknown"
    title = "This archive holds no course in a format that is known here"


class BundleInvalid(Invalid):
    """`errors` lists what is wrong, each with its place."""

    slug = "bundle-invalid"
    title = "The course in the archive does not have the form it says it has"


class CategoryNeeded(Invalid):
    """`category` is what the archive says."""

    slug = "category-needed"
    title = "Say which category the course goes into"


class FilesMissing(Conflict):
    """`resources` lists the first of them by id and title, `thumbnail` says whether the picture is missing."""

    slug = "files-missing"
    title = "Some of the course's files are not in the storage"


class CourseTooLarge(Conflict):
    slug = "course-too-large"
    title = "The course's texts are more than an archive takes"


class ImportTookTooLong(Unavailable):
    slug = "import-took-too-long"
    title = "The archive could not be read and stored in the time there is"
