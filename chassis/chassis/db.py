"""The database: the declarative base, the engine and the one way to run a transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Executable, MetaData, Row, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session

from chassis.settings import ServiceSettings

AtCommit = Callable[[AsyncSession], Awaitable[None]]


class Base(DeclarativeBase):
    """Every table of the one service this process runs."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def now() -> datetime:
    """This instant, aware, UTC."""
    return datetime.now(UTC)


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def make_engine(settings: ServiceSettings, *, process: str = "api", only_reads: bool = False) -> AsyncEngine:
    """An engine in which every wait has a deadline, both ours and the server's.

    One that only reads begins no transactions, and the server refuses what would write. It keeps every connection that a
    rush has opened: to open one takes longer than many a read.
    """
    kept, more = settings.pool_size, settings.pool_overflow
    kind: dict[str, Any] = {"pool_size": kept, "max_overflow": more, "pool_pre_ping": True}
    if only_reads:
        kind = {
            "pool_size": kept + more,
            "max_overflow": 0,
            "pool_use_lifo": True,
            "isolation_level": "AUTOCOMMIT",
        }
    return create_async_engine(
        settings.database_url,
        pool_timeout=settings.pool_timeout,
        pool_recycle=1800,
        **kind,
        # Errors are logged and kept with dead letters; what people wrote is no part of them.
        hide_parameters=True,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": 5,
            # A little over the server's own limit: the server's error says more than ours.
            "command_timeout": settings.statement_timeout_ms / 1000 + 5,
            "server_settings": {
                "application_name": f"lyceum-{settings.service}-{process}",
                "statement_timeout": str(settings.statement_timeout_ms),
                "lock_timeout": str(settings.lock_timeout_ms),
                "idle_in_transaction_session_timeout": str(settings.idle_in_transaction_timeout_ms),
                "timezone": "UTC",
                **({"default_transaction_read_only": "on"} if only_reads else {}),
            },
        },
    )


class SyncSession(Session):
    """Under every AsyncSession of ours: what listens for savepoints and rollbacks listens to this class."""


class Database:
    """One service's database. `transaction()` is the way in; `reading()` for who only looks."""

    def __init__(self, settings: ServiceSettings, *, process: str = "api") -> None:
        self.service = settings.service
        self.settings = settings
        self.engine = make_engine(settings, process=process)
        self._sessions = async_sessionmaker(
            self.engine, sync_session_class=SyncSession, expire_on_commit=False, autoflush=True
        )
        # It opens no connection before somebody reads by it.
        self.reading_engine = make_engine(settings, process=f"{process}-reading", only_reads=True)
        self._readings = async_sessionmaker(
            self.reading_engine, sync_session_class=SyncSession, expire_on_commit=False, autoflush=False
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed, events included, when the block ends without an error."""
        async with self._sessions() as session:
            begin(session, self.settings)
            yield session
            await commit(session)

    def session(self) -> AsyncSession:
        """A session for `chassis.web`, which commits it at the edge."""
        session = self._sessions()
        begin(session, self.settings)
        return session

    def reading(self) -> AsyncSession:
        """A session without a transaction: every statement is one round trip to the server, sees what was committed
        when it began, and fails if it would write.

        Connections are not tried before they are used: one that the server has closed meanwhile fails the first
        statement, with `connection_invalidated`, and every other idle one is dropped with it. Ask once more then.
        """
        session = self._readings()
        begin(session, self.settings)
        return session

    def in_use(self) -> int:
        """How many connections are taken from the fuller of the two pools: whoever needs that one waits first."""
        pools: list[Any] = [self.engine.pool, self.reading_engine.pool]
        return max(int(pool.checkedout()) for pool in pools)

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()
        await self.reading_engine.dispose()


async def rows_of(
    session: AsyncSession,
    statement: Executable,
    given: Mapping[str, Any],
    *,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> Sequence[Row[Any]]:
    """The rows of a statement that is kept, with these parameters: columns as they are, no entities.

    All in one switch into SQLAlchemy's code: each costs as much as a row or two of a hot list.
    """
    return await session.run_sync(
        lambda sync: sync.connection().execute(statement, given, execution_options=options).all()
    )


def begin(session: AsyncSession, settings: ServiceSettings) -> None:
    session.info["settings"] = settings
    session.info["at_commit"] = {}


def at_commit(session: AsyncSession, name: str, work: AtCommit) -> None:
    """Have `work` run once, as the last thing in this transaction, however often it is asked for by `name`."""
    session.info["at_commit"].setdefault(name, work)


async def commit(session: AsyncSession) -> None:
    """Run what was left for the end of the transaction, then commit."""
    await session.flush()
    for work in session.info["at_commit"].values():
        await work(session)
    session.info["at_commit"] = {}
    await session.commit()
