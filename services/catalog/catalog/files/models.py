"""The files that are to be removed from the storage."""

from chassis.db import Base
from chassis.kept_files import Unwanted


class UnwantedFile(Unwanted, Base):
    """A file in the storage that is to be removed, at `remove_after`, unless this row is gone by then.

    Written before the file is, and taken away by the transaction that gives the file to its owner. A trigger writes it
    when an owner is deleted, whatever deletes it: rows go by cascades too.
    """

    __tablename__ = "catalog_unwanted_file"
