"""Every select on refresh tokens and signing keys."""

from datetime import datetime

from sqlalchemy import and_, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.tokens.models import BlacklistedToken, OutstandingToken, SigningKey


async def refresh_token(session: AsyncSession, jti: str) -> OutstandingToken | None:
    return await session.scalar(select(OutstandingToken).where(OutstandingToken.jti == jti))


async def ended_at(session: AsyncSession, jti: str) -> datetime | None:
    """When the refresh token was exchanged or ended; None while it is good, or is not known."""
    return await session.scalar(
        select(BlacklistedToken.blacklisted_at)
        .join(OutstandingToken, OutstandingToken.id == BlacklistedToken.token_id)
        .where(OutstandingToken.jti == jti)
    )


async def end_tokens_of(session: AsyncSession, session_id: int, instant: datetime) -> None:
    """Blacklist every refresh token of a session that is not yet."""
    open_ones = select(OutstandingToken.id, literal(instant)).where(OutstandingToken.session_id == session_id)
    await session.execute(
        insert(BlacklistedToken)
        .from_select(["token_id", "blacklisted_at"], open_ones)
        .on_conflict_do_nothing(index_elements=[BlacklistedToken.token_id])
    )


async def delete_of(session: AsyncSession, user_id: int) -> None:
    await session.execute(
        delete(OutstandingToken)
        .where(OutstandingToken.user_id == user_id)
        .execution_options(synchronize_session=False)
    )


async def delete_expired(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete refresh tokens that expired before `before`, at most `limit`; how many."""
    old = (
        select(OutstandingToken.id)
        .where(OutstandingToken.expires_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    done = await session.execute(
        delete(OutstandingToken).where(OutstandingToken.id.in_(old)).returning(OutstandingToken.id)
    )
    return len(done.all())


async def published_keys(session: AsyncSession, instant: datetime) -> list[SigningKey]:
    """The keys whose tokens are to be believed, those announced but not yet signing included."""
    believed = or_(SigningKey.retires_at.is_(None), SigningKey.retires_at > instant)
    return list(await session.scalars(select(SigningKey).where(believed).order_by(SigningKey.created_at)))


async def signing_key(session: AsyncSession, instant: datetime, outlasting: datetime) -> SigningKey | None:
    """The newest key that signs now and is believed until `outlasting`."""
    usable = and_(
        SigningKey.not_before <= instant,
        or_(SigningKey.retires_at.is_(None), SigningKey.retires_at > outlasting),
    )
    return await session.scalar(
        select(SigningKey).where(usable).order_by(SigningKey.not_before.desc(), SigningKey.kid).limit(1)
    )


async def newest_key(session: AsyncSession) -> SigningKey | None:
    """The key that no other follows, whether it signs already or was only announced."""
    unfollowed = select(SigningKey).where(SigningKey.retires_at.is_(None))
    return await session.scalar(unfollowed.order_by(SigningKey.not_before.desc(), SigningKey.kid).limit(1))


async def all_keys(session: AsyncSession) -> list[SigningKey]:
    """Every key, in the order in which they sign."""
    in_order = select(SigningKey).order_by(SigningKey.not_before, SigningKey.kid.desc())
    return list(await session.scalars(in_order))


async def keys_but(session: AsyncSession, kid: str) -> list[SigningKey]:
    """Every key but this one, locked."""
    others = select(SigningKey).where(SigningKey.kid != kid).order_by(SigningKey.kid)
    return list(await session.scalars(others.with_for_update()))


async def delete_retired(session: AsyncSession, instant: datetime) -> int:
    """Delete the keys that retired; how many."""
    done = await session.execute(
        delete(SigningKey).where(SigningKey.retires_at <= instant).returning(SigningKey.kid)
    )
    return len(done.all())


async def lock_sealed_otherwise(session: AsyncSession, key_id: bytes, limit: int) -> list[SigningKey]:
    """Keys whose private half is not sealed with the secret of this name, at most `limit`, locked."""
    sealed_with = func.substring(SigningKey.private_encrypted, 1, len(key_id))
    others = select(SigningKey).where(sealed_with != key_id).order_by(SigningKey.kid).limit(limit)
    return list(await session.scalars(others.with_for_update(skip_locked=True)))
