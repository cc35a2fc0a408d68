"""Every select of instructor profiles."""

from collections.abc import Iterable, Sequence

from chassis.pagination import PageParams, page
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.profiles.models import InstructorExpertiseArea, InstructorProfile


async def by_id(session: AsyncSession, profile_id: int, *, lock: bool = False) -> InstructorProfile | None:
    return await session.get(InstructorProfile, profile_id, with_for_update=lock or None)


async def by_user(session: AsyncSession, user_id: int, *, lock: bool = False) -> InstructorProfile | None:
    statement = select(InstructorProfile).where(InstructorProfile.user_id == user_id)
    found: InstructorProfile | None = await session.scalar(statement.with_for_update() if lock else statement)
    return found


async def profile_id_of(session: AsyncSession, user_id: int) -> int | None:
    found: int | None = await session.scalar(
        select(InstructorProfile.id).where(InstructorProfile.user_id == user_id)
    )
    return found


async def replace_approver(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Have the tombstone stand for an admin who approved profiles."""
    await session.execute(
        update(InstructorProfile)
        .where(InstructorProfile.approved_by_id == user_id)
        .values(approved_by_id=tombstone_id)
        .execution_options(synchronize_session=False)
    )


async def expertise_of(session: AsyncSession, profile_ids: Iterable[int]) -> dict[int, list[int]]:
    """The category ids of each profile, sorted, by one query for all."""
    areas: dict[int, list[int]] = {profile_id: [] for profile_id in profile_ids}
    statement = select(
        InstructorExpertiseArea.instructorprofile_id, InstructorExpertiseArea.category_id
    ).where(InstructorExpertiseArea.instructorprofile_id.in_(areas))
    for profile_id, category_id in await session.execute(
        statement.order_by(InstructorExpertiseArea.category_id)
    ):
        areas[profile_id].append(category_id)
    return areas


async def list_profiles(
    session: AsyncSession,
    params: PageParams,
    *,
    status: str | None,
    tier: str | None,
    is_verified: bool | None,
    everybody: bool,
) -> tuple[Sequence[InstructorProfile], str | None]:
    """A page of instructors, newest first: the active and public ones, or `everybody`; None filters nothing."""
    statement = select(InstructorProfile)
    if not everybody:
        statement = statement.where(InstructorProfile.status == "active", InstructorProfile.public_profile)
    wanted = {"status": status, "tier": tier, "is_verified": is_verified}
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(InstructorProfile, name) == value)
    return await page(session, statement, params, key=[(InstructorProfile.id, "desc")])
