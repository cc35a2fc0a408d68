"""Write down what strangers ask for, and hand it to the worker one by one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from chassis.db import Database
from chassis.passing import is_passing
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.mail_requests import queries
from identity.mail_requests.models import MailRequest
from identity.origin import Address

log = structlog.get_logger()

CHANNEL = "lyceum_mail_requests"
ATTEMPTS = 3
TO_ANSWER = queries.waiting(ATTEMPTS)

Kind = Literal["verification", "reset"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the worker answers it."""

    email: str
    address: Address


Answer = Callable[[AsyncSession, Asked], Awaitable[None]]


async def ask(session: AsyncSession, kind: Kind, email: str, address: Address) -> None:
    """Have the request answered once this transaction commits."""
    session.add(MailRequest(kind=kind, email=email, ip_address=address))
    await session.flush()
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


async def answer_all(database: Database, answers: Mapping[str, Answer]) -> None:
    """Answer what waits, each in a transaction of its own. One that fails steps back behind the others and is given
    up after a few tries: the person asks again, and the log says why."""
    while True:
        async with database.transaction() as session:
            request = await queries.lock_next(session, ATTEMPTS)
            if request is None:
                return
            try:
                async with session.begin_nested():
                    await answers[request.kind](session, Asked(request.email, request.ip_address))
                await queries.remove(session, request.id)
            except Exception as error:
                if is_passing(error):
                    raise
                log.exception("a mail request was not answered", kind=request.kind, request=request.id)
                await queries.count_attempt(session, request.id)


async def forget(session: AsyncSession, addresses: Sequence[str]) -> None:
    """Drop what was asked for these addresses (in lower case): their owner is being erased."""
    await queries.remove_to(session, addresses)
