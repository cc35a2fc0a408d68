"""Notes: mine, and the public ones of those who take the course with me."""

import pytest
from contracts.learning import NoteCreated, NoteRemoved
from learning.notes.models import Note


@pytest.fixture
async def enrolled(ada, person, catalog):
    await ada.enrolled()
    await person(8).enrolled()


async def test_a_note_is_written_changed_and_removed(enrolled, ada, published):
    given = {"lesson_id": 101, "content": "cards", "timestamp_seconds": 95, "tags": ["a", "b"]}
    created = await ada.post("/notes", given)
    assert created.status_code == 201, created.text
    note = created.json()
    assert {**note, **given} == note
    assert (note["is_private"], note["course_id"]) == (True, 12)
    path = f"/api/v1/notes/{note['id']}"
    changed = await ada.client.patch(path, json={"content": "punched cards"}, headers=ada.headers)
    assert (changed.json()["content"], changed.json()["tags"]) == ("punched cards", ["a", "b"])
    assert (await ada.client.delete(path, headers=ada.headers)).status_code == 204
    assert (await ada.get(f"/notes/{note['id']}")).status_code == 404
    assert (await ada.client.delete(path, headers=ada.headers)).status_code == 404
    told = [e for e in await published() if isinstance(e, NoteCreated | NoteRemoved)]
    assert [(type(e), e.note_id, e.course_id, e.lesson_id) for e in told] == [
        (NoteCreated, note["id"], 12, 101),
        (NoteRemoved, note["id"], 12, 101),
    ]


async def test_notes_are_for_who_takes_the_course(enrolled, ada, person, guest):
    given = {"lesson_id": 101, "content": "cards"}
    refused = await person(9).post("/notes", given)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-enrolled")
    assert (await guest.post("/notes", given)).status_code == 401
    assert (await ada.post("/notes", {**given, "lesson_id": 999})).status_code == 404
    assert (await person(9).get("/lessons/101/notes")).status_code == 403
    assert (await person(4).get("/lessons/101/notes")).status_code == 403
    # Who teaches the course may look in.
    assert (await person(3).get("/lessons/101/notes")).status_code == 200


async def test_bad_notes_are_refused(enrolled, ada):
    for body in (
        {"lesson_id": 101},
        {"lesson_id": 101, "content": "  "},
        {"lesson_id": 101, "content": "x" * 20_001},
        {"lesson_id": 101, "content": "x", "tags": ["t"] * 21},
        {"lesson_id": 101, "content": "x", "is_private": "no"},
        {"lesson_id": 101, "content": "x", "timestamp_seconds": -1},
        {"lesson_id": 101, "content": "x", "user_id": 8},
    ):
        assert (await ada.post("/notes", body)).status_code == 422, body


async def test_public_notes_are_shared_in_the_course(enrolled, ada, person, deliver):
    other = person(8)
    private = (await ada.post("/notes", {"lesson_id": 101, "content": "secret"})).json()
    public = {"lesson_id": 101, "content": "shared", "is_private": False}
    shared = (await ada.post("/notes", public)).json()
    theirs = (await other.get("/lessons/101/notes")).json()["items"]
    assert [note["id"] for note in theirs] == [shared["id"]]
    mine = (await ada.get("/lessons/101/notes")).json()["items"]
    assert [note["id"] for note in mine] == [shared["id"], private["id"]]
    assert (await other.get(f"/notes/{private['id']}")).status_code == 404
    assert (await other.get(f"/notes/{shared['id']}")).status_code == 200
    assert (await person(9).get(f"/notes/{shared['id']}")).status_code == 404
    path = f"/api/v1/notes/{shared['id']}"
    change = await other.client.patch(path, json={"content": "mine now"}, headers=other.headers)
    assert change.status_code == 404
    assert (await other.client.delete(path, headers=other.headers)).status_code == 404
    assert (await person(1, role="admin").get("/lessons/101/notes")).status_code == 200


async def test_the_list_is_mine_and_filtered(enrolled, ada, person):
    for lesson_id in (101, 102):
        await ada.post("/notes", {"lesson_id": lesson_id, "content": "x"})
    await person(8).post("/notes", {"lesson_id": 101, "content": "y", "is_private": False})
    assert len((await ada.get("/notes")).json()["items"]) == 2
    assert [n["lesson_id"] for n in (await ada.get("/notes?lesson_id=101")).json()["items"]] == [101]
    assert (await ada.get("/notes?course_id=13")).json()["items"] == []
    assert (await ada.get("/notes?author=8")).status_code == 422


async def test_a_note_carried_over_is_read_and_removed_in_silence(ada, database, published):
    async with database.transaction() as session:
        session.add(Note(user_id=7, lesson_id=5, content="old", is_private=False))
    (old,) = (await ada.get("/notes")).json()["items"]
    assert (old["content"], old["course_id"]) == ("old", None)
    path = f"/api/v1/notes/{old['id']}"
    assert (await ada.client.delete(path, headers=ada.headers)).status_code == 204
    assert await published() == []
