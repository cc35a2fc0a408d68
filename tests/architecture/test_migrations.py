"""Migrations: they make what the models say, they can be undone, and they never wait for long."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from chassis.testing import SERVICES, Templates, migrate

PROBE = Path(__file__).with_name("metadata_probe.py")
UrlOf = Callable[[str], Awaitable[str]]
EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES)
GENERATED_ALWAYS = "428C9"  # what PostgreSQL answers to whoever writes a generated column


COLUMNS = """
SELECT r.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
       a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.relnamespace = 'public'::regnamespace AND r.relkind IN ('r', 'p') AND NOT r.relispartition
  AND r.relname <> 'alembic_version' AND a.attnum > 0 AND NOT a.attisdropped
"""
CONSTRAINTS = """
SELECT r.relname || '.' || c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
WHERE r.relnamespace = 'public'::regnamespace AND NOT r.relispartition AND r.relname <> 'alembic_version'
  AND c.contype <> 'n'
"""
INDEXES = """
SELECT i.relname, pg_get_indexdef(i.oid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class r ON r.oid = x.indrelid
WHERE r.relnamespace = 'public'::regnamespace AND r.relkind IN ('r', 'p') AND NOT r.relispartition
  AND r.relname <> 'alembic_version'
"""


Schema = dict[str, list[Any]]


async def describe(url: str) -> Schema:
    """Every column, constraint and index of a database, partitions and Alembic's own table aside."""
    connection = await asyncpg.connect(url)
    try:
        return {
            f"{kind} {row[0]}": list(row[1:])
            for kind, query in (("column", COLUMNS), ("constraint", CONSTRAINTS), ("index", INDEXES))
            for row in await connection.fetch(query)
        }
    finally:
        await connection.close()


def unequal(one: Schema, other: Schema) -> dict[str, tuple[list[Any] | None, list[Any] | None]]:
    names = one.keys() | other.keys()
    return {n: (one.get(n), other.get(n)) for n in sorted(names) if one.get(n) != other.get(n)}


async def probe(service: str, migrated: str, empty: str) -> dict[str, Any]:
    """What metadata_probe.py says of these databases."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(PROBE), service, migrated, empty],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@EVERY_SERVICE
async def test_migrations_make_what_the_models_say(service: str, url_of: UrlOf, templates: Templates) -> None:
    migrated, empty = await url_of(service), await templates.empty()
    found = await probe(service, migrated, empty)
    assert found["differences"] == []
    # Autogenerate looks at neither check constraints nor generated columns, so hold the two schemas side by side.
    schema = await describe(migrated)
    assert len(schema) > 50
    assert unequal(schema, await describe(empty)) == {}
    copies = {
        name.removeprefix("column ")
        for name, what in schema.items()
        if name.startswith("column ") and what[3] == "s"
    }
    assert found["generated"] == dict.fromkeys(copies, GENERATED_ALWAYS)
    await templates.drop(empty)


@EVERY_SERVICE
async def test_migrations_can_be_undone_and_done_again(service: str, templates: Templates) -> None:
    url = await templates.clone(service)
    before = await describe(url)
    await asyncio.to_thread(migrate, service, url, "downgrade", "base")
    assert await _relations(url) == {"alembic_version"}
    await asyncio.to_thread(migrate, service, url, "upgrade", "head")
    assert unequal(before, await describe(url)) == {}
    await templates.drop(url)


async def _relations(url: str) -> set[str]:
    """Every table, partition, sequence and type left, those of extensions aside."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p', 'S') AND NOT EXISTS "
        "(SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e') "
        "UNION ALL SELECT typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'"
    )
    await connection.close()
    return {row[0] for row in rows}


async def test_a_migration_does_not_queue_behind_a_long_transaction(templates: Templates) -> None:
    """Whoever waits for an exclusive lock stops everybody behind it; a migration gives up within seconds."""
    url = await templates.clone("learning")
    holder = await asyncpg.connect(url)
    async with holder.transaction():
        await holder.execute("SELECT count(*) FROM courses_enrollment")
        begun = time.monotonic()
        with pytest.raises(AssertionError, match="lock timeout"):
            await asyncio.to_thread(migrate, "learning", url, "downgrade", "base")
        assert time.monotonic() - begun < 30
    await holder.close()
    assert "courses_enrollment" in await _relations(url)
    await templates.drop(url)
