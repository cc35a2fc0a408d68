"""One's own data as a zip: all of it, nobody else's, no secrets; whole, or refused."""

import asyncio
import hashlib
import io
import json
import os
import resource
import zipfile
from dataclasses import dataclass, field

import pytest
from chassis.internal import InternalCalls, signer_of
from chassis.personal_data import unaccounted_for
from chassis.planting import Planted, plant, tables_of
from chassis.testing import SERVICES, serving
from identity.exports.service import OTHERS, TOLD
from identity.personal_data import NOT_EXPORTED, SECTIONS, TOLD_BY_SLICES
from sqlalchemy import text

PATH = "/api/v1/users/me/export"


@dataclass
class Others:
    """The other services, as one real server on loopback that tells what it was given, line by line."""

    sections: dict[str, list[dict]] = field(default_factory=lambda: {"things": [{"id": 1, "words": "mine"}]})
    empty: tuple[str, ...] = ("nothing",)
    status: int = 200
    complete: bool = True
    asked: list[str] = field(default_factory=list)

    def lines(self):
        for name, rows in self.sections.items():
            for row in rows:
                yield {"section": name, "row": row}
        if self.complete:
            yield {"complete": {n: len(r) for n, r in self.sections.items()} | dict.fromkeys(self.empty, 0)}

    async def __call__(self, scope, receive, send):
        while (await receive()).get("more_body"):
            continue
        self.asked.append(scope["path"])
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        for line in self.lines():
            body = json.dumps(line).encode() + b"\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def others(app, settings):
    """The other services answer what this says."""
    stand_in = Others()
    async with serving(stand_in) as url:
        urls = dict.fromkeys(SERVICES, url)
        calls = InternalCalls(settings.model_copy(update={"service_urls": urls}), signer_of(settings))
        before, app.state.calls = app.state.calls, calls
        yield stand_in
        app.state.calls = before
        await calls.close()


def opened(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def test_every_table_is_exported_or_excused():
    told = {table: f"told in identity/{name}.json" for table, name in TOLD_BY_SLICES.items()}
    assert unaccounted_for(tables_of("identity"), SECTIONS, {**NOT_EXPORTED, **told}) == []
    assert set(TOLD_BY_SLICES.values()) == set(TOLD)
    assert not {section.name for section in SECTIONS} & set(TOLD)


async def test_the_archive_says_what_is_in_it(join, others):
    ada = await join("ada")
    archive = opened(await ada.get("/users/me/export"))
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["schema_version"], manifest["user_id"]) == (1, (await ada.me())["id"])
    listed = {one["name"]: one for one in manifest["files"]}
    assert set(listed) == set(archive.namelist()) - {"manifest.json"}
    for name, one in listed.items():
        content = archive.read(name)
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        if name.endswith(".json"):
            told = json.loads(content)
            assert one["entries"] == (len(told) if isinstance(told, list) else None)
    assert "ada" in archive.read("README.txt").decode()
    me = json.loads(archive.read("identity/account.json"))
    assert (me["email"], me["username"]) == ("ada@example.com", "ada")
    assert len(json.loads(archive.read("identity/sessions.json"))) == 1
    for service in OTHERS:
        assert json.loads(archive.read(f"{service}/things.json")) == [{"id": 1, "words": "mine"}]
        assert json.loads(archive.read(f"{service}/nothing.json")) == []
    assert others.asked == [f"/internal/users/{me['id']}/export"] * len(OTHERS)


async def test_it_has_all_of_one_no_secrets_and_nothing_of_others(join, others, database):
    """A row about each of two people in every table that takes one, made from the metadata."""
    ada, ben = await join("ada"), await join("ben")
    marks = {}
    for person, mark, seed in ((ada, "ADASWORD", 21), (ben, "BENSWORD", 22)):
        me = (await person.me())["id"]
        planted = Planted(me, mark, seed)
        async with database.transaction() as session:
            for table in ("users_customuser", "account_emailaddress"):
                column = "id" if table == "users_customuser" else "user_id"
                row = await session.execute(text(f"SELECT * FROM {table} WHERE {column} = :id"), {"id": me})
                planted.rows[table] = dict(row.mappings().one())
            await plant(session, "identity", planted, given=GIVEN, without=MADE_ALREADY)
        marks[person.username] = me
    archive = opened(await ada.get("/users/me/export"))
    told = {name: archive.read(name).decode() for name in archive.namelist()}
    for section in SECTIONS:
        assert json.loads(told[f"identity/{section.name}.json"]), section.name
    everything = "\n".join(told.values())
    assert "ADASWORD" in everything
    for theirs in ("BENSWORD", "ben@example.com", f'"user_id": {marks["ben"]}'):
        assert theirs not in everything
    for secret in SECRETS:
        assert f"ADASWORD {secret}" not in everything, secret
    assert "$argon2" not in everything
    assert ada.refresh not in everything


# Made by joining, or once for everybody.
MADE_ALREADY = (
    "users_customuser",
    "users_profile",
    "users_subscription",
    "account_emailaddress",
    # A key that is none would be signed with.
    "signing_keys",
)
GIVEN = {
    "users_loginlog.outcome": "welcome",
    "users_loginlog.login_method": "password",
}
SECRETS = (
    "users_usersession.session_key",
    "token_blacklist_outstandingtoken.token",
    "token_blacklist_outstandingtoken.jti",
    "account_emailconfirmation.key",
    "socialaccount_socialapp.secret",
    "subscription_payments.payment_key",
    "payment_refunds.refund_key",
)


async def test_a_guest_gets_nothing(client, others):
    assert (await client.get(PATH)).status_code == 401
    assert others.asked == []


async def test_a_session_that_ended_gets_nothing(join, others, client):
    ada = await join("ada")
    await client.post("/api/v1/auth/logout", json={"refresh": ada.refresh})
    assert (await ada.get("/users/me/export")).status_code == 401
    assert others.asked == []


@pytest.mark.parametrize(
    "broken",
    [
        {"status": 500},
        {"status": 404},
        {"complete": False},
        {"complete": False, "sections": {}},
        {"empty": ("things",)},
    ],
)
async def test_incomplete_is_refused_and_does_not_count(join, others, broken):
    ada = await join("ada")
    good = dict(vars(others))
    vars(others).update(broken)
    for _ in range(8):
        refused = await ada.get("/users/me/export")
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert refused.json()["type"] == "/problems/export-incomplete"
        assert int(refused.headers["retry-after"]) > 0
    vars(others).update(good)
    opened(await ada.get("/users/me/export"))


async def test_a_service_that_is_away_is_named(join):
    ada = await join("ada")
    # The stand-in of every service knows no such path.
    refused = await ada.get("/users/me/export")
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/export-incomplete")


async def test_five_a_day(join, others):
    ada, ben = await join("ada"), await join("ben")
    answers = [await ada.get("/users/me/export") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 3600
    assert (await ben.get("/users/me/export")).status_code == 200


async def test_too_many_at_once_are_told_to_come_back(join, others, app):
    ada = await join("ada")
    async with app.state.export_turns, app.state.export_turns:
        refused = await ada.get("/users/me/export")
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/exports-busy")
    opened(await ada.get("/users/me/export"))


async def test_a_long_life_costs_no_memory_and_leaves_no_file(join, others, app, tmp_path_factory):
    ada = await join("ada")
    folder = tmp_path_factory.mktemp("exports")
    app.state.settings = app.state.settings.model_copy(update={"export_dir": folder})
    others.sections = {"facts": [{"id": n, "words": "a fact of some length " * 20} for n in range(20_000)]}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = await ada.get("/users/me/export")
    archive = opened(answer)
    assert len(json.loads(archive.read("analytics/facts.json"))) == 20_000
    unpacked = sum(info.file_size for info in archive.infolist())
    assert unpacked > 40 * 2**20
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < unpacked
    assert list(folder.iterdir()) == []


async def test_one_that_is_too_large_is_refused_and_its_file_removed(join, others, app, tmp_path_factory):
    ada, folder = await join("ada"), tmp_path_factory.mktemp("exports")
    app.state.settings = app.state.settings.model_copy(
        update={"export_dir": folder, "export_max_bytes": 2**20}
    )
    others.sections = {"noise": [{"id": n, "words": os.urandom(1000).hex()} for n in range(1500)]}
    refused = await ada.get("/users/me/export")
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/export-too-large")
    await asyncio.sleep(0)
    assert list(folder.iterdir()) == []
