"""`python -m identity.demo`: the demo accounts, by IDENTITY_DEMO_{ADMIN,INSTRUCTOR,STUDENT}_{EMAIL,PASSWORD}.

Run after the migrations, before the services. Run again it changes nothing; an account that is there keeps its
password. The demo instructor is a student until the instructor service has approved them, like everybody. The identity
provider of IDENTITY_DEMO_OIDC_ISSUER, where one is given, is offered for social login; else that of before is not any
more.
"""

import asyncio
import secrets
import sys
from dataclasses import dataclass, replace

from chassis.db import Database
from chassis.logs import configure_logs

import identity.tables  # noqa: F401 - the mappings refer to each other's tables
from identity.accounts import service as accounts
from identity.accounts.errors import EmailTaken, UsernameTaken
from identity.passwords.hashing import Cost, Hasher
from identity.providers import demo as providers
from identity.registration.service import Newcomer, open_account
from identity.settings import Settings
from identity.vault import vault_of


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account to make. `role` is the account's, `name` what it is called after."""

    name: str
    role: str
    email: str
    password: str


def wanted(settings: Settings) -> list[DemoAccount]:
    """The accounts that the environment gives both an address and a password for."""
    given = (
        ("admin", "admin", settings.demo_admin_email, settings.demo_admin_password),
        ("instructor", "student", settings.demo_instructor_email, settings.demo_instructor_password),
        ("student", "student", settings.demo_student_email, settings.demo_student_password),
    )
    return [
        DemoAccount(name, role, email, password.get_secret_value())
        for name, role, email, password in given
        if email and password
    ]


async def make_demo_accounts(settings: Settings) -> list[str]:
    """Make what is missing, verified and told to the other services; the addresses that were made."""
    cost = Cost(settings.argon2_memory_kib, settings.argon2_passes)
    hasher = Hasher(threads=1, queue=8, cost=cost)
    database = Database(settings, process="demo")
    made = []
    try:
        for account in wanted(settings):
            if await _make(database, hasher, account):
                made.append(account.email)
    finally:
        hasher.close()
        await database.close()
    return made


async def offer_demo_provider(settings: Settings) -> bool:
    """Offer the identity provider to try, or offer it no more; whether it is offered now."""
    issuer, secret = settings.demo_oidc_issuer, settings.demo_oidc_client_secret
    database = Database(settings, process="demo")
    try:
        async with database.transaction() as session:
            if issuer is None or secret is None:
                await providers.withdraw(session, settings.demo_oidc_slug)
                return False
            await providers.offer(
                session,
                vault_of(settings),
                slug=settings.demo_oidc_slug,
                name="Lyceum demo",
                issuer=issuer,
                client_id="lyceum",
                secret=secret.get_secret_value(),
            )
            return True
    finally:
        await database.close()


async def _make(database: Database, hasher: Hasher, account: DemoAccount) -> bool:
    """Make one account; False if the address has one."""
    async with database.transaction() as session:
        if await accounts.lock_by_email(session, account.email) is not None:
            return False
    newcomer = Newcomer(
        email=account.email,
        username=f"demo-{account.name}",
        password_hash=await hasher.hash(account.password),
        first_name="Demo",
        last_name=account.name.capitalize(),
    )
    try:
        async with database.transaction() as session:
            await open_account(session, newcomer, role=account.role, verified=True)
    except UsernameTaken:
        # The demo address was changed, or somebody was quicker: any other name will do.
        other = replace(newcomer, username=f"{newcomer.username}-{secrets.token_hex(3)}")
        async with database.transaction() as session:
            await open_account(session, other, role=account.role, verified=True)
    except EmailTaken:
        return False
    return True


def main() -> None:
    settings = Settings()
    configure_logs(settings.service, "demo", settings.log_level)
    made = asyncio.run(make_demo_accounts(settings))
    sys.stdout.write("".join(f"made {email}\n" for email in made))
    if asyncio.run(offer_demo_provider(settings)):
        sys.stdout.write(f"offered {settings.demo_oidc_issuer}\n")


if __name__ == "__main__":
    main()
