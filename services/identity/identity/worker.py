"""Identity's other process: tells what happened, listens to instructor, sends the mail, and clears up."""

from collections.abc import Awaitable, Callable

from chassis.db import Database
from chassis.worker import HOUR, PeriodicJob, run_worker
from sqlalchemy.ext.asyncio import AsyncSession

import identity.tables  # noqa: F401 - the mappings refer to each other's tables
from identity.logins import service as logins
from identity.one_time_tokens import service as one_time_tokens
from identity.sessions import service as sessions
from identity.settings import Settings
from identity.subscriptions import SUBSCRIPTIONS
from identity.tokens import service as tokens

BATCHES_AT_MOST = 1000

Purge = Callable[[AsyncSession], Awaitable[int]]


async def purge(database: Database) -> None:
    """Clear away what expired: one-time tokens, refresh tokens, sessions, attempts on unknown names."""
    steps: tuple[Purge, ...] = (
        one_time_tokens.purge_expired,
        tokens.purge_expired,
        sessions.purge,
        logins.purge_unknown_attempts,
    )
    for step in steps:
        for _ in range(BATCHES_AT_MOST):
            async with database.transaction() as session:
                if await step(session) == 0:
                    break


def main() -> None:
    run_worker(
        Settings(),
        subscriptions=SUBSCRIPTIONS,
        jobs=[PeriodicJob("purge", HOUR, purge)],
        sends_mail=True,
    )


if __name__ == "__main__":
    main()
