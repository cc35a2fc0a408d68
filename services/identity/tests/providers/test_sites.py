"""The sites that this platform answers for."""

import asyncio

import httpx
import pytest
from identity.testing import MakePerson, Person


async def delete(person: Person, path: str, **headers: str) -> httpx.Response:
    return await person.client.delete(f"/api/v1{path}", headers=person.headers | headers)


async def test_who_may(client: httpx.AsyncClient, join: MakePerson, admin: Person) -> None:
    student, keeper = await join("ada"), await join("grace")
    await admin.patch(f"/users/{(await keeper.me())['id']}", {"permissions": ["identity.change_site"]})
    await keeper.log_in()
    made = (await admin.post("/sites", {"domain": "a.example"})).json()
    for method, path, body, good in (
        ("GET", "/sites", None, 200),
        ("POST", "/sites", {"domain": "b.example"}, 201),
        ("GET", f"/sites/{made['id']}", None, 200),
        ("PATCH", f"/sites/{made['id']}", {"name": "New"}, 200),
        ("DELETE", f"/sites/{made['id']}", None, 204),
    ):
        answers = [
            (await client.request(method, f"/api/v1{path}", json=body, headers=headers)).status_code
            for headers in ({}, student.headers, keeper.headers)
        ]
        assert answers == [401, 403, good], (method, path)


async def test_a_site_from_its_making_to_its_end(admin: Person) -> None:
    answer = await admin.post("/sites", {"domain": "Learn.Example.org:8443", "name": "Learn"})
    made = answer.json()
    assert answer.status_code == 201
    assert made == {"id": made["id"], "domain": "learn.example.org:8443", "name": "Learn"}
    path = f"/sites/{made['id']}"
    assert (await admin.get(path)).headers["etag"] == answer.headers["etag"]
    changed = await admin.patch(path, {"name": "Other"}, **{"If-Match": answer.headers["etag"]})
    assert changed.json() == made | {"name": "Other"}
    assert (await admin.patch(path, {"name": "x"}, **{"If-Match": answer.headers["etag"]})).status_code == 412
    assert (await delete(admin, path, **{"If-Match": answer.headers["etag"]})).status_code == 412
    assert (await delete(admin, path, **{"If-Match": changed.headers["etag"]})).status_code == 204
    for gone in (await admin.get(path), await admin.patch(path, {"name": "x"}), await delete(admin, path)):
        assert gone.status_code == 404
    log = (await admin.get("/audit-log", params={"target_type": "site"})).json()["items"]
    assert [entry["action"] for entry in log] == ["site.deleted", "site.changed", "site.created"]


async def test_a_domain_is_given_once(admin: Person) -> None:
    answers = await asyncio.gather(*(admin.post("/sites", {"domain": "a.example"}) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    again = await admin.post("/sites", {"domain": "A.example"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/site-domain-taken")
    other = (await admin.post("/sites", {"domain": "b.example"})).json()
    assert (await admin.patch(f"/sites/{other['id']}", {"domain": "a.example"})).status_code == 409
    assert (await admin.patch(f"/sites/{other['id']}", {"domain": "b.example"})).status_code == 200


async def test_sites_in_pages(admin: Person) -> None:
    for domain in ("c.example", "a.example", "b.example"):
        await admin.post("/sites", {"domain": domain})
    first = (await admin.get("/sites", params={"limit": 2})).json()
    rest = (await admin.get("/sites", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    domains = [site["domain"] for site in first["items"] + rest["items"]]
    assert domains == ["a.example", "b.example", "c.example"]
    assert rest["next_cursor"] is None
    assert (await admin.get("/sites", params={"q": "a"})).status_code == 422


async def test_a_site_in_use_stays(admin: Person) -> None:
    site = (await admin.post("/sites", {"domain": "a.example"})).json()
    app = {"provider": "github", "name": "GitHub", "client_id": "x", "site_ids": [site["id"]]}
    made = (await admin.post("/social-apps", app)).json()
    refused = await delete(admin, f"/sites/{site['id']}")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/site-in-use")
    await admin.patch(f"/social-apps/{made['id']}", {"site_ids": []})
    assert (await delete(admin, f"/sites/{site['id']}")).status_code == 204


async def test_an_app_and_the_end_of_its_site_at_the_same_time(admin: Person) -> None:
    """Either the site stays, or the app is refused: never an app of one site that is suddenly offered on all."""
    for number in range(5):
        site = (await admin.post("/sites", {"domain": f"s{number}.example"})).json()
        app = {"provider": "github", "provider_id": f"p{number}", "name": "G", "client_id": "x"}
        made, gone = await asyncio.gather(
            admin.post("/social-apps", {**app, "site_ids": [site["id"]]}),
            delete(admin, f"/sites/{site['id']}"),
        )
        assert (made.status_code, gone.status_code) in ((201, 409), (422, 204))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"domain": ""},
        {"domain": "a b.example"},
        {"domain": "https://a.example"},
        {"domain": "a.example/path"},
        {"domain": "a..example"},
        {"domain": "-a.example"},
        {"domain": "a.example:port"},
        {"domain": "a@b.example"},
        {"domain": "x" * 101},
        {"domain": "a.example", "name": "x" * 101},
        {"domain": "a.example", "id": 1},
    ],
)
async def test_what_is_refused(admin: Person, body: dict[str, str]) -> None:
    assert (await admin.post("/sites", body)).status_code == 422
