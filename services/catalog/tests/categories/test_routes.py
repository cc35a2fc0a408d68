"""The tree of categories: read by everyone, edited by admins, told of."""

import asyncio

from contracts.catalog import CategoryChanged


async def test_the_tree_is_shown_to_guests_in_order(studio):
    top = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    algebra = await studio.category("Algebra", parent_id=top, sort_order=2)
    groups = await studio.category("Groups", parent_id=algebra)
    await studio.category("Analysis", parent_id=top, sort_order=1)
    await studio.category("Arts", sort_order=0)
    shown = await studio.ask("GET", "/categories")
    assert [c["name"] for c in shown["items"]] == ["Mathematics", "Arts"]
    assert [c["name"] for c in shown["items"][0]["children"]] == ["Analysis", "Algebra"]
    assert [c["id"] for c in shown["items"][0]["children"][1]["children"]] == [groups]
    assert shown["next_cursor"] is None


async def test_the_top_is_paged(studio):
    for number in range(4):
        await studio.category(f"Subject {number}")
    first = await studio.ask("GET", "/categories?limit=3")
    rest = await studio.ask("GET", f"/categories?limit=3&cursor={first['next_cursor']}")
    assert [len(page["items"]) for page in (first, rest)] == [3, 2]
    assert rest["next_cursor"] is None


async def test_an_inactive_category_hides_what_is_below_it_from_all_but_admins(studio):
    hidden = await studio.category("Hidden", is_active=False)
    below = await studio.category("Below", parent_id=hidden)
    names = [c["name"] for c in (await studio.ask("GET", "/categories"))["items"]]
    assert names == ["Mathematics"]
    seen = await studio.ask("GET", "/categories", headers=studio.admin)
    assert [c["name"] for c in seen["items"]] == ["Mathematics", "Hidden"]
    await studio.ask("GET", f"/categories/{hidden}", expect=404)
    await studio.ask("GET", f"/categories/{hidden}", headers=studio.admin)
    assert (await studio.ask("GET", f"/categories/{below}"))["name"] == "Below"


async def test_only_admins_edit(studio):
    found = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    for headers, expected in (({}, 401), (studio.learner, 403), (studio.author, 403)):
        await studio.ask("POST", "/categories", expect=expected, headers=headers, json={"name": "Mine"})
        await studio.ask("PATCH", f"/categories/{found}", expect=expected, headers=headers, json={})
        await studio.ask("DELETE", f"/categories/{found}", expect=expected, headers=headers)


async def test_a_name_is_given_once_and_makes_a_slug_that_stays(studio):
    made = await studio.category("Ada's Œuvre & Engines")
    slug = (await studio.ask("GET", f"/categories/{made}"))["slug"]
    assert slug == "adas-oeuvre-engines"
    await studio.ask("POST", "/categories", expect=409, headers=studio.admin, json={"name": "Mathematics"})
    path = f"/categories/{made}"
    await studio.ask("PATCH", path, expect=409, headers=studio.admin, json={"name": "Mathematics"})
    changed = await studio.ask("PATCH", path, headers=studio.admin, json={"name": "Engines"})
    assert (changed["name"], changed["slug"]) == ("Engines", slug)
    again = await studio.category("Ada's Œuvre, engines")
    assert (await studio.ask("GET", f"/categories/{again}"))["slug"] == f"{slug}-2"
    digits = await studio.category("2026")
    assert (await studio.ask("GET", f"/categories/{digits}"))["slug"] == "category-2026"
    signs = await studio.category("!?")
    assert (await studio.ask("GET", f"/categories/{signs}"))["slug"] == "category"
    foreign = await studio.category("数学")
    assert (await studio.ask("GET", f"/categories/{foreign}"))["slug"] == "shu-xue"


async def test_a_category_is_not_moved_below_itself(studio):
    top = await studio.category("Top")
    middle = await studio.category("Middle", parent_id=top)
    bottom = await studio.category("Bottom", parent_id=middle)
    for parent in (top, middle, bottom):
        body = {"parent_id": parent}
        refused = await studio.ask("PATCH", f"/categories/{top}", expect=409, headers=studio.admin, json=body)
        assert refused["type"] == "/problems/category-cycle"
    moved = await studio.ask("PATCH", f"/categories/{bottom}", headers=studio.admin, json={"parent_id": None})
    assert moved["parent_id"] is None


async def test_two_moves_at_once_do_not_make_a_cycle(studio):
    one, other = await studio.category("One"), await studio.category("Other")

    async def move(category, parent):
        return await studio.client.patch(
            f"/api/v1/categories/{category}", headers=studio.admin, json={"parent_id": parent}
        )

    answers = await asyncio.gather(move(one, other), move(other, one))
    assert sorted(a.status_code for a in answers) == [200, 409]


async def test_the_tree_has_a_depth(studio):
    parent = None
    for level in range(8):
        parent = await studio.category(f"Level {level}", parent_id=parent)
    body = {"name": "Too deep", "parent_id": parent}
    refused = await studio.ask("POST", "/categories", expect=409, headers=studio.admin, json=body)
    assert refused["type"] == "/problems/category-too-deep"


async def test_a_category_in_use_stays(studio, published):
    parent = await studio.category("Parent")
    child = await studio.category("Child", parent_id=parent)
    course = await studio.course(category_id=child)
    for category in (parent, child):
        refused = await studio.ask("DELETE", f"/categories/{category}", expect=409, headers=studio.admin)
        assert refused["type"] == "/problems/category-in-use"
    await studio.ask("DELETE", f"/courses/{course.id}", expect=204, headers=studio.author)
    for category in (child, parent):
        await studio.ask("DELETE", f"/categories/{category}", expect=204, headers=studio.admin)
    await studio.ask("DELETE", f"/categories/{child}", expect=404, headers=studio.admin)
    last = [e for e in await published() if isinstance(e, CategoryChanged) and e.category_id == child][-1]
    assert last.is_deleted


async def test_filing_a_course_and_deleting_its_category_do_not_both_succeed(studio):
    for round_ in range(5):
        category = await studio.category(f"Contested {round_}")
        body = {"title": "A course", "category_id": category}
        filed, deleted = await asyncio.gather(
            studio.client.post("/api/v1/courses", headers=studio.author, json=body),
            studio.client.delete(f"/api/v1/categories/{category}", headers=studio.admin),
        )
        assert (filed.status_code, deleted.status_code) in ((201, 409), (422, 204))
        if filed.status_code == 201:
            await studio.ask("GET", f"/courses/{filed.json()['id']}", headers=studio.author)


async def test_changes_are_told_once_with_growing_versions(studio, published):
    made = await studio.category("Optics")
    path = f"/categories/{made}"
    await studio.ask("PATCH", path, headers=studio.admin, json={"featured": True})
    await studio.ask("PATCH", path, headers=studio.admin, json={"featured": True})
    told = [e for e in await published() if isinstance(e, CategoryChanged) and e.category_id == made]
    assert [(e.version, e.featured, e.is_deleted) for e in told] == [(1, False, False), (2, True, False)]


async def test_a_stale_edit_changes_nothing(studio):
    made = await studio.category("Optics")
    path = f"/categories/{made}"
    read = (await studio.client.get(f"/api/v1{path}")).headers["etag"]
    headers = {**studio.admin, "If-Match": read}
    await studio.ask("PATCH", path, headers=headers, json={"icon": "eye"})
    await studio.ask("PATCH", path, expect=412, headers=headers, json={"icon": "ear"})
    assert (await studio.ask("GET", path))["icon"] == "eye"


BAD = [
    {"name": ""},
    {"name": "   "},
    {"name": "x" * 101},
    {"name": "A\x00B"},
    {"name": 7},
    {"name": None},
    {"sort_order": -1},
    {"sort_order": 2**31},
    {"sort_order": None},
    {"parent_id": 0},
    {"parent_id": 999_999},
    {"parent_id": 2**63},
    {"slug": "mine"},
    {"id": 3},
    {"is_active": None},
    {"featured": None},
]


async def test_bad_categories_are_refused(studio, published):
    made = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    await studio.ask("POST", "/categories", expect=422, headers=studio.admin, json={})
    before = await published()
    for given in BAD:
        body = {"name": "A", **given}
        refused = await studio.client.post("/api/v1/categories", headers=studio.admin, json=body)
        assert refused.status_code == 422, given
        assert refused.headers["content-type"] == "application/problem+json"
        await studio.ask("PATCH", f"/categories/{made}", expect=422, headers=studio.admin, json=given)
    assert await published() == before


async def test_unknown_query_parameters_are_refused(studio):
    await studio.ask("GET", "/categories?colour=red", expect=422)
    await studio.ask("GET", "/categories?cursor=nonsense", expect=422)
