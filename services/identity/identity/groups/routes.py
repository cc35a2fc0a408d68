"""Groups, for the staff who give rights."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import IfMatch, Router, Session, Staff, require_match
from fastapi import Path, Query, Response

from identity.groups import service
from identity.groups.schemas import GroupIn, GroupOut, GroupPatch
from identity.representations import tag_of
from identity.rights import service as rights
from identity.rights.service import GroupWithPermissions

router = Router(prefix="/api/v1/groups", tags=["administration"])

Viewer = Annotated[Principal, Staff("identity.view_group")]
Changer = Annotated[Principal, Staff("identity.change_group")]
GroupId = Annotated[Identifier, Path()]


@router.get("", response_model=Page[GroupOut])
async def list_groups(
    session: Session, _staff: Viewer, params: Annotated[PageParams, Query()]
) -> Page[GroupOut]:
    """Every group, by name."""
    found, next_cursor = await rights.list_groups(session, params)
    return Page(items=[_told(group) for group in found], next_cursor=next_cursor)


@router.post("", status_code=201)
async def create_group(given: GroupIn, session: Session, staff: Changer, response: Response) -> GroupOut:
    """Make a group of permissions that the caller holds too."""
    return _answer(await service.create(session, staff, given.name, given.permissions), response)


@router.get("/{group_id}")
async def read_group(session: Session, _staff: Viewer, group_id: GroupId, response: Response) -> GroupOut:
    """One group."""
    return _answer(await rights.find_group(session, group_id), response)


@router.patch("/{group_id}")
async def change_group(
    changes: GroupPatch,
    session: Session,
    staff: Changer,
    group_id: GroupId,
    response: Response,
    if_match: IfMatch = None,
) -> GroupOut:
    """Rename a group, or replace its permissions. Members who lose one are logged out everywhere."""
    given = changes.model_fields_set
    changed = await service.change(
        session,
        staff,
        group_id,
        name=changes.name if "name" in given else None,
        permissions=changes.permissions if "permissions" in given else None,
        unchanged=lambda found: require_match(if_match, tag_of(_told(found))),
    )
    return _answer(changed, response)


@router.delete("/{group_id}", status_code=204)
async def delete_group(session: Session, staff: Changer, group_id: GroupId, if_match: IfMatch = None) -> None:
    """Delete a group: its members lose what it gave them, and are logged out everywhere."""
    await service.delete(
        session, staff, group_id, lambda found: require_match(if_match, tag_of(_told(found)))
    )


def _told(group: GroupWithPermissions) -> GroupOut:
    return GroupOut(id=group.id, name=group.name, permissions=list(group.permissions))


def _answer(group: GroupWithPermissions, response: Response) -> GroupOut:
    told = _told(group)
    response.headers["ETag"] = tag_of(told)
    return told
