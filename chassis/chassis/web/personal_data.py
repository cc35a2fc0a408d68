"""`GET /internal/users/{user_id}/export`: what this service holds on a person, for identity to put into their export."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import MetaData

from chassis import personal_data
from chassis.errors import Forbidden
from chassis.personal_data import Section
from chassis.schemas import Identifier
from chassis.web.deps import ServiceCaller
from chassis.web.route import Router

GATHERER = "identity"


class NotTheGatherer(Forbidden):
    slug = "not-the-gatherer"
    title = "Only identity gathers what all services hold on a person"


def personal_data_router(service: str, metadata: MetaData, sections: Sequence[Section]) -> APIRouter:
    """The internal endpoint that streams these sections as lines of JSON."""
    router = Router(
        prefix="/internal/users",
        tags=["personal data"],
        generate_unique_id_function=lambda route: f"{service}_{route.name}",
    )

    @router.get("/{user_id}/export", response_class=StreamingResponse)
    async def export_personal_data(
        request: Request, caller: ServiceCaller, user_id: Annotated[Identifier, Path()]
    ) -> StreamingResponse:
        """Everything held on the person; the last line says that it was all."""
        if caller != GATHERER:
            raise NotTheGatherer
        told = personal_data.lines(request.app.state.database, metadata, sections, user_id)
        return StreamingResponse(told, media_type="application/x-ndjson")

    return router
