"""The staff edit, publish, feature and delete what they do not teach: each by a permission of its own."""

import pytest

CLERK = 31
ALL = {"view", "change", "publish", "delete"}


@pytest.fixture
def clerk(auth):
    """The headers of somebody without a role, who holds these permissions."""
    return lambda *verbs: auth(CLERK, permissions=[f"catalog.{verb}_course" for verb in verbs])


async def statuses(studio, course, headers):
    """What comes of looking at a draft, editing it, publishing it and deleting it."""
    path = f"/api/v1/courses/{course.id}"
    answers = {
        "view": await studio.client.get(path, headers=headers),
        "change": await studio.client.patch(path, headers=headers, json={"subtitle": "Edited"}),
        "publish": await studio.client.post(f"{path}/publish", headers=headers),
    }
    await studio.client.post(f"{path}/unpublish", headers=studio.author)
    answers["delete"] = await studio.client.delete(path, headers=headers)
    return {verb: answer.status_code for verb, answer in answers.items()}


@pytest.mark.parametrize("verb", sorted(ALL))
async def test_each_permission_is_one_thing(studio, clerk, verb):
    course = await studio.outlined()
    found = await statuses(studio, course, clerk(verb))
    allowed = {name for name, status in found.items() if status < 400}
    # Who edits a draft sees it.
    assert allowed == ({"view", "change"} if verb == "change" else {verb}), found
    assert {status for status in found.values() if status >= 400} <= {403, 404}


async def test_nobody_without_one_finds_the_draft(studio, clerk):
    course = await studio.outlined()
    assert set((await statuses(studio, course, clerk())).values()) == {404}


async def test_featuring_takes_its_own(studio, clerk):
    course = await studio.course()
    path, body = f"/courses/{course.id}", {"is_featured": True}
    await studio.ask("PATCH", path, expect=403, headers=clerk("change"), json=body)
    # Alone it does not open a draft.
    await studio.ask("PATCH", path, expect=404, headers=clerk("feature"), json=body)
    assert (await studio.ask("PATCH", path, headers=clerk("change", "feature"), json=body))["is_featured"]


async def test_categories_are_changed_by_who_may(studio, auth):
    clerk = auth(CLERK, permissions=["catalog.change_category"])
    await studio.ask("POST", "/categories", expect=403, headers=auth(CLERK), json={"name": "Logic"})
    made = await studio.ask("POST", "/categories", expect=201, headers=clerk, json={"name": "Logic"})
    path = f"/categories/{made['id']}"
    await studio.ask("PATCH", path, headers=clerk, json={"is_active": False})
    await studio.ask("GET", path, headers=clerk)
    await studio.ask("GET", path, expect=404, headers=auth(CLERK))
    await studio.ask("DELETE", path, expect=204, headers=clerk)
