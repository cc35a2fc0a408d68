"""Erase one's account, and read the receipt."""

from typing import Annotated

from chassis.web import CurrentUser, Router, Session
from fastapi import Path, Response

from identity.dependencies import Transactions
from identity.erasures import service
from identity.erasures.schemas import ErasureAsked, ReceiptOut
from identity.passwords.dependencies import Passwords
from identity.tokens.dependencies import Tokens

router = Router(prefix="/api/v1/users", tags=["my data"])
receipts_router = Router(prefix="/api/v1/erasures", tags=["my data"])


@router.delete("/me", status_code=204)
async def erase_me(
    user: CurrentUser,
    database: Transactions,
    passwords: Passwords,
    issuer: Tokens,
    given: ErasureAsked | None = None,
) -> Response:
    """Erase my account for good, here and in every service. Needs a login of the last few minutes, or the password.

    `Location` is where the receipt will be: keep it, nothing else leads there.
    """
    password = given.password.get_secret_value() if given is not None else None
    token = await service.erase_account(database, passwords, issuer, user, password)
    headers = {"Location": f"{receipts_router.prefix}/{token}", "Cache-Control": "no-store"}
    return Response(status_code=204, headers=headers)


@receipts_router.get("/{token}")
async def read_erasure_receipt(
    session: Session,
    issuer: Tokens,
    token: Annotated[str, Path(min_length=1, max_length=100)],
    response: Response,
) -> ReceiptOut:
    """How far an erasure is; the signed receipt once every service has reported."""
    response.headers["Cache-Control"] = "no-store"
    return ReceiptOut.of(await service.read_receipt(session, issuer, token))
