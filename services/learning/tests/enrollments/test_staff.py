"""The staff see, end and pay back other people's enrollments: each by a permission of its own."""

import pytest


@pytest.fixture
def clerk(person):
    """Somebody without a role, who holds these permissions."""
    return lambda *names: person(31, permissions=[f"learning.{name}" for name in names])


async def test_seeing_is_not_ending(ada, clerk, catalog):
    enrollment_id = await ada.enrolled()
    path = f"/enrollments/{enrollment_id}"
    viewer = clerk("view_enrollment")
    for shown in (path, f"{path}/progress"):
        assert (await viewer.get(shown)).status_code == 200
        assert (await clerk("change_enrollment", "refund_enrollment").get(shown)).status_code == 404
    for action in ("drop", "refund"):
        assert (await viewer.post(f"{path}/{action}")).status_code == 404
    assert (await clerk("refund_enrollment").post(f"{path}/drop")).status_code == 404
    assert (await clerk("change_enrollment").post(f"{path}/refund")).status_code == 404
    # Let in, and told that a free course has nothing to refund.
    assert (await clerk("refund_enrollment").post(f"{path}/refund")).status_code == 409
    dropped = await clerk("change_enrollment").post(f"{path}/drop")
    assert (dropped.status_code, dropped.json()["status"]) == (200, "dropped")


async def test_students_and_notes_are_seen_by_who_may(ada, clerk, catalog):
    await ada.enrolled()
    for path, permission in (("/courses/12/students", "view_student"), ("/lessons/101/notes", "view_note")):
        assert (await clerk(permission).get(path)).status_code == 200, path
        assert (await clerk("view_enrollment").get(path)).status_code == 403, path
