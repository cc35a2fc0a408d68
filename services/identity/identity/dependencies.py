"""What identity's routes may ask for beside what every service's may."""

from typing import Annotated

from chassis.db import Database
from fastapi import Depends, Request

from identity import origin
from identity.settings import Settings


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _origin(request: Request) -> origin.Origin:
    settings: Settings = request.app.state.settings
    return origin.origin_of(
        request.client.host if request.client else None,
        request.headers.get("x-forwarded-for"),
        request.headers.get("user-agent"),
        settings.trusted_proxies,
        country=request.headers.get("x-client-country"),
        city=request.headers.get("x-client-city"),
    )


Transactions = Annotated[Database, Depends(_database)]
"""For what must be kept although the answer refuses (a failed login is logged), or must not hold a transaction
open while a password is hashed."""
Config = Annotated[Settings, Depends(_settings)]
Origin = Annotated[origin.Origin, Depends(_origin)]
