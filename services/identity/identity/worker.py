"""Identity's other process: tells what happened, listens to instructor, sends the mail, and clears up."""

from collections.abc import Awaitable, Callable
from functools import partial

from chassis.db import Database
from chassis.erasure import sweep_job
from chassis.storage import Storage
from chassis.worker import HOUR, PeriodicJob, run_worker
from sqlalchemy.ext.asyncio import AsyncSession

import identity.tables  # noqa: F401 - the mappings refer to each other's tables
from identity import metrics
from identity.administration import service as administration
from identity.billing import tasks as billing
from identity.email_addresses import service as email_addresses
from identity.erasures import service as erasures
from identity.login_attempts import service as login_attempts
from identity.mail_requests import service as mail_requests
from identity.mail_requests.service import Asked
from identity.one_time_tokens import service as one_time_tokens
from identity.passkeys import service as passkeys
from identity.password_resets import service as password_resets
from identity.payments.configured import provider_of
from identity.payments.port import Provider
from identity.profile_pictures import service as profile_pictures
from identity.providers import service as providers
from identity.registration import service as registration
from identity.rights import service as rights
from identity.second_factors import service as second_factors
from identity.sessions import service as sessions
from identity.settings import Settings
from identity.social import links as social_links
from identity.social import service as social
from identity.subscriptions import SUBSCRIPTIONS
from identity.throttles import service as throttles
from identity.tokens import service as tokens
from identity.tokens import signing_keys
from identity.vault import Vault, vault_of

BATCHES_AT_MOST = 1000

Step = Callable[[AsyncSession], Awaitable[int]]
Reseal = Callable[[AsyncSession, Vault], Awaitable[int]]
"""Seals up to a batch of rows anew that are not sealed with the newest secret, locking them; how many it sealed."""

RESEALED: dict[str, Reseal] = {
    "signing_keys": signing_keys.reseal_batch,
    "second_factor_authenticators": second_factors.reseal_batch,
    "client_secrets": providers.reseal_batch,
    "social_tokens": social_links.reseal_batch,
    "receipts_recipients": erasures.reseal_batch,
}
"""Everything that is sealed with IDENTITY_SECRET_KEY, by the name it goes by in the metric: when that secret changes,
all of it is sealed anew. What is not in this list is lost with the old secret."""


def purge(settings: Settings) -> Callable[[Database], Awaitable[None]]:
    """The job that clears away what is over: one-time tokens, refresh tokens, sessions, attempts on unknown names."""
    steps: tuple[Step, ...] = (
        one_time_tokens.purge_expired,
        tokens.purge_expired,
        sessions.purge,
        partial(sessions.end_surplus, settings=settings),
        login_attempts.purge_unknown,
        partial(login_attempts.purge_known, days=settings.login_log_days),
        second_factors.purge_expired,
        passkeys.purge_expired,
        throttles.purge,
        partial(email_addresses.purge, settings=settings),
        social.purge_expired,
    )

    async def work(database: Database) -> None:
        for step in steps:
            for _ in range(BATCHES_AT_MOST):
                async with database.transaction() as session:
                    done = await step(session)
                if done == 0:
                    break

    return work


async def reseal(database: Database, vault: Vault) -> dict[str, int]:
    """Seal everything with the newest secret that is sealed with an older one; how much of what."""
    counts = dict.fromkeys(RESEALED, 0)
    for what, step in RESEALED.items():
        while True:
            async with database.transaction() as session:
                done = await step(session, vault)
            if done == 0:
                break
            counts[what] += done
            metrics.RESEALED.labels(what).inc(done)
    return counts


def reseal_while_old_secrets_are_kept(settings: Settings) -> Callable[[Database], Awaitable[None]]:
    """The job that does it; without IDENTITY_OLD_SECRET_KEYS there is nothing to look for."""
    vault = vault_of(settings)

    async def work(database: Database) -> None:
        if settings.old_secret_keys:
            await reseal(database, vault)

    return work


def seal_client_secrets(settings: Settings) -> Callable[[Database], Awaitable[None]]:
    """The job that seals what the old site's data brings over in the clear."""
    vault = vault_of(settings)

    async def work(database: Database) -> None:
        for step in (providers.reseal_batch, social_links.reseal_batch):
            done = 1
            while done:
                async with database.transaction() as session:
                    done = await step(session, vault)

    return work


def rotate_signing_keys(settings: Settings) -> Callable[[Database], Awaitable[None]]:
    """The job that announces the next signing key in time, and removes those whose last token has expired."""
    vault = vault_of(settings)

    async def work(database: Database) -> None:
        async with database.transaction() as session:
            await signing_keys.rotate_when_due(session, vault, settings)
            await signing_keys.remove_retired(session)
            await signing_keys.measure(session, settings)

    return work


async def end_sessions_of_withdrawn(database: Database) -> None:
    """The job that logs out who lost rights through a group, however many they are."""
    done = 1
    while done:
        async with database.transaction() as session:
            done = await administration.end_sessions_of_withdrawn(session)


def answer_mail_requests(settings: Settings) -> Callable[[Database], Awaitable[None]]:
    """The job that mails the links people asked for, where there is an account to mail them to."""

    async def verification(session: AsyncSession, asked: Asked) -> None:
        await registration.resend_verification(session, asked.email, settings)

    async def reset(session: AsyncSession, asked: Asked) -> None:
        await password_resets.mail_link(session, asked.email, asked.address, settings)

    return partial(mail_requests.answer_all, answers={"verification": verification, "reset": reset})


def keep_subscriptions(settings: Settings) -> Callable[[Database], Awaitable[None]]:
    """The job that renews and ends subscriptions, and finishes what was begun with the payment provider."""
    kept: Provider | None = None

    async def work(database: Database) -> None:
        nonlocal kept
        provider = kept = kept or provider_of(settings, database)
        # What is still open first: a renewal waits for it.
        await billing.settle_payments(database, provider, settings)
        await billing.renew_subscriptions(database, provider, settings)
        await billing.finish_refunds(database, provider)
        await billing.forget_customers(database, provider)
        await billing.expire_subscriptions(database, settings)

    return work


async def purge_payment_notices(database: Database) -> None:
    await billing.purge_notices(database)


def jobs(settings: Settings) -> list[PeriodicJob]:
    """What the worker does beside telling, listening and mailing."""
    return [
        PeriodicJob("purge", HOUR, purge(settings)),
        PeriodicJob("signing_keys", HOUR / 4, rotate_signing_keys(settings)),
        PeriodicJob("reseal", HOUR, reseal_while_old_secrets_are_kept(settings)),
        PeriodicJob("client_secrets", HOUR, seal_client_secrets(settings)),
        PeriodicJob(
            "confirmations",
            15,
            partial(email_addresses.mail_confirmations, settings=settings),
            email_addresses.CHANNEL,
            email_addresses.TO_MAIL,
        ),
        PeriodicJob("rights_withdrawals", 15, end_sessions_of_withdrawn, rights.CHANNEL, rights.WITHDRAWALS),
        PeriodicJob("subscriptions", 60, keep_subscriptions(settings)),
        PeriodicJob("payment_notices", HOUR * 6, purge_payment_notices),
        *profile_pictures.jobs(Storage(settings)),
        sweep_job(erasures.erase_again),
        PeriodicJob("late_erasures", 60, partial(erasures.ask_again, settings=settings)),
        PeriodicJob("mailed_receipts", 10, erasures.forget_mailed, due=erasures.MAILED),
        PeriodicJob(
            "mail_requests",
            15,
            answer_mail_requests(settings),
            mail_requests.CHANNEL,
            mail_requests.TO_ANSWER,
        ),
    ]


def main() -> None:
    settings = Settings()
    run_worker(settings, subscriptions=SUBSCRIPTIONS, jobs=jobs(settings), sends_mail=True)


if __name__ == "__main__":
    main()
