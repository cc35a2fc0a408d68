"""The permissions there are to give."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page
from chassis.web import Router, Session, Staff
from contracts.permissions import service_of
from fastapi import Query

from identity.rights import service
from identity.rights.schemas import PermissionListParams, PermissionOut

router = Router(prefix="/api/v1/permissions", tags=["administration"])


@router.get("", response_model=Page[PermissionOut])
async def list_permissions(
    session: Session,
    _staff: Annotated[Principal, Staff("identity.view_group")],
    params: Annotated[PermissionListParams, Query()],
) -> Page[PermissionOut]:
    """What the staff of each service can be allowed, by codename."""
    rows, next_cursor = await service.list_permissions(session, params, params.service)
    items = [
        PermissionOut(codename=row.codename, name=row.name, service=service_of(row.codename)) for row in rows
    ]
    return Page(items=items, next_cursor=next_cursor)
