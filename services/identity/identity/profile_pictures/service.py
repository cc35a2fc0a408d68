"""Give a profile its picture, and take pictures out of the storage that no profile has any more."""

import contextlib
from collections.abc import Collection
from datetime import timedelta

from chassis.db import Database
from chassis.errors import NotFound
from chassis.jobs import PeriodicJob
from chassis.kept_files import KeptFiles
from chassis.pictures import MADE_SUFFIX, MADE_TYPE, Frame, Picture
from chassis.pictures import read as read_picture
from chassis.storage import Storage, is_key, new_key
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.profile_pictures.models import UnwantedPicture
from identity.profile_pictures.rules import FOLDER, MAX_BYTES, SIDE, owner_of
from identity.profiles import service as profiles

FRAME = Frame(SIDE, SIDE, crop=True)
_kept = KeptFiles(UnwantedPicture, channel="lyceum_unwanted_pictures", stored_within=timedelta(hours=1))

remove_unwanted = _kept.remove_unwanted


async def store(database: Database, storage: Storage, user_id: int, picture: Picture) -> str:
    """Put a picture into the storage, for `give` to use; its key. Raises StorageAway."""
    key = new_key(FOLDER, user_id, suffix=MADE_SUFFIX)
    await _kept.store(database, storage, key, picture.content, at_most=MAX_BYTES, content_type=MADE_TYPE)
    return key


async def give(session: AsyncSession, user_id: int, key: str) -> str:
    """Make a stored picture the account's, in place of the one before, and tell; its URL. Raises NotFound,
    UploadTookTooLong."""
    account = await accounts.lock(session, user_id)
    await _kept.give(session, key, instead_of=await profiles.replace_picture(session, user_id, key))
    await accounts.tell_changed(session, account)
    return profiles.url_of(key)


async def take_away(session: AsyncSession, user_id: int) -> None:
    """Leave the account without a picture, and tell; one that has none stays as it is. Raises NotFound."""
    account = await accounts.lock(session, user_id)
    if await _take(session, user_id):
        await accounts.tell_changed(session, account)


async def forget(session: AsyncSession, user_id: int) -> None:
    """Have an account's picture removed once this transaction commits, and tell nobody: at the account's erasure."""
    # Accounts of the old site may have no profile.
    with contextlib.suppress(NotFound):
        await _take(session, user_id)


async def _take(session: AsyncSession, user_id: int) -> bool:
    """Leave the profile without a picture; whether it had one."""
    old = await profiles.replace_picture(session, user_id, None)
    await _kept.forget(session, old)
    return old is not None


async def is_shown(session: AsyncSession, user_id: int, key: str) -> bool:
    """Whether this is the picture of an account that others may know of."""
    if await profiles.picture_key(session, user_id) != key:
        return False
    return (await accounts.find(session, user_id)).is_active


async def read(session: AsyncSession, storage: Storage, user_id: int) -> bytes | None:
    """An account's picture itself, for its owner's export; None without one."""
    key = await profiles.picture_key(session, user_id)
    return None if key is None or not is_key(key) else await read_picture(storage, key)


async def sweep(database: Database, storage: Storage) -> None:
    """Clear away what no profile tells of."""
    await _kept.sweep(database, storage, [FOLDER], [keys_in_use])


def jobs(storage: Storage) -> list[PeriodicJob]:
    """What the worker does about pictures."""
    return _kept.jobs(storage, [FOLDER], [keys_in_use])


async def keys_in_use(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these a profile names."""
    owners = {owner for key in keys if (owner := owner_of(key)) is not None}
    return await profiles.pictures_in_use(session, owners)
