"""The hasher, for routes that are given passwords."""

from typing import Annotated

from fastapi import Depends, Request

from identity.passwords.hashing import Hasher


async def _hasher(request: Request) -> Hasher:
    hasher: Hasher = request.app.state.hasher
    return hasher


Passwords = Annotated[Hasher, Depends(_hasher)]
