"""Forgot and reset over HTTP."""

from chassis.web import Router, Session

from identity.dependencies import Config, Origin, Transactions
from identity.mail_requests import service as mail_requests
from identity.password_resets import service
from identity.password_resets.schemas import ForgottenPassword, PasswordReset, PasswordSet, ResetAccepted
from identity.passwords.dependencies import Passwords
from identity.throttles import service as throttles

router = Router(prefix="/api/v1/auth/password", tags=["passwords"])


@router.post("/forgot", status_code=202)
async def forgot_password(
    given: ForgottenPassword, session: Session, database: Transactions, settings: Config, origin: Origin
) -> ResetAccepted:
    """Ask for a link that sets a new password. The answer is the same whether the address has an account."""
    await throttles.allow_mail_request(database, settings, given.email, origin.address)
    await mail_requests.ask(session, "reset", given.email, origin.address)
    return ResetAccepted(email=given.email)


@router.post("/reset")
async def reset_password(given: PasswordReset, database: Transactions, passwords: Passwords) -> PasswordSet:
    """Set a new password with the token of the mailed link. Every session of the account ends."""
    done = await service.reset(database, passwords, given.token, given.new_password.get_secret_value())
    return PasswordSet.model_validate(done)
