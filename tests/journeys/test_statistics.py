"""The path of two learners told in plain HTTP, and every statistic it leads to, computed here by hand.

Nothing of the platform's own code is used but what starts it: what is expected comes from docs and arithmetic.
"""

import email
import email.policy
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from lyceum.testing import Platform

pytestmark = pytest.mark.stack

FRESH_SECONDS = 10.0
"""Longer than the 2 s that `lyceum journey` demands: here it is about the numbers."""


@dataclass
class Api:
    """The gateway, to one person."""

    http: httpx.Client
    token: str | None = None

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        assert answer.headers["x-request-id"]
        return answer.json() if answer.content else None

    def join(self, name: str, mails: Path) -> "Api":
        """Register somebody, take the link out of the mail, verify, log in."""
        address, password = f"{name}-{secrets.token_hex(6)}@statistics.example", f"{secrets.token_hex(12)}Z!"
        account = {"email": address, "username": address.split("@")[0], "password": password}
        self("POST", "/api/v1/auth/register", account, status=201)
        credentials = {"email": address, "password": password}
        refused = self("POST", "/api/v1/auth/login", credentials, status=403)
        assert "verif" in refused["type"]
        self("POST", "/api/v1/auth/verify-email", {"token": token_mailed_to(address, mails)})
        return Api(self.http, self("POST", "/api/v1/auth/login", credentials)["access"])


def token_mailed_to(address: str, mails: Path) -> str:
    """The token of the link in the newest mail to an address."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for file in sorted(mails.glob("[!.]*.eml"), reverse=True):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            body = message.get_body(("plain",))
            if address in message["To"] and body is not None:
                found = re.search(r"\?token=(\S+)", body.get_content())
                assert found, "a mail without a link"
                return found[1]
        time.sleep(0.1)
    raise AssertionError(f"no mail to {address}")


@dataclass
class Walk:
    """What happened on the path, as the platform answered it at the time."""

    admin: Api
    guest: Api
    teacher: Api
    ada: Api
    ben: Api
    platform_before: Mapping[str, Any]
    course: int = 0
    lessons: list[int] = field(default_factory=list)
    enrollments: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, int] = field(default_factory=lambda: {"ada": 0, "ben": 0})
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def write_course(self) -> None:
        category = self.admin(
            "POST", "/api/v1/categories", {"name": f"Arithmetic {secrets.token_hex(4)}"}, status=201
        )
        wanted = {
            "title": f"Counting to eighty {secrets.token_hex(4)}",
            "category_id": category["id"],
            "description": "Two learners buy it for forty each; one finishes all of it, the other a quarter, and "
            "asks for the money back. What is left is counted here by hand, and by the platform.",
            "level": "beginner",
            "price": "40.00",
        }
        course = self.teacher("POST", "/api/v1/courses", wanted, status=201)
        self.course = course["id"]
        self.guest("GET", f"/api/v1/courses/{self.course}", status=404)
        for number in (1, 2):
            module = self.teacher(
                "POST", f"/api/v1/courses/{self.course}/modules", {"title": f"Module {number}"}, status=201
            )
            for part in (1, 2):
                lesson = {"title": f"Lesson {number}.{part}", "content": "Count.", "duration_minutes": 1}
                made = self.teacher("POST", f"/api/v1/modules/{module['id']}/lessons", lesson, status=201)
                self.lessons.append(made["id"])
        self.teacher("POST", f"/api/v1/courses/{self.course}/publish")

    def enroll(self, name: str, learner: Api) -> None:
        """Declined at first, then bought; asked for again it is the same, and nothing is paid twice."""
        wish: dict[str, Any] = {"course_id": self.course}
        learner("POST", "/api/v1/enrollments", wish, status=402)
        declined = wish | {"payment": {"provider": "sandbox", "token": "tok_declined"}}
        learner("POST", "/api/v1/enrollments", declined, status=402)
        paid = wish | {"payment": {"provider": "sandbox", "token": "tok_ok"}}
        key = {"Idempotency-Key": secrets.token_hex(8)}
        bought = learner("POST", "/api/v1/enrollments", paid, status=201, **key)
        assert learner("POST", "/api/v1/enrollments", paid, status=201, **key) == bought
        assert learner("POST", "/api/v1/enrollments", paid)["id"] == bought["id"]
        self.enrollments[name] = bought

    def study(self, name: str, learner: Api, lessons: list[int]) -> None:
        for lesson in lessons:
            path = f"/api/v1/enrollments/{self.enrollments[name]['id']}/lessons/{lesson}"
            time.sleep(1.05)
            report = {"progress_percentage": 80, "time_spent_delta": 1}
            self.seconds[name] += learner("PUT", f"{path}/progress", report)["time_spent_counted"]
            learner("POST", f"{path}/complete")
            learner("POST", f"{path}/complete")
        self.enrollments[name] = learner("GET", f"/api/v1/enrollments/{self.enrollments[name]['id']}")


@pytest.fixture(scope="module")
def walk(stack: Platform) -> Iterator[Walk]:
    """Ada buys the course and completes it; Ben buys it and completes a quarter."""
    status = stack.status()
    mails = Path(status["mail_dir"])
    with httpx.Client(base_url=status["gateway"]["url"], timeout=30, trust_env=False) as http:
        guest = Api(http)
        credentials = status["demo_accounts"]["admin"]
        admin = Api(http, guest("POST", "/api/v1/auth/login", dict(credentials))["access"])
        teacher, ada, ben = (guest.join(name, mails) for name in ("teacher", "ada", "ben"))
        before = still(guest)
        profile = teacher("POST", "/api/v1/instructors/apply", {"bio": "Counts."}, status=201)
        assert profile["status"] == "pending"
        ada("POST", f"/api/v1/instructors/{profile['id']}/approve", status=403)
        assert admin("POST", f"/api/v1/instructors/{profile['id']}/approve")["status"] == "active"
        walked = Walk(admin, guest, teacher, ada, ben, before)
        walked.write_course()
        walked.enroll("ada", ada)
        walked.enroll("ben", ben)
        walked.study("ada", ada, walked.lessons)
        walked.study("ben", ben, walked.lessons[:1])
        yield walked


def still(guest: Api) -> dict[str, Any]:
    """The platform's numbers once nothing that happened before moves them any more."""
    last, since = None, time.monotonic()
    while time.monotonic() - since < 1.0:
        told = {
            name: n for name, n in guest("GET", "/api/v1/stats/platform").items() if name.startswith("total")
        }
        if told != last:
            last, since = told, time.monotonic()
        time.sleep(0.1)
    assert last
    return last


def expect(api: Api, path: str, expected: Mapping[str, Any]) -> dict[str, Any]:
    """Ask until these members are as expected; the whole answer."""
    deadline = time.monotonic() + FRESH_SECONDS
    while True:
        told: dict[str, Any] = api("GET", path)
        wrong = {name: (value, told.get(name)) for name, value in expected.items() if told.get(name) != value}
        if not wrong:
            return told
        assert time.monotonic() < deadline, f"{path}: (expected, came): {wrong} in {told}"
        time.sleep(0.1)


def test_a_learner_who_finished(walk: Walk) -> None:
    assert walk.enrollments["ada"]["status"] == "completed"
    assert walk.seconds["ada"] == 4
    told = expect(
        walk.ada,
        "/api/v1/stats/users/me",
        {
            "courses_enrolled": 1,
            "courses_completed": 1,
            "total_time_spent_seconds": walk.seconds["ada"],
            "assessment_avg_score": 0,
            "hours_spent": 0,
            "average_score": 0,
        },
    )
    looks_alive(walk, told)


def test_a_learner_on_the_way(walk: Walk) -> None:
    assert walk.enrollments["ben"]["status"] == "active"
    assert walk.enrollments["ben"]["progress_percentage"] == 25
    told = expect(
        walk.ben,
        "/api/v1/stats/users/me",
        {
            "courses_enrolled": 1,
            "courses_completed": 0,
            "total_time_spent_seconds": walk.seconds["ben"],
            "hours_spent": 0,
        },
    )
    looks_alive(walk, told)


def looks_alive(walk: Walk, told: Mapping[str, Any]) -> None:
    """Activity is from this walk alone: the user is as old as that. Midnight may have passed meanwhile."""
    now = datetime.now(UTC)
    days = (now.date() - walk.began.date()).days + 1
    assert walk.began <= datetime.fromisoformat(told["last_activity"]) <= now
    assert 1 <= told["activity_streak"] <= days
    habits = told["learning_habits"]
    assert 1 <= habits["active_days"] <= days
    hours = {instant.hour for instant in (walk.began, now)}
    assert len(habits["by_hour"]) == 24
    assert len(habits["by_weekday"]) == 7
    assert sum(habits["by_hour"]) == sum(habits["by_hour"][hour] for hour in hours) > 0
    assert sum(habits["by_weekday"]) == sum(habits["by_hour"])
    assert datetime.fromisoformat(told["as_of"]) <= now
    assert told["lag_seconds"] >= 0


def test_the_course(walk: Walk) -> None:
    expect(
        walk.teacher,
        f"/api/v1/stats/courses/{walk.course}",
        {
            "total_students": 2,
            "active_students": 2,
            "completion_count": 1,
            "average_completion_days": 0,
            # 40 x (1 + 0.25) / 2, 30 x 2 / 2, 20 as there is no assessment, 10 x 0 who wrote something.
            "engagement_score": 75,
            "assessment_stats": {},
            "revenue_data": {
                "total": "80.00",
                "by_month": {f"{walk.began:%Y-%m}": "80.00"},
                "purchases": 2,
                "refunds": 0,
            },
        },
    )
    walk.ada("GET", f"/api/v1/stats/courses/{walk.course}", status=403)
    walk.guest("GET", f"/api/v1/stats/courses/{walk.course}", status=401)


def test_the_instructor(walk: Walk) -> None:
    expect(
        walk.teacher,
        "/api/v1/stats/instructors/me",
        {
            "courses_created": 1,
            "total_courses": 1,
            "total_students": 2,
            "average_rating": 0,
            "total_reviews": 0,
            "total_revenue": "80.00",
            "monthly_revenue": "80.00",
            "completion_rate": 50,
            "student_satisfaction_rate": 0,
        },
    )


def test_the_platform(walk: Walk) -> None:
    certificates = walk.ada("GET", "/api/v1/certificates")["items"]
    before = walk.platform_before
    expect(
        walk.guest,
        "/api/v1/stats/platform",
        {
            "total_courses": before["total_courses"] + 1,
            "total_students": before["total_students"] + 2,
            "total_instructors": before["total_instructors"] + 1,
            "total_lessons_completed": before["total_lessons_completed"] + 5,
            "total_certificates_issued": before["total_certificates_issued"] + len(certificates),
        },
    )


def test_what_is_taken_back_is_counted_no_more(walk: Walk) -> None:
    """The last test of the walk: Ben leaves, and is paid back."""
    refunded = walk.ben("POST", f"/api/v1/enrollments/{walk.enrollments['ben']['id']}/refund")
    assert refunded["status"] == "dropped"
    expect(
        walk.ben,
        "/api/v1/stats/users/me",
        {"courses_enrolled": 0, "courses_completed": 0, "total_time_spent_seconds": walk.seconds["ben"]},
    )
    told = expect(
        walk.teacher,
        f"/api/v1/stats/courses/{walk.course}",
        {"total_students": 1, "completion_count": 1},
    )
    assert told["revenue_data"] == {
        "total": "40.00",
        "by_month": {f"{walk.began:%Y-%m}": "40.00"},
        "purchases": 2,
        "refunds": 1,
    }
    expect(
        walk.teacher,
        "/api/v1/stats/instructors/me",
        {"completion_rate": 100, "total_revenue": "40.00", "monthly_revenue": "40.00"},
    )
    before = walk.platform_before
    expect(
        walk.guest,
        "/api/v1/stats/platform",
        {
            # Whoever has an enrollment is a student, a dropped one too; what was learned was learned.
            "total_students": before["total_students"] + 2,
            "total_lessons_completed": before["total_lessons_completed"] + 5,
        },
    )
