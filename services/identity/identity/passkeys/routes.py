"""Register passkeys, and log in with them. Deleting one is in `ways_in`."""

from typing import Annotated, get_args

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import CurrentUser, IfMatch, Router, Session, require_match
from fastapi import Path, Query, Response

from identity.dependencies import Config, Origin, Transactions
from identity.passkeys import service
from identity.passkeys.models import Passkey
from identity.passkeys.schemas import (
    PasskeyGiven,
    PasskeyLogin,
    PasskeyOptions,
    PasskeyOut,
    PasskeyPatch,
    Transport,
)
from identity.passwords.dependencies import Passwords
from identity.reauthentication import service as reauthentication
from identity.reauthentication.schemas import MaybePassword
from identity.representations import tag_of
from identity.sessions.schemas import TokenPairOut
from identity.tokens.dependencies import Tokens

auth_router = Router(prefix="/api/v1/auth/passkey", tags=["passkeys"])
router = Router(prefix="/api/v1/users/me/passkeys", tags=["passkeys"])

NO_STORE = "no-store"
PasskeyId = Annotated[Identifier, Path()]


@auth_router.post("/options")
async def begin_passkey_login(
    database: Transactions, settings: Config, origin: Origin, response: Response
) -> PasskeyOptions:
    """Options to log in with a passkey; they are the same for everybody, and good for one try in five minutes."""
    response.headers["Cache-Control"] = NO_STORE
    return PasskeyOptions(public_key=await service.begin_login(database, settings, origin))


@auth_router.post("/login")
async def log_in_with_passkey(
    given: PasskeyLogin, database: Transactions, issuer: Tokens, origin: Origin, response: Response
) -> TokenPairOut:
    """Log in with a passkey; no second factor is asked for further."""
    response.headers["Cache-Control"] = NO_STORE
    credential = given.credential.model_dump(exclude_none=True)
    return TokenPairOut.model_validate(await service.log_in(database, issuer, credential, origin))


@router.post("/options")
async def begin_passkey(
    session: Session,
    user: CurrentUser,
    database: Transactions,
    passwords: Passwords,
    settings: Config,
    response: Response,
    given: MaybePassword | None = None,
) -> PasskeyOptions:
    """Options to make a passkey of this device. Needs the password, or a login of a few minutes ago."""
    response.headers["Cache-Control"] = NO_STORE
    password = given.password.get_secret_value() if given and given.password else None
    await reauthentication.require_password_or_fresh_login(database, passwords, settings, user, password)
    return PasskeyOptions(public_key=await service.begin_registration(session, settings, user.user_id))


@router.post("", status_code=201)
async def register_passkey(
    given: PasskeyGiven, user: CurrentUser, database: Transactions, settings: Config, response: Response
) -> PasskeyOut:
    """Register the passkey that was made. It logs in from now on, and answers for a second factor."""
    known = frozenset(get_args(Transport))
    passkey = await service.register(
        database,
        settings,
        user,
        name=given.name,
        credential=given.credential.model_dump(),
        transports=[one for one in given.credential.response.transports if one in known],
    )
    made = PasskeyOut.model_validate(passkey)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    response.headers["ETag"] = tag_of(made)
    return made


@router.get("", response_model=Page[PasskeyOut])
async def list_passkeys(
    session: Session, user: CurrentUser, params: Annotated[PageParams, Query()]
) -> Page[PasskeyOut]:
    """My passkeys, newest first."""
    rows, next_cursor = await service.list_of(session, user.user_id, params)
    return Page(items=[PasskeyOut.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("/{passkey_id}")
async def read_passkey(
    session: Session, user: CurrentUser, passkey_id: PasskeyId, response: Response
) -> PasskeyOut:
    """One of my passkeys."""
    found = PasskeyOut.model_validate(await service.find(session, user.user_id, passkey_id))
    response.headers["ETag"] = tag_of(found)
    return found


@router.patch("/{passkey_id}")
async def rename_passkey(
    changes: PasskeyPatch,
    session: Session,
    user: CurrentUser,
    passkey_id: PasskeyId,
    response: Response,
    if_match: IfMatch = None,
) -> PasskeyOut:
    """Give one of my passkeys another name."""

    def unchanged(row: Passkey) -> None:
        require_match(if_match, tag_of(PasskeyOut.model_validate(row)))

    renamed = PasskeyOut.model_validate(
        await service.rename(session, user.user_id, passkey_id, changes.name, unchanged)
    )
    response.headers["ETag"] = tag_of(renamed)
    return renamed
