"""Keep and read the names of people."""

from contracts.identity import UserChanged
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.people.models import Person


async def remember(session: AsyncSession, user: UserChanged) -> None:
    """Keep the newest state of an account; an older one changes nothing."""
    given = {"display_name": user.display_name, "is_active": user.is_active, "version": user.version}
    statement = insert(Person).values(user_id=user.user_id, **given)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Person.user_id], set_=given, where=Person.version < statement.excluded.version
        )
    )


async def name_of(session: AsyncSession, user_id: int) -> str | None:
    """The display name, or None while identity's event has not arrived."""
    person = await session.get(Person, user_id)
    return person.display_name if person else None


async def forget(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(Person).where(Person.user_id == user_id))
