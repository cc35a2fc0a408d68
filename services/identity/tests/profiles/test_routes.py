import httpx
from chassis.testing import Published
from identity.testing import MakePerson

PROFILE = "/users/me/profile"


async def test_a_profile_begins_empty_and_is_edited(join: MakePerson, published: Published) -> None:
    person = await join("ada")
    before = (await person.get(PROFILE)).json()
    assert (before["bio"], before["date_of_birth"], before["receive_email_notifications"]) == ("", None, True)
    told = len(await published())
    changes = {"bio": "Writes programs.", "date_of_birth": "1915-12-10", "website": "https://ada.example"}
    answer = await person.patch(PROFILE, changes)
    assert answer.status_code == 200
    after = answer.json()
    assert {name: after[name] for name in changes} == changes
    assert after["updated_at"] > before["updated_at"]
    untouched = set(before) - set(changes) - {"updated_at"}
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert (await person.patch(PROFILE, {"date_of_birth": None})).json()["date_of_birth"] is None
    assert len(await published()) == told, "none of it is public"


async def test_two_editors_do_not_overwrite_each_other(join: MakePerson) -> None:
    person = await join("ada")
    tag = (await person.get(PROFILE)).headers["etag"]
    first = await person.patch(PROFILE, {"bio": "one"}, **{"If-Match": tag})
    assert first.status_code == 200
    assert (await person.patch(PROFILE, {"bio": "two"}, **{"If-Match": tag})).status_code == 412
    assert (await person.get(PROFILE)).headers["etag"] == first.headers["etag"]
    assert (await person.get(PROFILE)).json()["bio"] == "one"


async def test_bad_input(join: MakePerson) -> None:
    person = await join("ada")
    tag = (await person.get(PROFILE)).headers["etag"]
    for wrong in [
        {"user_id": 2},
        {"profile_picture": "x.png"},
        {"bio": None},
        {"bio": "x" * 5001},
        {"bio": "nul\x00"},
        {"date_of_birth": "1815-12-10"},
        {"date_of_birth": "2999-01-01"},
        {"date_of_birth": "yesterday"},
        {"website": "javascript:alert(1)"},
        {"linkedin": "ftp://x.example"},
        {"github": "not a url"},
        {"phone_number": "call me"},
        {"teaching_experience": -1},
        {"teaching_experience": 81},
        {"teaching_experience": "ten"},
        {"receive_marketing_emails": None},
    ]:
        answer = await person.patch(PROFILE, wrong)
        assert answer.status_code == 422, (wrong, answer.text)
        assert (await person.get(PROFILE)).headers["etag"] == tag


async def test_guests_have_no_profile(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/v1{PROFILE}")).status_code == 401
    assert (await client.patch(f"/api/v1{PROFILE}", json={"bio": "x"})).status_code == 401
