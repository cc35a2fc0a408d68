"""Every statement on reviews and on the votes for them."""

from collections.abc import Collection, Sequence
from functools import cache, partial
from typing import Any, Literal

from chassis.pagination import Key, PageParams, beside, page_beside
from sqlalchemy import (
    BigInteger,
    Boolean,
    Row,
    Select,
    SmallInteger,
    Subquery,
    bindparam,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.reviews.models import Review, ReviewVote

WithAuthor = tuple[Review, str | None, str | None]
"""A review, and the name and picture of who wrote it."""

Sort = Literal["newest", "helpful", "highest", "lowest"]

_KEYS: dict[Sort, Key] = {
    "newest": [(Review.created_date, "desc"), (Review.id, "desc")],
    "helpful": [(Review.helpful_count, "desc"), (Review.id, "desc")],
    "highest": [(Review.rating, "desc"), (Review.id, "desc")],
    "lowest": [(Review.rating, "asc"), (Review.id, "desc")],
}


def _with_author(people: Subquery) -> Select[Any]:
    return select(Review, people.c.display_name, people.c.picture_url).outerjoin(
        people, people.c.user_id == Review.user_id
    )


COLUMNS = tuple(
    column for column in Review.__table__.c if column.key not in ("state_version", "moderation_notes")
)
WANTED = bindparam("wanted", type_=BigInteger())
# Who is asking, as courses.reading tells it.
READER = bindparam("reader", type_=BigInteger())
RATING = bindparam("rating", type_=SmallInteger())
MODERATES = bindparam("moderates", type_=Boolean())


@cache
def _of_course(
    standing: Subquery, people: Subquery, sort: Sort, rated: bool, verified: bool | None, is_first: bool
) -> Select[Any]:
    listed: Any = select(
        *COLUMNS, func.coalesce(people.c.display_name, "").label("display_name"), people.c.picture_url
    ).outerjoin(people, people.c.user_id == Review.user_id)
    # The approved ones and the reader's own; every one for who moderates.
    shown = or_(Review.is_approved.is_(True), Review.user_id == READER, MODERATES)
    listed = listed.where(Review.course_id == standing.c.read_course_id, shown)
    if rated:
        listed = listed.where(Review.rating == RATING)
    if verified is not None:
        listed = listed.where(Review.is_verified_purchase.is_(verified))
    owner = select(*standing.c).where(standing.c.read_course_id == WANTED)
    return beside(owner, listed, _KEYS[sort], is_first=is_first)


async def of_course(
    session: AsyncSession,
    standing: Subquery,
    people: Subquery,
    course_id: int,
    params: PageParams,
    sort: Sort,
    *,
    moderates: bool,
    rating: int | None,
    verified: bool | None,
    reader: dict[str, Any],
) -> tuple[Row[Any] | None, Sequence[Row[Any]], str | None]:
    """How the reader stands to a course, and a page of its reviews with their authors."""
    given = {WANTED.key: course_id, MODERATES.key: moderates, **reader}
    if rating is not None:
        given[RATING.key] = rating
    made = partial(_of_course, standing, people, sort, rating is not None, verified)
    return await page_beside(session, made, params, key=_KEYS[sort], **given)


async def with_author(session: AsyncSession, review_id: int, people: Subquery) -> WithAuthor | None:
    statement = _with_author(people).where(Review.id == review_id)
    found = await session.execute(statement.execution_options(populate_existing=True))
    row = found.one_or_none()
    return None if row is None else (row[0], row[1], row[2])


async def by_id(session: AsyncSession, review_id: int) -> Review | None:
    return await session.get(Review, review_id, populate_existing=True)


async def lock(session: AsyncSession, review_id: int) -> Review | None:
    return await session.get(Review, review_id, populate_existing=True, with_for_update=True)


async def id_of(session: AsyncSession, user_id: int, course_id: int) -> int | None:
    statement = select(Review.id).where(Review.user_id == user_id, Review.course_id == course_id)
    return await session.scalar(statement)


async def lock_unverified(session: AsyncSession, pairs: Collection[tuple[int, int]]) -> Sequence[Review]:
    """The reviews by these (user, course) that are not known to be by a learner of the course, locked."""
    statement = (
        select(Review)
        .where(
            tuple_(Review.user_id, Review.course_id).in_(list(pairs)), Review.is_verified_purchase.is_(False)
        )
        .order_by(Review.id)
        .with_for_update()
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def lock_of_course(session: AsyncSession, course_id: int) -> Sequence[Review]:
    statement = select(Review).where(Review.course_id == course_id).order_by(Review.id).with_for_update()
    return (await session.scalars(statement)).all()


async def remove(session: AsyncSession, review: Review) -> None:
    await session.delete(review)
    await session.flush()


async def approved(session: AsyncSession, course_id: int) -> tuple[int, int]:
    """The sum of a course's approved ratings, and how many they are."""
    statement = select(func.coalesce(func.sum(Review.rating), 0), func.count()).where(
        Review.course_id == course_id, Review.is_approved.is_(True)
    )
    total, reviews = (await session.execute(statement)).one()
    return int(total), int(reviews)


async def vote(session: AsyncSession, review_id: int, user_id: int) -> bool:
    """Whether this is the user's first vote for the review."""
    statement = insert(ReviewVote).values(review_id=review_id, user_id=user_id).on_conflict_do_nothing()
    return (await session.execute(statement.returning(ReviewVote.review_id))).first() is not None


async def unvote(session: AsyncSession, review_id: int, user_id: int) -> bool:
    """Whether there was a vote to take back."""
    statement = delete(ReviewVote).where(ReviewVote.review_id == review_id, ReviewVote.user_id == user_id)
    return (await session.execute(statement.returning(ReviewVote.review_id))).first() is not None


async def count_helpful(session: AsyncSession, review_id: int, by: int) -> None:
    await session.execute(
        update(Review)
        .where(Review.id == review_id)
        # updated_date is the author's.
        .values(helpful_count=Review.helpful_count + by, updated_date=Review.updated_date)
        .execution_options(synchronize_session=False)
    )


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    # The rating goes on counting; the words were the person's, and may say who they are.
    await session.execute(
        update(Review)
        .where(Review.user_id == user_id)
        .values(user_id=tombstone_id, title=None, content="", moderation_notes=None)
    )
    await session.execute(
        update(ReviewVote).where(ReviewVote.user_id == user_id).values(user_id=tombstone_id)
    )
