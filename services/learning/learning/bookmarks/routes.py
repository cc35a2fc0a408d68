"""Bookmarks over HTTP."""

from typing import Annotated

from chassis.pagination import Page
from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, Router, Session
from fastapi import Path, Query, status

from learning.bookmarks import service
from learning.bookmarks.schemas import (
    BookmarkChange,
    BookmarkIn,
    BookmarkList,
    BookmarkOrder,
    BookmarkOut,
)

router = Router(prefix="/api/v1", tags=["bookmarks"])

BookmarkId = Annotated[Identifier, Path()]


@router.post("/bookmarks", response_model=BookmarkOut, status_code=status.HTTP_201_CREATED)
async def create_bookmark(
    session: Session, calls: Calls, user: CurrentUser, given: BookmarkIn
) -> BookmarkOut:
    """Bookmark a course, a lesson or a resource, at the end of the caller's list; 409 where there is one already."""
    bookmark = await service.add(session, calls, user.user_id, **given.model_dump())
    return BookmarkOut.model_validate(bookmark)


@router.get("/bookmarks", response_model=Page[BookmarkOut])
async def list_bookmarks(
    session: Session, user: CurrentUser, params: Annotated[BookmarkList, Query()]
) -> Page[BookmarkOut]:
    """The caller's bookmarks, in their order."""
    rows, next_cursor = await service.list_of(session, user.user_id, params.content_type, params)
    return Page(items=[BookmarkOut.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.put("/bookmarks/order", response_model=BookmarkOrder)
async def order_bookmarks(session: Session, user: CurrentUser, given: BookmarkOrder) -> BookmarkOrder:
    """Put the caller's bookmarks in this order; 409 unless each is named once."""
    await service.order(session, user.user_id, given.ids)
    return given


@router.get("/bookmarks/{bookmark_id}", response_model=BookmarkOut)
async def get_bookmark(session: Session, user: CurrentUser, bookmark_id: BookmarkId) -> BookmarkOut:
    """One of the caller's bookmarks."""
    return BookmarkOut.model_validate(await service.show(session, user.user_id, bookmark_id))


@router.patch("/bookmarks/{bookmark_id}", response_model=BookmarkOut)
async def change_bookmark(
    session: Session, user: CurrentUser, bookmark_id: BookmarkId, given: BookmarkChange
) -> BookmarkOut:
    """Change a bookmark's title or notes."""
    changes = given.model_dump(exclude_unset=True)
    return BookmarkOut.model_validate(await service.change(session, user.user_id, bookmark_id, changes))


@router.delete("/bookmarks/{bookmark_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_bookmark(session: Session, user: CurrentUser, bookmark_id: BookmarkId) -> None:
    """Remove one of the caller's bookmarks."""
    await service.remove(session, user.user_id, bookmark_id)
