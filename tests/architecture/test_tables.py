"""The 67 models of the old site, each in the database of the service that owns it.

`tables.json` is the map: model to service, table, columns, constraints and indexes, with the names of the old site.
A column of the map that refers to a table of the same service says what happens `on_delete`; a reference into another
service is an id with an index and no foreign key. An index of the map is held by any index or unique constraint that
starts with its columns, so that nothing is indexed twice.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from chassis.testing import SERVICES

HERE = Path(__file__).parent
MODELS: dict[str, dict[str, Any]] = json.loads((HERE / "tables.json").read_text())
SCHEMA_CHECK = HERE.parents[2] / "shared" / "tools" / "schema_check.py"
ON_DELETE = {"a": "NO ACTION", "c": "CASCADE", "n": "SET NULL", "r": "RESTRICT", "d": "SET DEFAULT"}
UrlOf = Callable[[str], Awaitable[str]]
EVERY_MODEL = pytest.mark.parametrize("model", sorted(MODELS))


@dataclass
class Index:
    columns: list[str]
    unique: bool
    where: str | None


@dataclass
class Described:
    """One table as PostgreSQL has it."""

    columns: dict[str, asyncpg.Record]
    constraints: dict[str, asyncpg.Record]
    indexes: list[Index]

    def is_unique(self, columns: list[str]) -> bool:
        return any(i.unique and i.where is None and i.columns == columns for i in self.indexes)

    def leads_with(self, columns: list[str]) -> bool:
        return any(i.where is None and i.columns[: len(columns)] == columns for i in self.indexes)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def describe(connection: asyncpg.Connection, table: str) -> Described:
    columns = await connection.fetch(
        "SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull, attgenerated::text AS generated, "
        "attidentity::text AS identity, pg_get_expr(adbin, adrelid) AS expression FROM pg_attribute "
        "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
        "WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
        table,
    )
    constraints = await connection.fetch(
        "SELECT conname, contype::text AS kind, pg_get_constraintdef(oid) AS definition, "
        "confrelid::regclass::text AS refers_to, confdeltype::text AS on_delete, "
        "ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k(n, place) "
        "JOIN pg_attribute ON attrelid = conrelid AND attnum = k.n ORDER BY place) AS columns "
        "FROM pg_constraint WHERE conrelid = to_regclass($1)",
        table,
    )
    indexes = await connection.fetch(
        "SELECT indisunique, pg_get_expr(indpred, indrelid) AS predicate, "
        "ARRAY(SELECT attname::text FROM unnest(indkey) WITH ORDINALITY k(n, place) "
        "JOIN pg_attribute ON attrelid = indrelid AND attnum = k.n ORDER BY place) AS columns "
        "FROM pg_index WHERE indrelid = to_regclass($1)",
        table,
    )
    return Described(
        {row["attname"]: row for row in columns},
        {row["conname"]: row for row in constraints},
        [Index(row["columns"], row["indisunique"], row["predicate"]) for row in indexes],
    )


Describe = Callable[[str], Awaitable[Described]]


@pytest.fixture
async def described(url_of: UrlOf) -> Describe:
    async def read(model: str) -> Described:
        entry = MODELS[model]
        async with connected(await url_of(entry["service"])) as connection:
            return await describe(connection, entry["table"])

    return read


# --- the map against the databases --------------------------------------------------------------------------


def test_the_map_is_whole() -> None:
    fields = [len(m["columns"]) + len(m.get("many_to_many", {})) for m in MODELS.values()]
    constraints = [len(m.get("constraints", {})) for m in MODELS.values()]
    indexes = [len(m.get("indexes", [])) for m in MODELS.values()]
    assert (len(MODELS), sum(fields), sum(constraints), sum(indexes)) == (67, 708, 45, 146)


async def test_every_table_is_in_the_database_of_its_owner_alone(url_of: UrlOf) -> None:
    found: dict[str, set[str]] = {}
    for service in SERVICES:
        async with connected(await url_of(service)) as connection:
            for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
                found.setdefault(row[0], set()).add(service)
    assert {m["table"]: found.get(m["table"]) for m in MODELS.values()} == {
        m["table"]: {m["service"]} for m in MODELS.values()
    }
    for model in MODELS.values():
        for through in model.get("many_to_many", {}).values():
            assert found.get(through) == {model["service"]}


@EVERY_MODEL
async def test_columns(model: str, described: Describe) -> None:
    table = await described(model)
    for name, wanted in MODELS[model]["columns"].items():
        column = table.columns.get(name)
        assert column is not None, f"{name} is missing"
        assert (name, column["type"]) == (name, wanted["type"])
        assert (name, column["attnotnull"]) == (name, not wanted.get("null", False))
        expression = column["expression"] if column["generated"] == "s" else None
        assert (name, _bare(expression)) == (name, _bare(wanted.get("generated")))


def _bare(expression: str | None) -> str | None:
    return expression.strip("()") if expression else None


@EVERY_MODEL
async def test_keys_and_references(model: str, described: Describe) -> None:
    table = await described(model)
    wanted = MODELS[model]["columns"]
    for name, column in wanted.items():
        if column.get("unique"):
            # The key of a partitioned table carries the column it is partitioned by.
            partitioned = model == "courses.UserActivity" and table.is_unique([name, "created_date"])
            assert table.is_unique([name]) or partitioned, f"{name} is not unique"
        if column.get("indexed"):
            assert table.leads_with([name]), f"no index starts with {name}"
    references = {
        name: (column["references"], column["on_delete"])
        for name, column in wanted.items()
        if "on_delete" in column
    }
    found = {
        row["columns"][0]: (row["refers_to"], ON_DELETE[row["on_delete"]])
        for row in table.constraints.values()
        if row["kind"] == "f" and row["columns"][0] in wanted
    }
    assert found == references


@EVERY_MODEL
async def test_constraints_and_indexes(model: str, described: Describe) -> None:
    table = await described(model)
    for name, wanted in MODELS[model].get("constraints", {}).items():
        if "check" in wanted:
            assert table.constraints[name]["definition"] == wanted["check"]
        elif "where" in wanted:
            held = [i for i in table.indexes if i.unique and i.columns == wanted["unique"]]
            assert [_bare(i.where) for i in held] == [wanted["where"]], name
        else:
            assert name in table.constraints, name
            assert table.constraints[name]["columns"] == wanted["unique"]
    for columns in MODELS[model].get("indexes", []):
        assert table.leads_with(columns), f"no index on {columns}"


async def test_old_rows_can_keep_their_ids(described: Describe) -> None:
    """An identity of the kind ALWAYS would refuse them."""
    for model in MODELS:
        table = await described(model)
        if "id" in table.columns:
            assert (model, table.columns["id"]["identity"]) == (model, "d")


async def test_aggregates_that_emit_state_count_their_versions(url_of: UrlOf) -> None:
    emitting = {
        "identity": ["users_customuser", "users_subscription"],
        "catalog": ["courses_category", "courses_course", "courses_review"],
        "learning": ["courses_enrollment"],
        "assessment": ["courses_assessment"],
        "instructor": ["instructor_portal_instructorprofile", "instructor_portal_courseinstructor"],
    }
    for service, tables in emitting.items():
        async with connected(await url_of(service)) as connection:
            for table in tables:
                column = (await describe(connection, table)).columns["state_version"]
                found = (column["type"], column["attnotnull"], column["expression"])
                assert (table, *found) == (table, "bigint", True, "'0'::bigint")


@pytest.mark.skipif(not SCHEMA_CHECK.exists(), reason="the shared schema check is not beside this checkout")
async def test_the_shared_schema_check_agrees(url_of: UrlOf) -> None:
    status = {"services": {service: {"database_url": await url_of(service)} for service in SERVICES}}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(SCHEMA_CHECK)],
        input=json.dumps(status),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == ["models 67/67 fields 708/708 constraints 45/45 indexes 146/146"]
    assert done.returncode == 0


# --- what the constraints let in ----------------------------------------------------------------------------


async def probe(connection: asyncpg.Connection, table: str) -> None:
    """Make the temporary table `probe`: the table's checks and generated columns, nothing required."""
    await connection.execute(
        f"CREATE TEMP TABLE probe (LIKE {table} INCLUDING CONSTRAINTS INCLUDING GENERATED)"
    )
    required = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'probe'::regclass AND attnum > 0 AND attnotnull"
    )
    for row in required:
        await connection.execute(f'ALTER TABLE probe ALTER COLUMN "{row[0]}" DROP NOT NULL')


async def put(connection: asyncpg.Connection, values: dict[str, str]) -> None:
    """Insert these literals into the probe."""
    names = ", ".join(f'"{name}"' for name in values)
    await connection.execute(f"INSERT INTO probe ({names}) VALUES ({', '.join(values.values())})")


Row = dict[str, str]
THIRTEEN: list[tuple[str, str, list[Row], list[Row]]] = [
    ("courses.Category", "category_sort_order_positive", [{"sort_order": "0"}], [{"sort_order": "-1"}]),
    ("courses.Course", "course_price_positive", [{"price": "0"}], [{"price": "-0.01"}]),
    (
        "courses.Course",
        "course_discount_price_positive",
        [{"discount_price": "NULL"}, {"discount_price": "0"}],
        [{"discount_price": "-0.01"}],
    ),
    ("courses.Course", "course_version_positive", [{"version": "0.01"}], [{"version": "0"}]),
    (
        "courses.Course",
        "course_discount_less_than_price",
        [{"price": "10", "discount_price": "9.99"}, {"price": "10", "discount_price": "NULL"}],
        [{"price": "10", "discount_price": "10"}],
    ),
    (
        "courses.CourseProgress",
        "course_progress_percentage_range",
        [{"completion_percentage": "0"}, {"completion_percentage": "100"}],
        [{"completion_percentage": "-0.01"}, {"completion_percentage": "100.01"}],
    ),
    (
        "courses.CourseProgress",
        "course_progress_lessons_completed_positive",
        [{"lessons_completed": "0"}],
        [{"lessons_completed": "-1"}],
    ),
    (
        "courses.CourseProgress",
        "course_progress_assessments_passed_positive",
        [{"assessments_passed": "0"}],
        [{"assessments_passed": "-1"}],
    ),
    (
        "courses.CourseProgress",
        "course_progress_study_streak_positive",
        [{"study_streak_days": "0"}],
        [{"study_streak_days": "-1"}],
    ),
    (
        "instructor_portal.CourseInstructor",
        "valid_revenue_share_percentage",
        [{"revenue_share_percentage": "0"}, {"revenue_share_percentage": "100"}],
        [{"revenue_share_percentage": "-0.01"}, {"revenue_share_percentage": "100.01"}],
    ),
    (
        "instructor_portal.InstructorAnalytics",
        "analytics_valid_rating",
        [{"average_rating": "0"}, {"average_rating": "5"}],
        [{"average_rating": "-0.01"}, {"average_rating": "5.01"}],
    ),
    (
        "instructor_portal.InstructorAnalytics",
        "analytics_positive_revenue",
        [{"total_revenue": "0", "monthly_revenue": "0"}],
        [{"total_revenue": "-0.01", "monthly_revenue": "0"}, {"monthly_revenue": "-0.01"}],
    ),
    (
        "instructor_portal.InstructorProfile",
        "valid_experience_years",
        [{"years_experience": "0"}, {"years_experience": "80"}],
        [{"years_experience": "-1"}, {"years_experience": "81"}],
    ),
]


def test_the_thirteen_checks_are_all_tried() -> None:
    checks = {n for m in MODELS.values() for n, c in m.get("constraints", {}).items() if "check" in c}
    assert {name for _, name, _, _ in THIRTEEN} == checks
    assert len(checks) == 13


@pytest.mark.parametrize(
    ("model", "check", "good", "bad"), THIRTEEN, ids=[name for _, name, _, _ in THIRTEEN]
)
async def test_checks(model: str, check: str, good: list[Row], bad: list[Row], url_of: UrlOf) -> None:
    async with connected(await url_of(MODELS[model]["service"])) as connection:
        await probe(connection, MODELS[model]["table"])
        for values in good:
            await put(connection, values)
        for values in bad:
            with pytest.raises(asyncpg.CheckViolationError) as refused:
                await put(connection, values)
            assert refused.value.constraint_name == check


CODES = {
    ("users.CustomUser", "role"): "student|instructor|admin",
    ("users.Subscription", "tier"): "free|basic|premium",
    ("users.Subscription", "status"): "active|cancelled|past_due|expired",
    ("users.UserSession", "login_method"): "password|oidc|token|passkey",
    ("courses.Course", "level"): "beginner|intermediate|advanced|all_levels",
    ("courses.Course", "creation_method"): "manual|wizard|template|ai|import",
    ("courses.Course", "completion_status"): "not_started|partial|complete",
    ("courses.Lesson", "access_level"): "guest|registered|premium",
    ("courses.Lesson", "activity_type"): "reading|video|interactive|quiz|lab",
    ("courses.Resource", "type"): "document|video|audio|image|code|link",
    ("courses.Enrollment", "status"): "active|completed|dropped",
    ("courses.Bookmark", "content_type"): "course|lesson|resource",
    ("courses.Notification", "notification_type"): (
        "enrollment|progress|certificate|assessment|review|reminder|system"
    ),
    ("courses.UserPreference", "reminder_frequency"): "never|daily|weekly",
    ("courses.UserPreference", "theme"): "system|light|dark",
    ("courses.Question", "question_type"): (
        "single_choice|multiple_choice|true_false|short_answer|numeric|matching|ordering|essay"
    ),
    ("instructor_portal.InstructorProfile", "status"): "pending|active|suspended|rejected",
    ("instructor_portal.InstructorProfile", "tier"): "bronze|silver|gold|platinum",
    ("instructor_portal.InstructorNotification", "priority"): "low|normal|high|urgent",
    ("instructor_portal.InstructorNotification", "notification_type"): (
        "enrollment|review|completion|payout|draft|account|system"
    ),
    ("instructor_portal.CourseTemplate", "template_type"): "standard|bootcamp|workshop|certification|micro",
    ("instructor_portal.CourseTemplate", "required_tier"): "bronze|silver|gold|platinum",
    ("instructor_portal.CourseCreationSession", "creation_method"): "wizard|template|ai|import",
    ("instructor_portal.CourseCreationSession", "status"): (
        "draft|in_progress|validating|publishing|published|failed|abandoned"
    ),
    ("instructor_portal.DraftCourseContent", "content_type"): "course|module|lesson|assessment|resource",
    ("instructor_portal.CourseContentDraft", "content_type"): "markdown|docx|pptx|pdf|zip|video|image",
    ("instructor_portal.CourseContentDraft", "processing_status"): "pending|processing|done|failed",
    ("instructor_portal.CourseInstructor", "role"): "lead|co_instructor|assistant",
    ("instructor_portal.InstructorAnalyticsHistory", "data_type"): "daily|weekly|monthly",
    ("ai_course_builder.AICourseBuilderDraft", "status"): "draft|generating|ready|failed|finalized",
    ("django_celery_beat.IntervalSchedule", "period"): "days|hours|minutes|seconds|microseconds",
    ("django_celery_beat.SolarSchedule", "event"): (
        "dawn_astronomical|dawn_nautical|dawn_civil|sunrise|solar_noon|sunset|dusk_civil|dusk_nautical|"
        "dusk_astronomical"
    ),
}


@pytest.mark.parametrize(("model", "column"), list(CODES), ids=[".".join(key) for key in CODES])
async def test_coded_columns_take_known_values_alone(model: str, column: str, url_of: UrlOf) -> None:
    async with connected(await url_of(MODELS[model]["service"])) as connection:
        await probe(connection, MODELS[model]["table"])
        for value in CODES[model, column].split("|"):
            await put(connection, {column: f"'{value}'"})
        for value in ("", "unheard_of"):
            with pytest.raises(asyncpg.CheckViolationError):
                await put(connection, {column: f"'{value}'"})


COPIES = [
    ("courses.Assessment", "time_limit_minutes", {"time_limit": "30"}, 30),
    ("courses.AssessmentAttempt", "is_passed", {"passed": "true"}, True),
    ("courses.Question", "question_text", {"text": "'What is a fold?'"}, "What is a fold?"),
    ("courses.Answer", "answer_text", {"text": "'A sum'"}, "A sum"),
    ("courses.AttemptAnswer", "selected_answer_id", {"answer_id": "7"}, 7),
    ("courses.AttemptAnswer", "selected_answer_id", {"answer_id": "NULL"}, None),
    ("courses.AttemptAnswer", "text_answer", {"text_response": "'because'"}, "because"),
    ("courses.AttemptAnswer", "text_answer", {"text_response": "''"}, None),
    ("courses.Lesson", "type", {"activity_type": "'lab'"}, "lab"),
]


@pytest.mark.parametrize(("model", "copy", "truth", "expected"), COPIES)
async def test_what_was_said_twice_is_a_copy(
    model: str, copy: str, truth: Row, expected: object, url_of: UrlOf
) -> None:
    async with connected(await url_of(MODELS[model]["service"])) as connection:
        await probe(connection, MODELS[model]["table"])
        await put(connection, truth)
        assert await connection.fetchval(f'SELECT "{copy}" FROM probe') == expected


async def test_every_generated_column_is_tried() -> None:
    generated = {(m, c) for m, e in MODELS.items() for c, v in e["columns"].items() if "generated" in v}
    assert {(model, copy) for model, copy, _, _ in COPIES} == generated


# --- the rules that are partial, and the partitions ---------------------------------------------------------


async def _address(connection: asyncpg.Connection, user: int, email: str, *flags: str) -> None:
    await connection.execute(
        'INSERT INTO account_emailaddress (user_id, email, verified, "primary") VALUES ($1, $2, $3, $4)',
        user,
        email,
        "verified" in flags,
        "primary" in flags,
    )


async def test_one_primary_address_and_one_owner_of_a_verified_one(url_of: UrlOf) -> None:
    async with connected(await url_of("identity")) as connection:
        transaction = connection.transaction()
        await transaction.start()
        for user in (1, 2):
            await connection.execute(
                "INSERT INTO users_customuser (id, email, username, password) VALUES ($1, $2, $2, '')",
                user,
                f"u{user}@example.org",
            )
        await _address(connection, 1, "a@example.org", "primary")
        await _address(connection, 1, "b@example.org")
        await _address(connection, 1, "c@example.org", "verified")
        await _address(connection, 2, "b@example.org", "primary")
        # Nobody has verified it, so a second account may claim it too; only one will prove it.
        await _address(connection, 2, "c@example.org")
        for user, email, flag, rule in (
            (1, "d@example.org", "primary", "unique_primary_email"),
            (2, "b@example.org", "", "unique_together_account_emailaddress"),
        ):
            with pytest.raises(asyncpg.UniqueViolationError) as refused:
                async with connection.transaction():
                    await _address(connection, user, email, flag)
            assert refused.value.constraint_name == rule
        with pytest.raises(asyncpg.UniqueViolationError) as refused:
            async with connection.transaction():
                await connection.execute("UPDATE account_emailaddress SET verified = true WHERE user_id = 2")
        assert refused.value.constraint_name == "unique_verified_email"
        await transaction.rollback()


async def test_facts_lie_in_the_partition_of_their_month(url_of: UrlOf) -> None:
    put_fact = (
        "INSERT INTO courses_useractivity (event_id, user_id, activity_type, created_date) "
        "VALUES ($1, 1, 'learning.lesson.completed', {at}) RETURNING tableoid::regclass::text"
    )
    async with connected(await url_of("analytics")) as connection:
        await connection.execute("SET timezone = 'UTC'")
        transaction = connection.transaction()
        await transaction.start()
        event = "01890000-0000-7000-8000-000000000001"
        month = await connection.fetchval('SELECT to_char(now(), \'"y"YYYY"m"MM\')')
        assert (
            await connection.fetchval(put_fact.format(at="now()"), event) == f"courses_useractivity_{month}"
        )
        old = await connection.fetchval(put_fact.format(at="'2019-03-01 12:00+00'"), event)
        assert old == "courses_useractivity_default"
        ahead = await connection.fetchval(put_fact.format(at="now() + interval '3 months'"), event)
        assert ahead not in (old, f"courses_useractivity_{month}")
        with pytest.raises(asyncpg.UniqueViolationError):
            async with connection.transaction():
                await connection.execute(put_fact.format(at="now()"), event)
        await transaction.rollback()
