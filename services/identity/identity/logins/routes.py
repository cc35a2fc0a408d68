"""Log in and change the password over HTTP."""

from chassis.web import CurrentUser, Router
from fastapi import Response

from identity.dependencies import Origin, Transactions
from identity.logins import service
from identity.logins.schemas import Login, PasswordChange
from identity.passwords.dependencies import Passwords
from identity.sessions.schemas import TokenPairOut
from identity.tokens.dependencies import Tokens

router = Router(prefix="/api/v1/auth", tags=["logins"])


@router.post("/login")
async def log_in(
    given: Login,
    database: Transactions,
    passwords: Passwords,
    issuer: Tokens,
    origin: Origin,
    response: Response,
) -> TokenPairOut:
    """Log in with e-mail or username. The refusal is the same for an unknown name, a wrong password and a locked
    account; with the right password of an unconfirmed address it is a 403 of its own type."""
    response.headers["Cache-Control"] = "no-store"
    pair = await service.log_in(
        database,
        passwords,
        issuer,
        name=given.name,
        password=given.password.get_secret_value(),
        origin=origin,
    )
    return TokenPairOut.model_validate(pair)


@router.post("/password/change")
async def change_password(
    given: PasswordChange,
    user: CurrentUser,
    database: Transactions,
    passwords: Passwords,
    issuer: Tokens,
    origin: Origin,
    response: Response,
) -> TokenPairOut:
    """Set a new password. Every session ends; the answer is a new one's pair of tokens."""
    response.headers["Cache-Control"] = "no-store"
    pair = await service.change_password(
        database,
        passwords,
        issuer,
        user,
        current=given.current_password.get_secret_value(),
        new=given.new_password.get_secret_value(),
        origin=origin,
    )
    return TokenPairOut.model_validate(pair)
