"""Every select on social logins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.social.models import (
    Association,
    Code,
    Nonce,
    Partial,
    SocialAccount,
    SocialToken,
    UserSocialAuth,
)

# --- linked accounts ----------------------------------------------------------------------------------------


async def take_turns(session: AsyncSession, about: str) -> None:
    """Wait until no other transaction works on this."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:about, 0))"), {"about": f"social {about}"}
    )


async def linked(session: AsyncSession, provider: str, uid: str) -> SocialAccount | None:
    statement = select(SocialAccount).where(SocialAccount.provider == provider, SocialAccount.uid == uid)
    return await session.scalar(statement.execution_options(populate_existing=True))


async def exchanged(session: AsyncSession, provider: str, uid: str) -> UserSocialAuth | None:
    statement = select(UserSocialAuth).where(UserSocialAuth.provider == provider, UserSocialAuth.uid == uid)
    return await session.scalar(statement.execution_options(populate_existing=True))


def accounts_of(user_id: int) -> Select[Any]:
    return select(SocialAccount).where(SocialAccount.user_id == user_id)


async def lock_account(session: AsyncSession, user_id: int, account_id: int) -> SocialAccount | None:
    statement = accounts_of(user_id).where(SocialAccount.id == account_id).with_for_update()
    found: SocialAccount | None = await session.scalar(statement)
    return found


async def remove_link(session: AsyncSession, provider: str, uid: str) -> None:
    """Delete both rows of a link; the provider's tokens go with the first."""
    for kind in (SocialAccount, UserSocialAuth):
        await session.execute(delete(kind).where(kind.provider == provider, kind.uid == uid))


async def delete_links_of(session: AsyncSession, user_id: int) -> None:
    for kind in (SocialAccount, UserSocialAuth):
        await session.execute(delete(kind).where(kind.user_id == user_id))


async def exchanges_of(session: AsyncSession, user_id: int) -> Sequence[UserSocialAuth]:
    statement = select(UserSocialAuth).where(UserSocialAuth.user_id == user_id).order_by(UserSocialAuth.id)
    return (await session.scalars(statement)).all()


# --- the providers' tokens ------------------------------------------------------------------------------------


async def lock_token(session: AsyncSession, account_id: int, app_id: int) -> SocialToken | None:
    return await session.scalar(
        select(SocialToken)
        .where(SocialToken.account_id == account_id, SocialToken.app_id == app_id)
        .with_for_update()
    )


async def lock_tokens_sealed_otherwise(
    session: AsyncSession, prefix: str, limit: int
) -> Sequence[SocialToken]:
    """Tokens of which one is there and does not begin with `prefix`, locked."""
    otherwise = [
        (column != "") & ~column.startswith(prefix, autoescape=True)
        for column in (SocialToken.token, SocialToken.token_secret)
    ]
    statement = select(SocialToken).where(or_(*otherwise)).order_by(SocialToken.id).limit(limit)
    locked = statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return (await session.scalars(locked)).all()


async def lock_exchanges_sealed_otherwise(
    session: AsyncSession, prefix: str, members: Sequence[str], limit: int
) -> Sequence[UserSocialAuth]:
    """Exchanges of whose extra data one of these members is there and does not begin with `prefix`, locked."""
    texts = [UserSocialAuth.extra_data[member].astext for member in members]
    otherwise = [(one != "") & ~one.startswith(prefix, autoescape=True) for one in texts]
    statement = select(UserSocialAuth).where(or_(*otherwise)).order_by(UserSocialAuth.id).limit(limit)
    locked = statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return (await session.scalars(locked)).all()


# --- what is on its way ---------------------------------------------------------------------------------------


async def take_partial(session: AsyncSession, token: str, step: int) -> Partial | None:
    """The row of this token, which is gone from now on: of two who come at once, one gets it."""
    statement = delete(Partial).where(Partial.token == token, Partial.next_step == step).returning(Partial)
    return await session.scalar(statement)


async def partial(session: AsyncSession, token: str, step: int, *, lock: bool = False) -> Partial | None:
    statement = select(Partial).where(Partial.token == token, Partial.next_step == step)
    if lock:
        statement = statement.with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def use_once(session: AsyncSession, server_url: str, salt: str, until: int) -> bool:
    """Note that this was used; False if it was before. Waits for a rival's commit."""
    statement = (
        insert(Nonce)
        .values(server_url=server_url, salt=salt, timestamp=until)
        .on_conflict_do_nothing()
        .returning(Nonce.id)
    )
    return (await session.scalar(statement)) is not None


async def codes_since(session: AsyncSession, email: str, since: datetime) -> int:
    statement = select(func.count()).select_from(Code).where(Code.email == email, Code.timestamp >= since)
    return (await session.scalar(statement)) or 0


async def code(session: AsyncSession, hashed: str, since: datetime, *, lock: bool = False) -> Code | None:
    """The row of a code mailed since then and not used."""
    statement = select(Code).where(Code.code == hashed, Code.verified.is_(False), Code.timestamp > since)
    if lock:
        statement = statement.with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


# --- the providers' keys --------------------------------------------------------------------------------------


async def keys(session: AsyncSession, issuer: str) -> Sequence[Association]:
    return (await session.scalars(select(Association).where(Association.server_url == issuer))).all()


async def replace_keys(session: AsyncSession, issuer: str, rows: Sequence[dict[str, Any]]) -> None:
    """Put these keys of an issuer in the place of those there are."""
    kept = [row["handle"] for row in rows]
    await session.execute(
        delete(Association).where(Association.server_url == issuer, Association.handle.not_in(kept))
    )
    if not rows:
        return
    statement = insert(Association).values(list(rows))
    changed = {name: statement.excluded[name] for name in ("secret", "issued", "lifetime", "assoc_type")}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["server_url", "handle"], set_=changed)
    )


# --- housekeeping ---------------------------------------------------------------------------------------------


async def delete_partials(session: AsyncSession, step: int, before: datetime, limit: int) -> int:
    old = select(Partial.id).where(Partial.next_step == step, Partial.timestamp < before)
    taken = old.limit(limit).with_for_update(skip_locked=True)
    done = await session.execute(delete(Partial).where(Partial.id.in_(taken)).returning(Partial.id))
    return len(done.all())


async def delete_codes(session: AsyncSession, before: datetime, limit: int) -> int:
    old = select(Code.id).where(Code.timestamp < before).limit(limit).with_for_update(skip_locked=True)
    done = await session.execute(delete(Code).where(Code.id.in_(old)).returning(Code.id))
    return len(done.all())


async def delete_codes_to(session: AsyncSession, emails: Sequence[str]) -> None:
    await session.execute(delete(Code).where(Code.email.in_(emails)))


async def delete_nonces(session: AsyncSession, before: int, limit: int) -> int:
    old = select(Nonce.id).where(Nonce.timestamp < before).limit(limit).with_for_update(skip_locked=True)
    done = await session.execute(delete(Nonce).where(Nonce.id.in_(old)).returning(Nonce.id))
    return len(done.all())


async def delete_keys(session: AsyncSession, before: int, limit: int) -> int:
    """Delete keys that ran out before `before`, in seconds since 1970."""
    old = select(Association.id).where(Association.issued + Association.lifetime < before)
    taken = old.limit(limit).with_for_update(skip_locked=True)
    done = await session.execute(
        delete(Association).where(Association.id.in_(taken)).returning(Association.id)
    )
    return len(done.all())
