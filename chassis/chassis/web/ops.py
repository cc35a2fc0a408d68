"""What operators do to a running service: look at its dead letters, have them retried, or drop them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import select

from chassis import dead_letters
from chassis.auth import Principal
from chassis.dead_letters import DeadLetter
from chassis.pagination import Page, PageParams, page
from chassis.schemas import Identifier, Instant, OutputModel
from chassis.web.deps import Session, Staff
from chassis.web.route import Router


class DeadLetterOut(OutputModel):
    """A message that could not be handled. Its content is shown to nobody but by the database: it may be personal."""

    id: int
    event_id: str | None
    type: str
    topic: str
    partition: int
    offset: int
    error: str
    attempts: int
    status: str
    failed_at: Instant
    resolved_at: Instant | None

    @classmethod
    def of(cls, letter: DeadLetter) -> "DeadLetterOut":
        fields = {name: getattr(letter, name) for name in cls.model_fields}
        return cls(**{**fields, "event_id": str(letter.event_id) if letter.event_id else None})


class DeadLetterParams(PageParams):
    status: Literal["waiting", "retry", "handled", "dropped"] | None = None


def dead_letter_router(service: str) -> APIRouter:
    """`/api/v1/ops/<service>/dead-letters`, for the staff."""
    may_view, may_resolve = Staff(f"{service}.view_dead_letter"), Staff(f"{service}.resolve_dead_letter")
    router = Router(
        prefix=f"/api/v1/ops/{service}/dead-letters",
        tags=["operations"],
        generate_unique_id_function=lambda route: f"{service}_{route.name}",
    )

    @router.get("", response_model=Page[DeadLetterOut])
    async def list_dead_letters(
        session: Session, _staff: Annotated[Principal, may_view], params: Annotated[DeadLetterParams, Query()]
    ) -> Page[DeadLetterOut]:
        statement = select(DeadLetter)
        if params.status is not None:
            statement = statement.where(DeadLetter.status == params.status)
        rows, next_cursor = await page(session, statement, params, key=[(DeadLetter.id, "desc")])
        return Page(items=[DeadLetterOut.of(row) for row in rows], next_cursor=next_cursor)

    @router.get("/{letter_id}")
    async def read_dead_letter(
        session: Session, _staff: Annotated[Principal, may_view], letter_id: Annotated[Identifier, Path()]
    ) -> DeadLetterOut:
        letter = await session.get(DeadLetter, letter_id)
        if letter is None:
            raise dead_letters.DeadLetterNotFound
        return DeadLetterOut.of(letter)

    @router.post("/{letter_id}/retry")
    async def retry_dead_letter(
        session: Session, staff: Annotated[Principal, may_resolve], letter_id: Annotated[Identifier, Path()]
    ) -> DeadLetterOut:
        """Have the worker handle it again; follow it by reading it."""
        letter = await dead_letters.resolve(session, letter_id, to=dead_letters.RETRY, by=staff.user_id)
        return DeadLetterOut.of(letter)

    @router.post("/{letter_id}/drop")
    async def drop_dead_letter(
        session: Session, staff: Annotated[Principal, may_resolve], letter_id: Annotated[Identifier, Path()]
    ) -> DeadLetterOut:
        letter = await dead_letters.resolve(session, letter_id, to=dead_letters.DROPPED, by=staff.user_id)
        return DeadLetterOut.of(letter)

    return router
