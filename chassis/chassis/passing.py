"""Which failures pass by themselves: the same thing tried again later can succeed."""

from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.errors import Unavailable

# Of PostgreSQL's error classes those that pass by themselves: 08 connection, 40 rollback (serialization, deadlock),
# 53 resources, 55P03 lock timeout, 57 operator intervention (statement timeout, shutdown), 25P03/04 idle timeouts.
_PASSING_STATES = ("08", "40", "53", "55P03", "57", "25P03", "25P04", "58")


# A file that is not there will not be there the next time: among the OSErrors these are defects.
_FILES = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)


def is_passing(error: BaseException) -> bool:
    """Whether trying again later can succeed without anyone changing anything."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or ""
        return (
            error.connection_invalidated
            or str(state).startswith(_PASSING_STATES)
            # Not InterfaceError: that is the driver used wrongly, and trying again uses it wrongly again.
            or (isinstance(error, OperationalError) and not state)
        )
    return not isinstance(error, _FILES) and isinstance(
        error, OSError | TimeoutError | PoolTimeout | Unavailable | KafkaError
    )
