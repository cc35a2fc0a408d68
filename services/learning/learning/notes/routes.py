"""Notes over HTTP."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, Router, Session
from fastapi import Path, Query, status

from learning.notes import service
from learning.notes.schemas import NoteChange, NoteIn, NoteList, NoteOut
from learning.people import service as people

if TYPE_CHECKING:
    from learning.notes.models import Note

router = Router(prefix="/api/v1", tags=["notes"])

NoteId = Annotated[Identifier, Path()]


@router.post("/notes", response_model=NoteOut, status_code=status.HTTP_201_CREATED)
async def create_note(session: Session, user: CurrentUser, given: NoteIn) -> NoteOut:
    """Write a note on a lesson of a course the caller takes."""
    note = await service.write(session, user.user_id, **given.model_dump())
    return (await _shown(session, [note]))[0]


@router.get("/notes", response_model=Page[NoteOut])
async def list_notes(
    session: Session, user: CurrentUser, params: Annotated[NoteList, Query()]
) -> Page[NoteOut]:
    """The caller's own notes, newest first."""
    rows, next_cursor = await service.list_own(
        session, user.user_id, params, course_id=params.course_id, lesson_id=params.lesson_id
    )
    return Page(items=await _shown(session, rows), next_cursor=next_cursor)


@router.get("/lessons/{lesson_id}/notes", response_model=Page[NoteOut])
async def list_lesson_notes(
    session: Session,
    calls: Calls,
    user: CurrentUser,
    lesson_id: Annotated[Identifier, Path()],
    params: Annotated[PageParams, Query()],
) -> Page[NoteOut]:
    """The caller's notes on a lesson and the public ones of others: for who takes or teaches the course."""
    rows, next_cursor = await service.list_on_lesson(session, calls, user, lesson_id, params)
    return Page(items=await _shown(session, rows), next_cursor=next_cursor)


@router.get("/notes/{note_id}", response_model=NoteOut)
async def get_note(session: Session, calls: Calls, user: CurrentUser, note_id: NoteId) -> NoteOut:
    """A note of the caller's, or a public one in a course they take or teach."""
    return (await _shown(session, [await service.show(session, calls, user, note_id)]))[0]


@router.patch("/notes/{note_id}", response_model=NoteOut)
async def change_note(session: Session, user: CurrentUser, note_id: NoteId, given: NoteChange) -> NoteOut:
    """Change some of a note of the caller's own."""
    changes = given.model_dump(exclude_unset=True)
    note = await service.change(session, user.user_id, note_id, changes)
    return (await _shown(session, [note]))[0]


@router.delete("/notes/{note_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_note(session: Session, user: CurrentUser, note_id: NoteId) -> None:
    """Remove a note of the caller's own."""
    await service.remove(session, user.user_id, note_id)


async def _shown(session: Session, notes: "Sequence[Note]") -> list[NoteOut]:
    names = await people.users_by_id(session, {note.user_id for note in notes})
    shown = []
    for note in notes:
        author = names.get(note.user_id)
        name = None if author is None else author.display_name
        columns = {field: getattr(note, field) for field in NoteOut.model_fields if field != "display_name"}
        shown.append(NoteOut.model_validate({**columns, "display_name": name}))
    return shown
