"""The migrations make what the models say, and can be taken back."""

from chassis.testing import Templates, migrate, with_driver
from learning.tables import metadata
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine


def _differences(connection: Connection) -> list[object]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(
        compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
    )


async def test_the_migrated_database_is_what_the_models_declare(settings):
    engine = create_async_engine(settings.database_url)
    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences)
    await engine.dispose()
    assert differences == []


async def test_every_revision_can_be_taken_back(templates: Templates):
    import asyncio

    url = await templates.empty()
    await asyncio.to_thread(migrate, "learning", url)
    await asyncio.to_thread(migrate, "learning", url, "downgrade", "base")
    engine = create_async_engine(with_driver(url))
    async with engine.connect() as connection:
        left = await connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [row[0] for row in left]
    await engine.dispose()
    await templates.drop(url)
    assert names == ["alembic_version"]
