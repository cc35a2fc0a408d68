"""Answer a challenge, and switch one's second factor on and off."""

from typing import Annotated

from chassis.auth import Principal
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session, Staff
from fastapi import Path, Response

from identity.dependencies import Origin, Transactions
from identity.passwords.dependencies import Passwords
from identity.reauthentication import service as reauthentication
from identity.reauthentication.schemas import MaybePassword
from identity.second_factors import service
from identity.second_factors.schemas import (
    EnrollmentOut,
    FirstCode,
    OwnerGiven,
    RecoveryCodesOut,
    SecondFactorGiven,
    SecondFactorOut,
)
from identity.second_factors.service import Proof
from identity.sessions import service as sessions
from identity.sessions.schemas import TokenPairOut
from identity.tokens.dependencies import Tokens

auth_router = Router(prefix="/api/v1/auth", tags=["second factors"])
router = Router(prefix="/api/v1/users/me/second-factor", tags=["second factors"])
admin_router = Router(prefix="/api/v1/users", tags=["administration"])

NO_STORE = "no-store"


@auth_router.post("/second-factor")
async def answer_challenge(
    given: SecondFactorGiven, database: Transactions, issuer: Tokens, origin: Origin, response: Response
) -> TokenPairOut:
    """Give the second factor that a login asked for (403, `second-factor-required`), from where it began."""
    response.headers["Cache-Control"] = NO_STORE
    pair = await service.answer(database, issuer, given.challenge, given.proof, origin)
    return TokenPairOut.model_validate(pair)


@router.get("")
async def read_second_factor(session: Session, user: CurrentUser) -> SecondFactorOut:
    """Whether my logins ask for a second factor."""
    return SecondFactorOut.model_validate(await service.state_of(session, user.user_id))


@router.post("/totp", status_code=201)
async def begin_totp(
    user: CurrentUser,
    session: Session,
    database: Transactions,
    passwords: Passwords,
    issuer: Tokens,
    response: Response,
    given: MaybePassword | None = None,
) -> EnrollmentOut:
    """Get a secret for an authenticator app. Logins ask for its codes once the first was confirmed.

    Needs the password, or a login of a few minutes ago."""
    response.headers["Cache-Control"] = NO_STORE
    password = given.password.get_secret_value() if given and given.password else None
    # Before the first query of this request's own transaction, as none is held open while argon2 works.
    await reauthentication.require_password_or_fresh_login(
        database, passwords, issuer.settings, user, password
    )
    return EnrollmentOut.model_validate(await service.begin_totp(session, issuer, user.user_id))


@router.post("/totp/confirm")
async def confirm_totp(
    given: FirstCode, session: Session, user: CurrentUser, issuer: Tokens, response: Response
) -> RecoveryCodesOut:
    """Switch the second factor on with a first code of the app. The recovery codes are shown this once."""
    response.headers["Cache-Control"] = NO_STORE
    await sessions.require_live(session, user.user_id, user.sid)
    return RecoveryCodesOut(
        recovery_codes=await service.confirm_totp(session, issuer, user.user_id, given.code)
    )


@router.delete("/totp", status_code=204)
async def switch_off(
    given: OwnerGiven,
    session: Session,
    user: CurrentUser,
    database: Transactions,
    passwords: Passwords,
    issuer: Tokens,
) -> None:
    """Switch the second factor off: with the password, a code of the app, or a recovery code."""
    await _require_owner(given, user, database, passwords, issuer)
    await service.switch_off(session, user.user_id)


@router.post("/recovery-codes", status_code=201)
async def renew_recovery_codes(
    given: OwnerGiven,
    session: Session,
    user: CurrentUser,
    database: Transactions,
    passwords: Passwords,
    issuer: Tokens,
    response: Response,
) -> RecoveryCodesOut:
    """A new set of recovery codes; those of the old one are worth nothing any more."""
    response.headers["Cache-Control"] = NO_STORE
    await _require_owner(given, user, database, passwords, issuer)
    return RecoveryCodesOut(recovery_codes=await service.renew_recovery_codes(session, user.user_id))


@admin_router.delete("/{user_id}/second-factor", status_code=204)
async def switch_off_for(
    session: Session,
    staff: Annotated[Principal, Staff(service.RESET)],
    user_id: Annotated[Identifier, Path()],
) -> None:
    """Switch off the second factor of somebody who lost it. They are mailed, and logged out everywhere."""
    await service.switch_off_for(session, staff, user_id)


async def _require_owner(
    given: OwnerGiven, user: CurrentUser, database: Transactions, passwords: Passwords, issuer: Tokens
) -> None:
    if given.password is not None:
        await reauthentication.require_password(
            database, passwords, issuer.settings, user, given.password.get_secret_value()
        )
    else:
        await service.require_owner(database, issuer, user, Proof(given.code, given.recovery_code))
