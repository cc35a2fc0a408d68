"""The issuer, for routes that answer with tokens."""

from typing import Annotated

from fastapi import Depends, Request

from identity.tokens.issuer import Issuer


async def _issuer(request: Request) -> Issuer:
    issuer: Issuer = request.app.state.issuer
    return issuer


Tokens = Annotated[Issuer, Depends(_issuer)]
