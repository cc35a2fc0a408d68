"""Which failures pass by themselves: the same thing tried again later can succeed."""

from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.errors import Unavailable

# Of PostgreSQL's error classes those that pass by themselves: 08 connection, 40 rollback (serialization, deadlock),
# 53 resources, 55P03 lock timeout, 57 operator intervention (statement timeout, shutdown), 25P03/04 idle timeouts.
_PASSING_STATES = ("08", "40", "53", "55P03", "57", "25P03", "25P04", "58")


def is_passing(error: BaseException) -> bool:
    """Whether trying again later can succeed without anyone changing anything."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or ""
        return (
            error.connection_invalidated
            or str(state).startswith(_PASSING_STATES)
            or (isinstance(error, OperationalError | InterfaceError) and not state)
        )
    return isinstance(error, OSError | TimeoutError | PoolTimeout | Unavailable | KafkaError)
