"""Somebody learns, takes their data along, and leaves: everything is in the export, and then nothing is anywhere."""

import asyncio
import io
import json
import os
import re
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from jose import jwt
from lyceum.testing import Course, Person, Platform, eventually, join, publish_course, sign_in

pytestmark = pytest.mark.stack

# Five seconds are promised; here it is only waited for, on whatever machine this is.
REFUSED_SECONDS = 60.0
RECEIPT_SECONDS = 90.0
SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")

# Where the person's number still stands on purpose; their address, name and words nowhere.
NUMBER_KEPT = {
    "erased_people.user_id": "so that no late event brings them back",
    "catalog_person.user_id": "the same, for names",
    "ended_sessions.user_id": "until the last of their tokens would have expired",
}
# Of the outbox only what tells of the end itself; written over by the sweep a minute later, or deleted after a week.
TELLS_THE_END = ("identity.user.erased.v1", "identity.session.revoked.v1", "platform.erasure.completed.v1")


@dataclass
class Leaver:
    """Who learns and leaves, and what nobody else has in their data."""

    person: Person
    user_id: int
    mark: str
    enrollment: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        return (self.mark, re.escape(self.person.email))


@pytest.fixture(scope="module")
async def databases(stack: Platform) -> Mapping[str, str]:
    """Every service's database."""
    told = (await asyncio.to_thread(stack.status))["services"]
    return {name: told[name]["database_url"].replace("+asyncpg", "") for name in SERVICES}


@pytest.fixture
async def leaver(stack: Platform, http: httpx.AsyncClient, databases: Mapping[str, str]) -> Leaver:
    """Somebody whose number nothing else could be mistaken for."""
    connection = await asyncpg.connect(databases["identity"])
    await connection.execute(
        "SELECT setval(pg_get_serial_sequence('users_customuser', 'id'), "
        "greatest(71000000000, (SELECT max(id) FROM users_customuser)) + 1000)"
    )
    await connection.close()
    person = await join(http, stack.spool, "zenobia")
    mark = f"Quillfeather{secrets.token_hex(5)}"
    await person.ask("PATCH", "/api/v1/users/me", json={"first_name": "Zenobia", "last_name": mark})
    await person.ask("PATCH", "/api/v1/users/me/profile", json={"bio": f"The words of {mark}"})
    return Leaver(person, (await person.ask("GET", "/api/v1/users/me"))["id"], mark)


async def learn(leaver: Leaver, course: Course) -> None:
    """Enroll, finish, write, bookmark, subscribe; wait until it counts."""
    ask = leaver.person.ask
    enrolled = await ask("POST", "/api/v1/enrollments", json={"course_id": course.id}, expect=201)
    leaver.enrollment = enrolled
    for lesson in course.lessons:
        await ask("POST", f"/api/v1/enrollments/{enrolled['id']}/lessons/{lesson}/complete")
    note = {"lesson_id": course.lessons[0], "content": f"Noted by {leaver.mark}"}
    await ask("POST", "/api/v1/notes", json=note, expect=201, key=secrets.token_hex(8))
    bookmark = {"content_type": "course", "object_id": course.id, "notes": f"Kept by {leaver.mark}"}
    await ask("POST", "/api/v1/bookmarks", json=bookmark, expect=201)
    await ask(
        "POST",
        "/api/v1/users/me/subscription",
        json={"tier": "premium", "payment_method": "tok_ok"},
        expect=(200, 201),
    )

    async def certified() -> bool:
        return bool((await ask("GET", "/api/v1/certificates"))["items"])

    async def counted() -> bool:
        return bool((await ask("GET", "/api/v1/stats/users/me"))["courses_completed"] == 1)

    await eventually(certified, what="a certificate")
    await eventually(counted, what="the course completed in the statistics")


async def certify(teacher: Person, course: Course, learning: str) -> None:
    """Have the course end with a certificate; returns when learning knows."""
    await teacher.ask("PATCH", f"/api/v1/courses/{course.id}", json={"has_certificate": True})
    connection = await asyncpg.connect(learning)
    known = "SELECT has_certificate FROM learning_course WHERE course_id = $1"
    try:
        await eventually(lambda: connection.fetchval(known, course.id), what="a course with a certificate")
    finally:
        await connection.close()


async def totals(admin: Person, teacher: Person, course: Course) -> dict[str, Any]:
    """What an erasure may not change."""
    platform = await admin.ask("GET", "/api/v1/stats/platform")
    taught = await teacher.ask("GET", f"/api/v1/stats/courses/{course.id}")
    told = ("total_students", "total_lessons_completed", "total_certificates_issued", "total_courses")
    counted = ("total_students", "active_students", "completion_count")
    return {n: platform[n] for n in told} | {f"course {n}": taught[n] for n in counted}


async def traces(url: str, needles: tuple[str, ...]) -> dict[str, list[str]]:
    """Every column of a database in which one of these (regular expressions) stands, and in which rows."""
    connection = await asyncpg.connect(url)
    found: dict[str, list[str]] = {}
    try:
        columns = await connection.fetch(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' AND is_generated = 'NEVER'"
        )
        for table, column, kind in columns:
            quoted = f'"{column}"'
            shown = f"encode({quoted}, 'escape')" if kind == "bytea" else f"{quoted}::text"
            rows = await connection.fetch(
                f'SELECT t::text FROM "{table}" t WHERE {shown} ~ $1',
                "|".join(needles),
            )
            if rows:
                found[f"{table}.{column}"] = [row[0] for row in rows]
    finally:
        await connection.close()
    return found


def not_excused(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The places where a number should not be any more."""
    left = {place: rows for place, rows in found.items() if place not in NUMBER_KEPT}
    for place in [place for place in left if place.startswith("outbox.")]:
        left[place] = [row for row in left[place] if not any(kind in row for kind in TELLS_THE_END)]
    return {place: rows for place, rows in left.items() if rows}


def check_export(content: bytes, leaver: Leaver, course: Course) -> None:
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None

    def told(name: str) -> Any:
        return json.loads(archive.read(f"{name}.json"))

    manifest = told("manifest")
    assert {one["name"].partition("/")[0] for one in manifest["files"]} == {*SERVICES, "README.txt"}
    assert (told("identity/account")["email"], told("identity/account")["id"]) == (
        leaver.person.email,
        leaver.user_id,
    )
    assert leaver.mark in told("identity/profile")["bio"]
    assert told("identity/billing")["subscription"]["tier"] == "premium"
    assert len(told("identity/billing")["payments"]) == 1
    assert [one["course_id"] for one in told("learning/enrollments")] == [course.id]
    assert [one["is_completed"] for one in told("learning/lesson_progress")] == [True] * len(course.lessons)
    assert [one["content"] for one in told("learning/notes")] == [f"Noted by {leaver.mark}"]
    assert [one["notes"] for one in told("learning/bookmarks")] == [f"Kept by {leaver.mark}"]
    assert [one["course_id"] for one in told("learning/certificates")] == [course.id]
    assert told("analytics/statistics")[0]["courses_completed"] == 1
    kinds = {one["activity_type"] for one in told("analytics/activity")}
    assert {"identity.user.registered", "learning.course.completed", "learning.note.created"} <= kinds
    assert told("catalog/courses") == []
    whole = b"".join(archive.read(name) for name in archive.namelist())
    assert leaver.person.password.encode() not in whole
    assert b"$argon2" not in whole


async def test_everything_is_exported_and_then_nothing_is_left(
    stack: Platform, http: httpx.AsyncClient, admin: Person, databases: Mapping[str, str], leaver: Leaver
) -> None:
    teacher = await sign_in(http, "instructor", stack.accounts["instructor"])
    category = await admin.ask(
        "POST", "/api/v1/categories", json={"name": f"Leaving {secrets.token_hex(4)}"}, expect=201
    )
    course = await publish_course(teacher, category["id"])
    await certify(teacher, course, databases["learning"])
    await learn(leaver, course)
    number = (rf"\m{leaver.user_id}\M",)
    assert len(await traces(databases["learning"], number)) > 8, "else the search below finds nothing anyway"
    before = await totals(admin, teacher, course)

    exported = await leaver.person.send("GET", "/api/v1/users/me/export")
    assert (exported.status_code, exported.headers["content-type"]) == (200, "application/zip"), exported.text
    check_export(exported.content, leaver, course)

    erased = await leaver.person.send("DELETE", "/api/v1/users/me")
    assert (erased.status_code, erased.content) == (204, b""), erased.text
    await everywhere_refused(stack, leaver)

    receipt = await receipt_of(http, erased.headers["location"])
    await check_receipt(http, receipt, leaver)
    told = await asyncio.to_thread(verify_as_documented, stack.url, erased.headers["location"])
    assert told == f"forgotten by {', '.join(sorted(SERVICES))} at {receipt['completed_at']}\n"

    async def forgotten() -> bool:
        """The receipt's mail has left, and its address with it."""
        return not any([await traces(url, leaver.words) for url in databases.values()])

    await eventually(forgotten, what="name, address and words nowhere any more")
    for service, url in databases.items():
        assert not_excused(await traces(url, number)) == {}, service
    assert await totals(admin, teacher, course) == before
    written = [
        path
        for path in (stack.data_dir / "logs").iterdir()
        if leaver.person.email in path.read_text(errors="replace")
    ]
    assert written == [], "an address in a log is there for as long as the log"


async def everywhere_refused(stack: Platform, leaver: Leaver) -> None:
    """Until the gateway, and every service for itself, take the token no more."""
    services = (await asyncio.to_thread(stack.status))["services"]
    asked = {
        stack.url: "/api/v1/users/me",
        services["identity"]["url"]: "/api/v1/users/me",
        services["learning"]["url"]: "/api/v1/enrollments",
        services["instructor"]["url"]: "/api/v1/instructors/me",
        services["analytics"]["url"]: "/api/v1/stats/users/me",
    }
    headers = {"Authorization": f"Bearer {leaver.person.token}"}
    async with httpx.AsyncClient(timeout=5, trust_env=False) as direct:
        for url, path in asked.items():

            async def refused(url: str = url, path: str = path) -> bool:
                return (await direct.get(url + path, headers=headers)).status_code == 401

            await eventually(refused, what=f"{url}{path} refused", seconds=REFUSED_SECONDS)


async def receipt_of(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The receipt, once every service has reported."""

    async def complete() -> dict[str, Any] | None:
        answer = (await http.get(path)).raise_for_status().json()
        return answer if answer["status"] == "complete" else None

    found: dict[str, Any] = await eventually(complete, what="the receipt", seconds=RECEIPT_SECONDS)
    return found


def verify_as_documented(url: str, path: str) -> str:
    """What the program in docs/personal-data.md prints."""
    page = (Path(__file__).parents[2] / "docs" / "personal-data.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "LYCEUM": url, "RECEIPT": path, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def check_receipt(http: httpx.AsyncClient, found: Mapping[str, Any], leaver: Leaver) -> None:
    keys = (await http.get("/.well-known/jwks.json")).raise_for_status().json()
    stated = jwt.decode(found["receipt"], keys, algorithms=["ES256"])
    assert set(stated["services"]) == set(SERVICES)
    assert stated["tombstone_id"] > leaver.user_id
    for word in (leaver.mark, leaver.person.email, str(leaver.user_id)):
        assert word not in json.dumps(stated)
