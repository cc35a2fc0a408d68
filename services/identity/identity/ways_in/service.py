"""Take a way in away, if another is left."""

from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.passkeys import service as passkeys
from identity.passkeys.errors import OnlyWayIn
from identity.passwords.rules import is_usable
from identity.social import links


async def remove_passkey(session: AsyncSession, user_id: int, passkey_id: int) -> None:
    """Take a passkey off an account. Raises OnlyWayIn when there is neither another one, nor a password, nor a linked
    account at a provider; NotFound for a passkey that is another's."""
    account = await accounts.lock(session, user_id)
    passkey = await passkeys.find(session, user_id, passkey_id, lock=True)
    if (
        not is_usable(account.password)
        and await passkeys.count_of(session, user_id) < 2
        and not await links.has_any(session, user_id)
    ):
        raise OnlyWayIn("Set a password first, or register another passkey.")
    await passkeys.remove(session, account, passkey)
