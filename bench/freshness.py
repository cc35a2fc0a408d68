"""From the answer that a lesson's time was counted to the number in the statistics: p50 and p99."""

import re
import secrets
import time
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import httpx

from bench.report import Figure, percentile, versus
from bench.stack import RunningStack

LIMIT_SECONDS = 2.0
TIMES = 60
PASSWORD = "correct horse battery staple"


class Client:
    """One person at the gateway."""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=15)

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body)
        if answer.status_code >= 400:
            raise SystemExit(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None


def log_in(url: str, account: dict[str, str]) -> Client:
    return Client(url, Client(url)("POST", "/auth/login", account)["access"])


def new_person(stack: RunningStack) -> Client:
    """Register, take the link from the mail, verify, log in."""
    name = f"bench{secrets.token_hex(4)}"
    email, guest = f"{name}@lyceum.example", Client(stack.url)
    guest("POST", "/auth/register", {"email": email, "username": name, "password": PASSWORD})
    guest("POST", "/auth/verify-email", {"token": _token_for(Path(stack.status["mail_dir"]), email)})
    return log_in(stack.url, {"email": email, "password": PASSWORD})


def _token_for(folder: Path, email: str) -> str:
    for _ in range(200):
        for path in sorted(folder.glob("*.eml"), reverse=True):
            message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
            body = message.get_body(("plain",))
            if (
                message["To"] == email
                and body
                and (found := re.search(r"token=([\w.~-]+)", body.get_content()))
            ):
                return found[1]
        time.sleep(0.05)
    raise SystemExit(f"no mail came for {email}")


def published_course(stack: RunningStack) -> int:
    """A free course of one lesson by the demo instructor; its id."""
    admin = log_in(stack.url, stack.status["demo_accounts"]["admin"])
    teacher = log_in(stack.url, stack.status["demo_accounts"]["instructor"])
    category = admin("POST", "/categories", {"name": f"Bench {secrets.token_hex(3)}"})["id"]
    course = teacher(
        "POST",
        "/courses",
        {
            "title": "Measured",
            "category_id": category,
            "level": "beginner",
            "price": "0.00",
            "description": "x" * 120,
        },
    )["id"]
    module = teacher("POST", f"/courses/{course}/modules", {"title": "One"})["id"]
    teacher("POST", f"/modules/{module}/lessons", {"title": "First", "content": "Read this."})
    teacher("POST", f"/courses/{course}/publish")
    return int(course)


def measure(stack: RunningStack, _folder: Path) -> list[Figure]:
    course = published_course(stack)
    learner = new_person(stack)
    enrollment = learner("POST", "/enrollments", {"course_id": course})["id"]
    lesson = learner("GET", f"/courses/{course}")["modules"][0]["lessons"][0]["id"]
    waits: list[float] = []
    seen = 0
    for round_ in range(TIMES):
        time.sleep(1.05)
        path = f"/enrollments/{enrollment}/lessons/{lesson}/progress"
        counted = learner("PUT", path, {"time_spent_delta": 1})["time_spent_counted"]
        committed = time.monotonic()
        seen += counted
        while learner("GET", "/stats/users/me")["total_time_spent_seconds"] < seen:
            if time.monotonic() - committed > 30:
                raise SystemExit(f"after 30 s the statistics do not show round {round_}")
        waits.append(time.monotonic() - committed)
    middle, tail = percentile(waits, 0.5), percentile(waits, 0.99)
    return [
        versus("commit to number visible, p50", middle, "s", "limit", LIMIT_SECONDS, times=TIMES),
        versus("commit to number visible, p99", tail, "s", "limit", LIMIT_SECONDS, times=TIMES),
    ]
