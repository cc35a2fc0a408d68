"""The list of courses beside Django REST Framework's list of the same rows, and a course with its outline.

Both read the same table of the same database, are one process each, and are asked in turns by the same client. What is
compared is requests in a second of a core, counted by the processor time of the serving process: the client, the
database and whoever else is on the machine take turns on the same cores. What the database used is in the details.

Needs `wrk` (Debian: apt-get install wrk).
"""

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from lyceum.postgres import EmbeddedPostgres

from bench.report import Figure, console, versus
from bench.servers import Server, catalog_service, migrate_catalog, serving
from bench.stack import RunningStack, free_port

COURSES = 10_000
AUTHORS = 200
MODULES, LESSONS = 6, 10
ROUNDS = 5
SECONDS = 4
CONNECTIONS = 8
GOAL = 7.0
SLUG = "bench-outlined"

FILL = [
    f"""INSERT INTO catalog_person (user_id, version, display_name, picture_url)
    SELECT n, 1, 'Author ' || n, CASE WHEN n % 3 > 0 THEN 'https://lyceum.example/media/' || n || '.webp' END
    FROM generate_series(1, {AUTHORS}) AS n""",
    "INSERT INTO courses_category (name, slug) SELECT 'Subject ' || n, 'subject-' || n FROM generate_series(1, 20) AS n",
    f"""INSERT INTO courses_course (slug, title, subtitle, description, category_id, price, discount_price,
        discount_ends, price_now, level, is_published, is_draft, published_date, first_published_at, avg_rating,
        total_reviews, enrolled_students_count, duration_minutes, thumbnail, skills, completion_percentage,
        completion_status, created_by_id)
    SELECT 'course-' || n, 'The analytical engine, part ' || n, CASE WHEN n % 2 = 0 THEN 'Brass, cards and Zahlen' END,
        repeat('How a machine of brass would have woven numbers. ', 20),
        (SELECT min(id) FROM courses_category) + n % 20, 49, CASE WHEN n % 3 = 0 THEN 39 END,
        CASE WHEN n % 6 = 0 THEN now() + interval '30 days' END, CASE WHEN n % 3 = 0 THEN 39 ELSE 49 END,
        (ARRAY['beginner', 'intermediate', 'advanced', 'all_levels'])[1 + n % 4], true, false,
        now() - n * interval '1 minute', now() - n * interval '1 minute', (n % 500) / 100.0, n % 90, n % 4000,
        CASE WHEN n % 5 > 0 THEN n % 600 END,
        CASE WHEN n % 4 > 0 THEN 'https://lyceum.example/media/courses/' || n || '.webp' END,
        '["brass", "cards"]', 100, 'complete', 1 + n % {AUTHORS}
    FROM generate_series(1, {COURSES}) AS n""",
    f"UPDATE courses_course SET slug = '{SLUG}' WHERE slug = 'course-1'",
    f"""INSERT INTO courses_module (course_id, "order", title, published_date)
    SELECT (SELECT id FROM courses_course WHERE slug = '{SLUG}'), n, 'Part ' || n, now()
    FROM generate_series(0, {MODULES - 1}) AS n""",
    f"""INSERT INTO courses_lesson (module_id, "order", title, duration_minutes, published_at)
    SELECT m.id, n, 'Lesson ' || n, n, now() FROM courses_module AS m, generate_series(0, {LESSONS - 1}) AS n""",
    # Ours finds its pages by rows of their own; Django gets the index that it would have.
    "CREATE INDEX ON courses_course (first_published_at DESC, id DESC) WHERE is_published",
    "ANALYZE",
]


def _django(kind: str, database_url: str, port: int) -> tuple[list[str], dict[str, str]]:
    """Django under one of the ways to serve it, one process. Under uvicorn it takes twice as long as under these: its
    views are no coroutines."""
    environment = {"BENCH_DATABASE_URL": database_url.replace("+asyncpg", "")}
    gunicorn = [sys.executable, "-m", "gunicorn", "-w1", "-b", f"127.0.0.1:{port}", "--log-level", "warning"]
    threads = ["-k", "gthread", "--threads", "1"] if kind == "gthread" else ["-k", "sync"]
    return [*gunicorn, *threads, "bench.django_courses:application"], environment


def _database_seconds() -> float:
    used = 0.0
    for process in psutil.process_iter(["cmdline"]):
        if " ".join(process.info["cmdline"] or ()).startswith("postgres: catalog catalog "):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def _ask(server: Server, path: str) -> tuple[float, float]:
    """Answers in a second of the server's core, and seconds the database used for one; SystemExit for a refusal."""
    began, database = server.seconds(), _database_seconds()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"{server.url}{path}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r"(\d+) requests in", printed)
    if found is None or "Non-2xx" in printed:
        raise SystemExit(f"{server.url}{path} did not answer all with 2xx:\n{printed}")
    answered = int(found[1])
    return answered / (server.seconds() - began), (_database_seconds() - database) / answered


def _read(url: str) -> Any:
    return json.loads(urllib.request.urlopen(url, timeout=10).read())


def _insist_on_the_same(ours: Server, theirs: Server, limit: int) -> None:
    """SystemExit unless both show the same courses, with the same members."""
    mine = _read(f"{ours.url}/api/v1/courses?limit={limit}")["items"]
    other = _read(f"{theirs.url}/api/v1/courses?limit={limit}")["results"]
    if len(mine) != limit or mine != other:
        raise SystemExit("the two do not answer the same")


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _compare(ours: Server, theirs: list[Server], limit: int) -> Figure:
    path = f"/api/v1/courses?limit={limit}"
    rates: dict[str, list[float]] = {}
    database: dict[str, list[float]] = {}
    for server in (ours, *theirs):
        _ask(server, path)
    for _ in range(ROUNDS):
        for server in (ours, *theirs):
            rate, used = _ask(server, path)
            rates.setdefault(server.name, []).append(rate)
            database.setdefault(server.name, []).append(used * 1000)
    fastest = max(theirs, key=lambda server: _middle(rates[server.name]))
    return versus(
        f"list of {limit} courses",
        _middle(rates[ours.name]),
        "/s per core",
        f"Django REST Framework ({fastest.name})",
        _middle(rates[fastest.name]),
        goal=GOAL,
        rounds=rates,
        database_milliseconds=database,
    )


def _outline(ours: Server) -> Figure:
    path = f"/api/v1/courses/{SLUG}"
    found = _read(f"{ours.url}{path}")
    lessons = sum(len(module["lessons"]) for module in found["modules"])
    if lessons != MODULES * LESSONS:
        raise SystemExit("the outline is not whole")
    _ask(ours, path)
    rounds = [_ask(ours, path) for _ in range(ROUNDS)]
    rate = _middle([rate for rate, _ in rounds])
    used = [used * 1000 for _, used in rounds]
    return Figure(
        f"a course with {lessons} lessons", rate, "/s per core", detail={"database_milliseconds": used}
    )


def _prepare(server: EmbeddedPostgres) -> str:
    """Catalog's own schema with courses in it; its URL."""
    url = server.create_service_database("catalog")
    migrate_catalog(url)
    for statement in FILL:
        server.query(statement, "catalog")
    return url


def measure(_stack: RunningStack, folder: Path) -> list[Figure]:
    if shutil.which("wrk") is None:
        console.print("wrk is not installed: reads are not measured (apt-get install wrk)")
        return []
    with ExitStack() as running:
        postgres = running.enter_context(EmbeddedPostgres(folder / "reads"))
        url = _prepare(postgres)
        ours = running.enter_context(catalog_service(url, {}))
        theirs = []
        for kind in ("sync", "gthread"):
            port = free_port()
            theirs.append(running.enter_context(serving(kind, port, *_django(kind, url, port))))
        for limit in (20, 100):
            _insist_on_the_same(ours, theirs[0], limit)
        return [*(_compare(ours, theirs, limit) for limit in (20, 100)), _outline(ours)]
