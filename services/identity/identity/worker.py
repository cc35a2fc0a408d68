"""Identity's other process: tells what happened, listens to instructor, sends the mail, and clears up."""

from collections.abc import Awaitable, Callable
from functools import partial

from chassis.db import Database
from chassis.worker import HOUR, PeriodicJob, run_worker
from sqlalchemy.ext.asyncio import AsyncSession

import identity.tables  # noqa: F401 - the mappings refer to each other's tables
from identity.logins import service as logins
from identity.mail_requests import service as mail_requests
from identity.mail_requests.service import Asked
from identity.one_time_tokens import service as one_time_tokens
from identity.password_resets import service as password_resets
from identity.registration import service as registration
from identity.sessions import service as sessions
from identity.settings import Settings
from identity.subscriptions import SUBSCRIPTIONS
from identity.tokens import service as tokens

BATCHES_AT_MOST = 1000

Step = Callable[[AsyncSession], Awaitable[int]]


def purge(settings: Settings) -> Callable[[Database], Awaitable[None]]:
    """The job that clears away what is over: one-time tokens, refresh tokens, sessions, attempts on unknown names."""
    steps: tuple[Step, ...] = (
        one_time_tokens.purge_expired,
        tokens.purge_expired,
        sessions.purge,
        partial(sessions.end_surplus, settings=settings),
        logins.purge_unknown_attempts,
    )

    async def work(database: Database) -> None:
        for step in steps:
            for _ in range(BATCHES_AT_MOST):
                async with database.transaction() as session:
                    done = await step(session)
                if done == 0:
                    break

    return work


def answer_mail_requests(settings: Settings) -> Callable[[Database], Awaitable[None]]:
    """The job that mails the links people asked for, where there is an account to mail them to."""

    async def verification(session: AsyncSession, asked: Asked) -> None:
        await registration.resend_verification(session, asked.email, settings)

    async def reset(session: AsyncSession, asked: Asked) -> None:
        await password_resets.mail_link(session, asked.email, asked.address, settings)

    return partial(mail_requests.answer_all, answers={"verification": verification, "reset": reset})


def jobs(settings: Settings) -> list[PeriodicJob]:
    """What the worker does beside telling, listening and mailing."""
    return [
        PeriodicJob("purge", HOUR, purge(settings)),
        PeriodicJob("mail_requests", 15, answer_mail_requests(settings), mail_requests.CHANNEL),
    ]


def main() -> None:
    settings = Settings()
    run_worker(settings, subscriptions=SUBSCRIPTIONS, jobs=jobs(settings), sends_mail=True)


if __name__ == "__main__":
    main()
