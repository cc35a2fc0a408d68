"""One learner's path from registration to a statistic, through the gateway, over HTTP only, told as it goes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from lyceum.client import Visitor, WrongAnswer, open_client
from lyceum.errors import StackError
from lyceum.mailbox import Spool

FRESH_WITHIN_SECONDS = 2.0
POLL_SECONDS = 0.05
LESSONS = 4
# {"alg":"none"} {"sub":"1","role":"admin"}: what a library that trusts the header would let in.
UNSIGNED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwicm9sZSI6ImFkbWluIn0."


def run(status: Mapping[str, Any], console: Console | None = None) -> int:
    """Walk the path on the stack that `status` (of `lyceum status --json`) tells of; 0, or 1 at a wrong answer."""
    console = console or Console(highlight=False)
    if "admin" not in status.get("demo_accounts", {}):
        console.print("lyceum journey needs the demo admin: start the stack without --no-demo.", style="red")
        return 1
    began = time.monotonic()
    try:
        with open_client(status["gateway"]["url"]) as http:
            Journey(http, status, console).walk()
    except StackError as error:
        console.print(f"\n[red]✗ wrong answer[/red]  {escape(str(error))}", soft_wrap=True)
        return 1
    console.print(f"\n[green]✓ the path runs through[/green]  {time.monotonic() - began:.1f} s")
    return 0


class Journey:
    """One walk: its people have addresses of their own, so that it can be walked again and again."""

    def __init__(self, http: httpx.Client, status: Mapping[str, Any], console: Console) -> None:
        self.run = secrets.token_hex(4)
        self.spool = Spool(Path(status["mail_dir"]))
        self.accounts = status["demo_accounts"]
        self.console = console
        self.guest = Visitor(http, "guest", heard=self._tell)
        self.admin = Visitor(http, "admin", heard=self._tell)
        self.instructor = Visitor(http, "instructor", heard=self._tell)
        self.student = Visitor(http, "student", heard=self._tell)
        self._quiet = False
        self.lesson_ids: list[int] = []
        self.seconds_learned = 0

    def walk(self) -> None:
        """Every step in turn; WrongAnswer, or MailMissing, at the first that goes otherwise."""
        self._chapter("The house stands")
        self.guest.ask("GET", "/healthz")
        self.guest.ask("GET", "/readyz")
        self._refuses_strangers()
        self._chapter("An instructor arrives")
        self._join(self.instructor, "instructor")
        self._become_instructor()
        before = self._settled_platform_numbers()
        self._chapter("A course is written")
        course = self._write_course()
        self._chapter("A student learns")
        self._join(self.student, "student")
        enrollment = self._enroll(course)
        self._learn(enrollment)
        self._chapter(f"The numbers are right within {FRESH_WITHIN_SECONDS:g} s")
        self._check_numbers(course, before)

    # --- chapters ---

    def _refuses_strangers(self) -> None:
        problem = self.guest.ask("GET", "/api/v1/stats/users/me", expect=401)
        self._same("a refusal's status member", problem["status"], 401)
        forger = Visitor(self.guest.http, "forger", heard=self._tell)
        forger.token = UNSIGNED
        forger.ask("GET", "/api/v1/stats/platform", expect=401)

    def _join(self, visitor: Visitor, role: str) -> None:
        """Register, read the mail, verify, log in; before the address is verified a login is refused."""
        email = f"{role}-{self.run}@journey.example"
        password = f"{secrets.token_urlsafe(12)}-aA1"
        given = {
            "email": email,
            "username": f"{role}-{self.run}",
            "password": password,
            "first_name": role.capitalize(),
            "last_name": "Journey",
        }
        registered = visitor.ask("POST", "/api/v1/auth/register", json=given, expect=201)
        self._same("the registered address", registered["email"], email)
        credentials = {"email": email, "password": password}
        visitor.ask("POST", "/api/v1/auth/login", json=credentials, expect=403)
        mail = self.spool.wait_for(email)
        self._say("mail", f"“{mail.subject}” to {email}")
        visitor.ask("POST", "/api/v1/auth/verify-email", json={"token": mail.token})
        visitor.log_in(email, password)
        self._same("my own address", visitor.ask("GET", "/api/v1/users/me")["email"], email)

    def _become_instructor(self) -> None:
        application = {"display_name": f"Journey {self.run}", "bio": "Teaches one course and is content."}
        profile = self.instructor.ask("POST", "/api/v1/instructors/apply", json=application, expect=201)
        self._same("the application's status", profile["status"], "pending")
        self.admin.log_in(self.accounts["admin"]["email"], self.accounts["admin"]["password"])
        approved = self.admin.ask("POST", f"/api/v1/instructors/{profile['id']}/approve")
        self._same("the profile's status", approved["status"], "active")

    def _write_course(self) -> int:
        category = self.admin.ask(
            "POST", "/api/v1/categories", json={"name": f"Journeys {self.run}"}, expect=201
        )
        course = self.instructor.ask(
            "POST",
            "/api/v1/courses",
            json={
                "title": f"The road to a statistic {self.run}",
                "category_id": category["id"],
                "description": "How one learner's path becomes a number that is right: a lesson is completed, "
                "an event travels, a fact is folded, and within two seconds everybody can see it.",
                "level": "beginner",
                "price": "0.00",
            },
            key=f"course-{self.run}",
            expect=201,
        )
        for number in (1, 2):
            module = self.instructor.ask(
                "POST",
                f"/api/v1/courses/{course['id']}/modules",
                json={"title": f"Module {number}"},
                expect=201,
            )
            for part in ("read", "think"):
                lesson = self.instructor.ask(
                    "POST",
                    f"/api/v1/modules/{module['id']}/lessons",
                    json={
                        "title": f"{number}: {part}",
                        "content": f"# {part}\n\nSlowly.",
                        "duration_minutes": 5,
                    },
                    expect=201,
                )
                self.lesson_ids.append(lesson["id"])
        self.instructor.ask("POST", f"/api/v1/courses/{course['id']}/publish")
        seen = self.guest.ask("GET", f"/api/v1/courses/{course['id']}")
        outlined = [lesson["id"] for module in seen["modules"] for lesson in module["lessons"]]
        self._same("the lessons a guest sees", outlined, self.lesson_ids)
        return int(course["id"])

    def _enroll(self, course: int) -> int:
        enrolling = {"course_id": course}
        enrollment = self.student.ask(
            "POST", "/api/v1/enrollments", json=enrolling, key=f"enroll-{self.run}", expect=201
        )
        self._same("the enrollment's status", enrollment["status"], "active")
        again = self.student.ask("POST", "/api/v1/enrollments", json=enrolling)
        self._same("enrolling again", again["id"], enrollment["id"])
        return int(enrollment["id"])

    def _learn(self, enrollment: int) -> None:
        for lesson in self.lesson_ids:
            # Time is counted up to what has passed on the clock: a second of learning takes a second.
            time.sleep(1.1)
            path = f"/api/v1/enrollments/{enrollment}/lessons/{lesson}"
            progress = {"progress_percentage": 60, "time_spent_delta": 1}
            counted = self.student.ask("PUT", f"{path}/progress", json=progress)["time_spent_counted"]
            self._same("the seconds counted", counted, 1)
            self.seconds_learned += counted
            self.student.ask("POST", f"{path}/complete")
            self.student.ask("POST", f"{path}/complete")
        done = self.student.ask("GET", f"/api/v1/enrollments/{enrollment}")
        self._same("the enrollment's status", done["status"], "completed")

    def _check_numbers(self, course: int, before: Mapping[str, Any]) -> None:
        deadline = time.monotonic() + FRESH_WITHIN_SECONDS
        self._numbers(
            self.student,
            "/api/v1/stats/users/me",
            {
                "courses_enrolled": 1,
                "courses_completed": 1,
                "total_time_spent_seconds": self.seconds_learned,
                "hours_spent": 0,
            },
            deadline,
        )
        # 40 (all progress made) + 30 (all students active) + 20 (there is no assessment to miss) + 0 (no notes).
        course_numbers = {
            "total_students": 1,
            "active_students": 1,
            "completion_count": 1,
            "engagement_score": 90,
        }
        self._numbers(self.instructor, f"/api/v1/stats/courses/{course}", course_numbers, deadline)
        self._numbers(
            self.instructor,
            "/api/v1/stats/instructors/me",
            {
                "courses_created": 1,
                "total_courses": 1,
                "total_students": 1,
                "completion_rate": 100,
                "total_revenue": "0.00",
            },
            deadline,
        )
        # The guest's one look; who teaches the course is not counted, however often they look.
        self._numbers(self.instructor, f"/api/v1/courses/{course}", {"view_count": 1}, deadline)
        self._numbers(
            self.guest,
            "/api/v1/stats/platform",
            {
                "total_courses": before["total_courses"] + 1,
                "total_students": before["total_students"] + 1,
                "total_lessons_completed": before["total_lessons_completed"] + LESSONS,
                "total_instructors": before["total_instructors"],
            },
            deadline,
        )

    # --- looking ---

    def _settled_platform_numbers(self) -> dict[str, Any]:
        """The platform's numbers once the approval just made has arrived and nothing moves any more."""
        deadline = time.monotonic() + FRESH_WITHIN_SECONDS
        last: dict[str, Any] = {}
        since = time.monotonic()
        self._quiet = True
        while time.monotonic() - since < 0.5 and time.monotonic() < deadline:
            numbers = self.guest.ask("GET", "/api/v1/stats/platform")
            counted = {name: value for name, value in numbers.items() if name.startswith("total_")}
            if counted != last:
                last, since = counted, time.monotonic()
            time.sleep(POLL_SECONDS)
        self._quiet = False
        self._say("stats", f"the platform before: {last}")
        return last

    def _numbers(self, visitor: Visitor, path: str, expected: Mapping[str, Any], deadline: float) -> None:
        """Ask until every number is as expected; WrongAnswer with what still differs at the deadline."""
        began = time.monotonic()
        self._quiet = True
        while True:
            came = visitor.ask("GET", path)
            wrong = {
                name: f"expected {value!r}, came {came.get(name)!r}"
                for name, value in expected.items()
                if not _equal(came.get(name), value)
            }
            if not wrong:
                break
            if time.monotonic() > deadline:
                raise WrongAnswer(
                    f"{visitor.name}: GET {path}: not right {FRESH_WITHIN_SECONDS:g} s after the last lesson: "
                    + "; ".join(f"{name}: {what}" for name, what in wrong.items())
                )
            time.sleep(POLL_SECONDS)
        self._quiet = False
        waited = (time.monotonic() - began) * 1000
        self._say(visitor.name, f"GET {path}  {dict(expected)}", f"right after {waited:.0f} ms")

    def _same(self, what: str, came: object, expected: object) -> None:
        if came != expected:
            raise WrongAnswer(f"{what}: expected {expected!r}, came {came!r}")

    # --- telling ---

    def _chapter(self, title: str) -> None:
        self.console.print(f"\n[bold]{escape(title)}[/bold]")

    def _tell(self, name: str, answer: httpx.Response) -> None:
        if self._quiet:
            return
        request = answer.request
        took = f"{answer.elapsed.total_seconds() * 1000:.0f} ms"
        self._say(name, f"{request.method} {request.url.path}  → {answer.status_code}", took)

    def _say(self, who: str, what: str, took: str = "") -> None:
        self.console.print(f"  [cyan]{who:<10}[/cyan] {escape(what)}  [dim]{took}[/dim]", soft_wrap=True)


def _equal(came: object, expected: object) -> bool:
    """Numbers as numbers (90 and 90.0), but money as the string it is."""
    if isinstance(expected, int | float) and isinstance(came, int | float):
        return abs(came - expected) < 1e-9
    return came == expected
