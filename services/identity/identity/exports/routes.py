"""Take one's data along."""

from chassis.web import CurrentUser, Router
from fastapi.responses import StreamingResponse

from identity.exports import service
from identity.exports.dependencies import ExportSources

router = Router(prefix="/api/v1/users/me", tags=["my data"])

ZIP = "application/zip"


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def export_my_data(user: CurrentUser, sources: ExportSources) -> StreamingResponse:
    """Everything that every service holds on me, as a zip of JSON files. Made while one waits, and whole: while a
    service cannot tell what it holds, the answer is a 503."""
    made = await service.export_for(sources, user)
    headers = {
        "Content-Length": str(made.size),
        "Content-Disposition": f'attachment; filename="{made.filename}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(made.chunks(), media_type=ZIP, headers=headers)
