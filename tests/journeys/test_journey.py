"""`lyceum journey` as its user runs it: it tells every step; at a wrong answer it says which, and exits 1."""

import io

import pytest
from lyceum import journey
from lyceum.testing import Platform
from rich.console import Console

pytestmark = pytest.mark.stack

STRANGER = {"email": "admin@lyceum.example", "password": "not the one"}


def test_the_path_runs_through(stack: Platform) -> None:
    walked = stack.run("journey", check=False)
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert "the path runs through" in walked.stdout
    for step in (
        "POST /api/v1/auth/register  → 201",
        "POST /api/v1/auth/verify-email  → 200",
        "POST /api/v1/instructors/apply  → 201",
        "/approve  → 200",
        "POST /api/v1/courses  → 201",
        "/publish  → 200",
        "POST /api/v1/enrollments  → 201",
        "/complete  → 200",
        "GET /api/v1/stats/users/me  {'courses_enrolled': 1, 'courses_completed': 1",
        "GET /api/v1/stats/courses/",
        "GET /api/v1/stats/instructors/me",
        "{'view_count': 1}",
        "GET /api/v1/stats/platform",
    ):
        assert step in walked.stdout, f"not told: {step}"


async def test_it_ends_at_statistics_that_do_not_come(stack: Platform) -> None:
    with stack.halted("analytics-worker"):
        walked = stack.run("journey", check=False)
    await stack.whole()
    assert walked.returncode == 1
    assert "wrong answer" in walked.stdout
    assert "GET /api/v1/stats/users/me: not right 2 s after the last lesson" in walked.stdout
    assert "courses_completed: expected 1, came 0" in walked.stdout
    assert "the path runs through" not in walked.stdout


def test_it_ends_at_mail_that_does_not_come(
    stack: Platform, tmp_path_factory: pytest.TempPathFactory
) -> None:
    status = stack.status() | {"mail_dir": str(tmp_path_factory.mktemp("no-mail"))}
    code, told = walk(status)
    assert code == 1
    assert "no mail with a link came" in told


@pytest.mark.parametrize(
    ("tampered", "step"),
    [
        ({"demo_accounts": {"admin": STRANGER}}, "/api/v1/auth/login: expected 200, came 401"),
        ({"demo_accounts": {}}, "needs the demo admin"),
        ({"gateway": {"url": "http://127.0.0.1:9"}}, "GET /healthz: no answer"),
    ],
)
def test_it_ends_at_a_wrong_answer(stack: Platform, tampered: dict[str, object], step: str) -> None:
    code, told = walk(stack.status() | tampered)
    assert code == 1
    assert step in told


def walk(status: dict[str, object]) -> tuple[int, str]:
    """The exit code and what was told, of a journey on what `status` says is running."""
    told = io.StringIO()
    return journey.run(status, Console(file=told, width=1_000)), told.getvalue()
