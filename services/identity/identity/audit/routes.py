"""The audit log, for who may read it."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page
from chassis.web import Router, Session, Staff
from fastapi import Query

from identity.audit import service
from identity.audit.schemas import AuditEntryOut, AuditLogParams
from identity.audit.service import Entry

router = Router(prefix="/api/v1/audit-log", tags=["administration"])


def _told(entry: Entry) -> AuditEntryOut:
    fields = {name: getattr(entry, name) for name in AuditEntryOut.model_fields if name != "ip_address"}
    return AuditEntryOut(**fields, ip_address=str(entry.ip_address) if entry.ip_address else None)


@router.get("", response_model=Page[AuditEntryOut])
async def list_audit_log(
    session: Session,
    _reader: Annotated[Principal, Staff("identity.view_audit_log")],
    params: Annotated[AuditLogParams, Query()],
) -> Page[AuditEntryOut]:
    """What the staff did to accounts, rights and settings, newest first."""
    rows, next_cursor = await service.list_entries(
        session, params, **params.model_dump(exclude={"limit", "cursor"})
    )
    return Page(items=[_told(row) for row in rows], next_cursor=next_cursor)
