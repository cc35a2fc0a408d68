"""Categories: a public tree, edited by the staff."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import IfMatch, OptionalUser, Reading, Router, Session, Staff, etag, require_match, told
from fastapi import Path, Query, Response

from catalog.categories import service
from catalog.categories.schemas import CategoryIn, CategoryNode, CategoryOut, CategoryPatch, node_as_told

router = Router(prefix="/api/v1", tags=["categories"])
CategoryId = Annotated[Identifier, Path()]
Changer = Annotated[Principal, Staff("catalog.change_category")]


@router.get("/categories", response_model=Page[CategoryNode])
async def list_categories(
    session: Reading, user: OptionalUser, params: Annotated[PageParams, Query()]
) -> Response:
    """The tree: a page of top categories, each with all its descendants. The staff who change them see inactive ones
    too."""
    active_only = user is None or not user.may("catalog.change_category")
    nodes, next_cursor = await service.tree(session, params, active_only=active_only)
    return told({"items": [node_as_told(node) for node in nodes], "next_cursor": next_cursor})


@router.post("/categories", status_code=201)
async def create_category(
    body: CategoryIn, session: Session, _staff: Changer, response: Response
) -> CategoryOut:
    category = await service.create(session, body.model_dump())
    response.headers["ETag"] = etag(category.state_version)
    return CategoryOut.model_validate(category)


@router.get("/categories/{category_id}")
async def get_category(
    category_id: CategoryId, session: Session, user: OptionalUser, response: Response
) -> CategoryOut:
    active_only = user is None or not user.may("catalog.change_category")
    category = await service.find(session, category_id, active_only=active_only)
    response.headers["ETag"] = etag(category.state_version)
    return CategoryOut.model_validate(category)


@router.patch("/categories/{category_id}")
async def edit_category(
    category_id: CategoryId,
    body: CategoryPatch,
    session: Session,
    _staff: Changer,
    response: Response,
    if_match: IfMatch = None,
) -> CategoryOut:
    category = await service.edit(
        session,
        category_id,
        body.model_dump(exclude_unset=True),
        lambda found: require_match(if_match, etag(found.state_version)),
    )
    response.headers["ETag"] = etag(category.state_version)
    return CategoryOut.model_validate(category)


@router.delete("/categories/{category_id}", status_code=204)
async def delete_category(category_id: CategoryId, session: Session, _staff: Changer) -> None:
    """Remove an empty category; 409 while it has courses or categories in it."""
    await service.delete(session, category_id)
