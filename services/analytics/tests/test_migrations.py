"""The migrations make what the models say, and can be taken back."""

import asyncio

from analytics.tables import metadata
from chassis.migrations import _include_name
from chassis.testing import Templates, migrate, with_driver
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine


def _differences(connection: Connection) -> list[object]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"compare_type": True, "include_name": _include_name}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_the_migrated_database_is_what_the_models_declare(settings):
    engine = create_async_engine(settings.database_url)
    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences)
    await engine.dispose()
    assert differences == []


async def test_every_revision_can_be_taken_back(templates: Templates):
    url = await templates.empty()
    await asyncio.to_thread(migrate, "analytics", url)
    await asyncio.to_thread(migrate, "analytics", url, "downgrade", "base")
    engine = create_async_engine(with_driver(url))
    async with engine.connect() as connection:
        left = await connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [row[0] for row in left]
    await engine.dispose()
    await templates.drop(url)
    assert names == ["alembic_version"]
