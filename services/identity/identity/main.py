"""Identity's API: accounts, logins, sessions, tokens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chassis.pictures import Darkroom
from chassis.storage import Storage
from chassis.web import serve, service_app
from fastapi import FastAPI

import identity.tables  # noqa: F401 - the mappings refer to each other's tables
from identity.accounts import routes as accounts
from identity.administration import routes as administration
from identity.audit import routes as audit
from identity.audit.address import RememberAddress
from identity.billing import payment_routes as payments
from identity.billing import routes as billing
from identity.email_addresses import routes as email_addresses
from identity.erasures import routes as erasures
from identity.exports import routes as exports
from identity.groups import routes as groups
from identity.login_attempts import routes as login_attempts
from identity.logins import routes as logins
from identity.outbound import outbound_of
from identity.passkeys import routes as passkeys
from identity.password_resets import routes as password_resets
from identity.passwords.hashing import Cost, Hasher
from identity.payments.configured import provider_of
from identity.profile_pictures import routes as profile_pictures
from identity.profiles import routes as profiles
from identity.providers import routes as providers
from identity.providers.discovery import Discovery
from identity.registration import routes as registration
from identity.rights import routes as permissions
from identity.rights import service as rights
from identity.second_factors import routes as second_factors
from identity.sessions import routes as sessions
from identity.settings import Settings
from identity.social import routes as social
from identity.social.provers import Prover
from identity.tokens import routes as token_routes
from identity.tokens import signing_keys
from identity.tokens.issuer import Issuer
from identity.vault import vault_of
from identity.ways_in import routes as ways_in

ROUTERS = [
    token_routes.router,
    registration.router,
    logins.router,
    login_attempts.router,
    second_factors.auth_router,
    second_factors.router,
    second_factors.admin_router,
    passkeys.auth_router,
    passkeys.router,
    ways_in.router,
    password_resets.router,
    sessions.auth_router,
    sessions.router,
    email_addresses.router,
    email_addresses.auth_router,
    profiles.router,
    profile_pictures.router,
    profile_pictures.media_router,
    billing.router,
    payments.router,
    accounts.router,
    accounts.internal_router,
    exports.router,
    erasures.router,
    erasures.receipts_router,
    administration.router,
    groups.router,
    permissions.router,
    audit.router,
    providers.router,
    providers.sites_router,
    social.router,
    social.mine_router,
]


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    issuer = Issuer(settings, vault_of(settings))
    darkroom = Darkroom()
    cost = Cost(settings.argon2_memory_kib, settings.argon2_passes)
    hasher = Hasher(threads=settings.hashing_threads, queue=settings.hashing_queue, cost=cost)

    async def own_keys() -> dict[str, Any]:
        async with app.state.database.transaction() as session:
            return await signing_keys.published_keys(session)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with app.state.database.transaction() as session:
            await signing_keys.ensure_signing_key(session, issuer.vault, settings)
        async with app.state.database.transaction() as session:
            await rights.sync_permissions(session)
        yield
        await app.state.payment_provider.close()
        hasher.close()
        darkroom.close()

    app = service_app(
        settings,
        title="Identity",
        routers=ROUTERS,
        jwks=own_keys,
        lifespan=life,
    )
    app.add_middleware(RememberAddress, settings=settings)
    app.state.issuer = issuer
    app.state.hasher = hasher
    app.state.storage = Storage(settings)
    app.state.export_turns = asyncio.Semaphore(settings.exports_at_once)
    app.state.darkroom = darkroom
    app.state.payment_provider = provider_of(settings, app.state.database)
    app.state.discovery = Discovery(outbound_of(settings))
    app.state.prover = Prover(app.state.database, app.state.discovery.outbound, app.state.discovery)
    return app


if __name__ == "__main__":
    started_with = Settings()
    serve(lambda: create_app(started_with), started_with)
