"""The journey at a wrong answer, and the seed's plan; the right answers are the business of tests/journeys."""

from __future__ import annotations

import http.server
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lyceum import journey, seed
from lyceum.errors import StackError
from rich.console import Console


class House(http.server.BaseHTTPRequestHandler):
    """A gateway that is healthy and lets everybody in."""

    def do_GET(self) -> None:
        healthy = self.path in ("/healthz", "/readyz")
        body = json.dumps({"status": "alive"} if healthy else {"courses_enrolled": 0}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def house() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), House)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def walk(url: str, tmp_path: Path, accounts: dict[str, dict[str, str]]) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    status = {"gateway": {"url": url}, "mail_dir": str(tmp_path), "demo_accounts": accounts}
    code = journey.run(status, console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


ADMIN = {"admin": {"email": "admin@lyceum.example", "password": "x"}}


def test_it_stops_at_the_first_wrong_answer_and_says_what_was_expected_and_what_came(
    house: str, tmp_path: Path
) -> None:
    code, told = walk(house, tmp_path, ADMIN)
    assert code == 1
    assert "GET /readyz" in told
    assert 'GET /api/v1/stats/users/me: expected 401, came 200: {"courses_enrolled": 0}' in told
    assert "register" not in told


def test_a_platform_that_is_away_is_a_wrong_answer_too(tmp_path: Path) -> None:
    code, told = walk("http://127.0.0.1:9", tmp_path, ADMIN)
    assert code == 1
    assert "GET /healthz: no answer" in told


def test_without_the_demo_admin_it_says_so(house: str, tmp_path: Path) -> None:
    code, told = walk(house, tmp_path, {})
    assert code == 1
    assert "without --no-demo" in told


@pytest.mark.parametrize("size", list(seed.SIZES))
def test_the_same_number_plans_the_same_world(size: str) -> None:
    first = seed.plan(size, 7)
    assert first == seed.plan(size, 7)
    assert first != seed.plan(size, 8)
    instructors, courses, students = seed.SIZES[size]
    assert (len(first.instructors), len(first.courses), len(first.students)) == (
        instructors,
        courses,
        students,
    )


def test_a_plan_is_one_the_platform_can_take() -> None:
    world = seed.plan("demo", 3)
    people = [*world.instructors, *(person for person, _ in world.students)]
    assert len({person.email for person in people}) == len(people)
    assert all(3 <= len(person.username) <= 30 for person in people)
    for course in world.courses:
        assert len(course.description) >= 100
        assert 0 <= course.instructor < len(world.instructors)
        assert all(lessons for _, lessons in course.modules)
    for _, studying in world.students:
        assert len({study.course for study in studying}) == len(studying)
        for study in studying:
            lessons = sum(len(names) for _, names in world.courses[study.course].modules)
            assert 0 <= study.completed <= lessons


def test_an_unknown_size_is_refused_by_name() -> None:
    with pytest.raises(StackError, match="There is no size 'huge'; there are small, demo, large"):
        seed.plan("huge", 1)
