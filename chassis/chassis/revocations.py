"""Access tokens that were ended before they expire: no service takes one for longer than a few seconds.

Identity tells of it by events, and every service keeps the news in a table of its own, for as long as a token can
live. Its API process holds them in memory and looks for newer ones when a token is verified and it has not looked
for a second: who asks nothing costs nothing, and while the table cannot be read nobody is let in on old news.

New is what the last look cannot have seen. Neither ids nor clocks tell that, for a transaction may commit long after
it wrote; PostgreSQL does: every row carries the id of its transaction, and what was not visible in a snapshot
has an id at or above that snapshot's `xmin` (docs/adr/0010).
"""

import asyncio
import contextlib
import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import BigInteger, DateTime, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis import metrics
from chassis.auth import Principal, TokenVerifier
from chassis.db import Base, Database, now
from chassis.ended import EndedInMemory
from chassis.errors import Unavailable

log = structlog.get_logger()

FRESH_SECONDS = 1.0
"""How long a look at the table is good for; whoever asks later has another one begun."""
STALE = 3
"""How many times FRESH_SECONDS old a look may be for those who ask while the next is under way: when every connection
is busy, it waits for one like everybody else. With the event's own way, that is within the five seconds promised."""
READ_SECONDS = 5.0
"""How long a look may take; then nobody is let in on one that is stale until the next succeeds."""
WHOLE_SECONDS = 300.0
"""How often everything is read anew, which also forgets what is over."""

ALL = ""
"""The `sid` that stands for every session of the user."""

_TRANSACTION_ID = text("CAST(CAST(pg_current_xact_id() AS text) AS bigint)")


class EndedSession(Base):
    """A session whose tokens are refused; with the sid ALL, every token of the user issued until `ended_at`."""

    __tablename__ = "ended_sessions"
    __table_args__ = (
        UniqueConstraint("user_id", "sid"),
        Index("ix_ended_sessions_transaction_id", "transaction_id"),
        Index("ix_ended_sessions_ended_at", "ended_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    sid: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    transaction_id: Mapped[int] = mapped_column(BigInteger, server_default=_TRANSACTION_ID)


# --- writing ------------------------------------------------------------------------------------------------


async def end_session(session: AsyncSession, user_id: int, sid: str, ended_at: datetime) -> None:
    """Refuse the tokens of one session from now on."""
    await _end(session, user_id, sid, ended_at)


async def end_all_sessions(session: AsyncSession, user_id: int, ended_at: datetime) -> None:
    """Refuse every token of a user that was issued at `ended_at` or before; those issued later are good."""
    await _end(session, user_id, ALL, ended_at)


async def _end(session: AsyncSession, user_id: int, sid: str, ended_at: datetime) -> None:
    # A log read from its start tells of years of logouts: no token lives that they could still concern.
    window: float = session.info["settings"].revocation_window
    if ended_at + timedelta(seconds=window) < now():
        return
    told = insert(EndedSession).values(user_id=user_id, sid=sid, ended_at=ended_at)
    await session.execute(
        told.on_conflict_do_update(
            index_elements=[EndedSession.user_id, EndedSession.sid],
            set_={"ended_at": told.excluded.ended_at, "transaction_id": _TRANSACTION_ID},
            where=EndedSession.ended_at < told.excluded.ended_at,
        )
    )


async def on_session_revoked(session: AsyncSession, received: Any) -> None:
    """Take in identity's SessionRevoked; one without a session ends all that the user has."""
    told = received.data
    if told.session_id is None:
        await end_all_sessions(session, told.user_id, told.revoked_at)
    else:
        await end_session(session, told.user_id, str(told.session_id), told.revoked_at)


async def on_user_deactivated(session: AsyncSession, received: Any) -> None:
    """Take in identity's UserDeactivated."""
    await end_all_sessions(session, received.data.user_id, received.data.deactivated_at)


# --- reading ------------------------------------------------------------------------------------------------

_NEWS = text(
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS horizon, "
    "  e.user_id, e.sid, e.ended_at "
    "FROM (SELECT) AS always LEFT JOIN ended_sessions AS e "
    "  ON e.transaction_id >= :since AND e.ended_at > :oldest"
)


class EndedTokens:
    """What one process knows of the table: `freshen` looks for news, `covers` answers from memory."""

    def __init__(self, database: Database) -> None:
        # One statement, one round trip: there is nothing to commit.
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._service = database.service
        self._window = timedelta(seconds=database.settings.revocation_window)
        self._ended = EndedInMemory()
        self._horizon = 0
        self._looked = float("-inf")
        self._read_whole = float("-inf")
        self._looking: asyncio.Task[bool] | None = None
        self._failing = False

    def guard(self, verifier: TokenVerifier) -> None:
        """Have a verifier refuse what is ended."""
        verifier.freshen = self.freshen
        verifier.revoked = self.covers

    def __len__(self) -> int:
        return len(self._ended)

    def covers(self, principal: Principal) -> bool:
        """Whether this principal's token was ended."""
        return self._ended.covers(principal)

    async def freshen(self) -> None:
        """Have news looked for unless that was done within FRESH_SECONDS, and wait for them when the last look is
        stale; raise Unavailable when it cannot be done.

        However many ask at once, one looks.
        """
        age = time.monotonic() - self._looked
        if age <= FRESH_SECONDS:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        if age <= STALE * FRESH_SECONDS:
            return
        # Whoever asked may go away; the others still wait for the same answer.
        if not await asyncio.shield(self._looking):
            raise Unavailable("Whether a session still lives cannot be told just now.")

    async def close(self) -> None:
        """Leave off looking, so that the database can be closed."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self) -> bool:
        """Whether the news could be had; no error leaves, for nobody may be there to take it."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(READ_SECONDS):
                await self._take_news(whole=started - self._read_whole > WHOLE_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it is: what is not known is not a yes
            # Once an outage, not once a request.
            if not self._failing:
                log.warning("the ended sessions cannot be read", error=repr(error))
            self._failing = True
            metrics.ENDED_TOKENS_UNREADABLE.labels(self._service).inc()
            return False
        self._failing = False
        # From when it began: what was committed meanwhile is for the next look.
        self._looked = started
        return True

    async def _take_news(self, *, whole: bool) -> None:
        since = 0 if whole else self._horizon
        rows = await self._read(since)
        horizon = rows[0].horizon
        if horizon < self._horizon and not whole:
            # Another cluster answers now, restored from a backup: its transactions are counted anew.
            rows, whole = await self._read(0), True
            horizon = rows[0].horizon
        ended = EndedInMemory() if whole else self._ended
        for row in rows:
            if row.sid is None:
                continue
            if row.sid == ALL:
                ended.end_all_sessions(row.user_id, row.ended_at.timestamp())
            else:
                ended.end_session(row.sid, row.ended_at.timestamp())
        self._ended, self._horizon = ended, horizon
        metrics.ENDED_TOKENS.labels(self._service).set(len(self))
        if whole:
            self._read_whole = time.monotonic()

    async def _read(self, since: int) -> Any:
        async with self._engine.connect() as connection:
            found = await connection.execute(_NEWS, {"since": since, "oldest": now() - self._window})
            return found.all()
