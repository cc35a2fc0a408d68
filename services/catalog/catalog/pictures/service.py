"""Give courses and testimonials their pictures, and take them away."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from chassis.db import Database
from chassis.pictures import MADE_SUFFIX, MADE_TYPE, Darkroom, Picture
from chassis.storage import Storage, new_key
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import service as courses
from catalog.courses import thumbnails
from catalog.courses.errors import NotVersioned
from catalog.files import service as files
from catalog.pictures import rules
from catalog.testimonials import service as testimonials

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course
    from catalog.testimonials.models import Testimonial


GIVEN_WITHIN = timedelta(minutes=15)
"""What the transaction may take that gives a picture to its owner: what was not given goes after that."""


async def store(database: Database, storage: Storage, folder: str, owner_id: int, picture: Picture) -> str:
    """Put a picture into the storage, to be given to its owner; its key. Raises StorageAway."""
    key = new_key(folder, owner_id, suffix=MADE_SUFFIX)
    await files.store(
        database, storage, key, picture.content, at_most=rules.MAX_BYTES, content_type=MADE_TYPE
    )
    return key


async def hurry(database: Database, key: str) -> None:
    """Have a stored picture removed soon, unless it is given: whatever ends the transaction that would give it."""
    await files.hurry(database, [key], GIVEN_WITHIN)


KEPT_OVERHEAD = 4096


async def make_thumbnail(darkroom: Darkroom, content: bytes) -> Picture:
    """The picture as we show it with a course: drawn again from its pixels, but for one that was drawn so before, which
    stays as it is. Drawn over and over, a picture that goes from platform to platform would fade.

    Raises NotAPicture, PictureDamaged, PictureTooLarge, Unavailable.
    """
    drawn = await darkroom.make_over(content, rules.FRAMES[rules.COURSES])
    # Read to its end just now, with nothing beside its pixels, and no larger than these can take.
    is_ours = rules.size_if_ours(content) == (drawn.width, drawn.height)
    if is_ours and len(content) <= 2 * len(drawn.content) + KEPT_OVERHEAD:
        return Picture(content, drawn.width, drawn.height)
    return drawn


async def check_takes_thumbnail(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> None:
    """Raise what `set_thumbnail` would, before a picture is worked on."""
    await _open(session, calls, principal, course_id)


async def set_thumbnail(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    key: str | None,
    unchanged: "Callable[[Course], None]",
) -> courses.View:
    """Show this stored picture with a course, or none, in place of the one before, and tell.

    Raises NotVersioned for a version, which is shown with its course's; what `courses.open_for_editing` does;
    UploadTookTooLong.
    """
    course = await _open(session, calls, principal, course_id)
    unchanged(course)
    old = rules.key_in(course.thumbnail)
    if key is not None:
        await files.give(session, key, instead_of=old)
    elif course.thumbnail is None:
        return await courses.view(session, course)
    else:
        await files.forget(session, old)
    course.thumbnail = None if key is None else rules.url_of(key)
    await courses.record_change(session, course)
    return await courses.view(session, course)


async def _open(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> "Course":
    course = await courses.open_for_editing(session, calls, principal, course_id)
    if course.parent_version_id is not None:
        raise NotVersioned(fields=["thumbnail"], course_id=course.parent_version_id)
    return course


async def set_avatar(session: AsyncSession, testimonial_id: int, key: str | None) -> "Testimonial":
    """Show this stored picture with a testimonial, or none, in place of the one before. Raises TestimonialNotFound,
    UploadTookTooLong."""
    testimonial = await testimonials.hold(session, testimonial_id)
    old = rules.key_in(testimonial.avatar)
    if key is not None:
        await files.give(session, key, instead_of=old)
    else:
        await files.forget(session, old)
    url = None if key is None else rules.url_of(key)
    return await testimonials.edit(session, testimonial_id, {"avatar": url}, lambda _: None)


async def is_shown(session: AsyncSession, folder: str, owner_id: int, key: str) -> bool:
    """Whether this is the picture that its owner has now. Of a draft too: nobody guesses its name."""
    by_folder = {rules.COURSES: thumbnails.find, rules.TESTIMONIALS: testimonials.find_avatar}
    return await by_folder[folder](session, owner_id) == rules.url_of(key)


async def keys_in_use(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these files are somebody's picture."""
    urls = [rules.url_of(key) for key in keys]
    used = await thumbnails.in_use(session, urls) | await testimonials.avatars_in_use(session, urls)
    return {url.removeprefix(rules.MEDIA) for url in used}
