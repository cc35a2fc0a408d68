"""Register and verify over HTTP."""

from chassis.web import Router, Session

from identity.dependencies import Config, Origin, Transactions
from identity.even_time import even_time
from identity.mail_requests import service as mail_requests
from identity.passwords.dependencies import Passwords
from identity.passwords.rules import check_new_password
from identity.registration import service
from identity.registration.schemas import (
    MailAccepted,
    MailRequest,
    Registered,
    Registration,
    Verification,
    Verified,
)
from identity.throttles import service as throttles

router = Router(prefix="/api/v1/auth", tags=["registration"])


@router.post("/register", status_code=201)
async def register(
    wanted: Registration, database: Transactions, passwords: Passwords, settings: Config, origin: Origin
) -> Registered:
    """Open an account. The address must be confirmed by the mailed link before the first login.

    The answer is the same when the address has an account already; its owner is mailed.
    """
    await throttles.allow_registration(database, settings, origin.address)
    password = wanted.password.get_secret_value()
    check_new_password(password, own=(wanted.email, wanted.username))
    # To make an account takes longer than to mail the owner of one.
    async with even_time(settings.registration_step_seconds):
        # Outside of the transaction: no connection is held while argon2 works.
        newcomer = service.Newcomer(
            email=wanted.email,
            username=wanted.username,
            password_hash=await passwords.hash(password),
            first_name=wanted.first_name,
            last_name=wanted.last_name,
        )
        async with database.transaction() as session:
            await service.register(session, newcomer, origin.address, settings)
    return Registered(email=wanted.email)


@router.post("/verify-email")
async def verify_email(given: Verification, session: Session) -> Verified:
    """Confirm an address with the token of the mailed link."""
    return Verified.model_validate(await service.verify_email(session, given.token))


@router.post("/verify-email/resend", status_code=202)
async def resend_verification(
    wanted: MailRequest, session: Session, database: Transactions, settings: Config, origin: Origin
) -> MailAccepted:
    """Ask for another verification mail. The answer is the same whether there is anything to verify."""
    await throttles.allow_mail_request(database, settings, wanted.email, origin.address)
    await mail_requests.ask(session, "verification", wanted.email, origin.address)
    return MailAccepted(email=wanted.email)
