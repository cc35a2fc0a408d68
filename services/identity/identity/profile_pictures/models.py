"""Profile pictures: taken, made over, shown to everybody, and taken out of the storage again."""

from chassis.db import Base
from chassis.kept_files import Unwanted


class UnwantedPicture(Unwanted, Base):
    """A file in the storage that is to be removed, at `remove_after`, unless this row is gone by then.

    Written before the file is, and taken away by the transaction that gives the file to a profile: whatever dies in
    between, no file stays that nobody knows of. The picture in use is in `users_profile.profile_picture`.
    """

    __tablename__ = "unwanted_pictures"
