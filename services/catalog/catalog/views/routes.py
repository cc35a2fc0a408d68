"""Where the gateway brings what it has counted."""

from typing import Annotated
from uuid import UUID

from chassis.errors import Forbidden
from chassis.web import Router, ServiceCaller, Session
from fastapi import Header

from catalog.courses import view_counts
from catalog.courses.view_counts import Seen
from catalog.views.schemas import ViewBatch

internal_router = Router(prefix="/internal", tags=["internal"], include_in_schema=False)


@internal_router.post("/course-views", status_code=204)
async def count_course_views(
    batch: ViewBatch,
    session: Session,
    caller: ServiceCaller,
    _batch_id: Annotated[UUID, Header(alias="Idempotency-Key")],
) -> None:
    """Count these views, once however often the batch comes; courses that are no more are passed over."""
    if caller != "gateway":
        raise Forbidden("Views are counted where people's requests are answered: at the gateway.")
    await view_counts.add(session, {one.course_id: Seen(one.count, one.last_at) for one in batch.views})
