"""A server that does not let us have pg_trgm: all goes on, and of mistyped words only swapped letters are found."""

import asyncio
import secrets
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from catalog.vocabulary import service as vocabulary
from chassis.testing import migrate, with_driver
from structlog.testing import capture_logs

NOT_THERE = "of mistyped words only swapped letters are found: no pg_trgm"


class Bare:
    """A database whose extensions are gone, and a plain role that may use it and not add any."""

    def __init__(self, admin_url):
        self.admin_url = admin_url
        self.role = f"plain_{secrets.token_hex(4)}"
        parts = urlsplit(admin_url)
        login = f"{self.role}:secret@{parts.hostname}:{parts.port}"
        self.url = urlunsplit(parts._replace(netloc=login))

    async def run(self, *statements):
        connection = await asyncpg.connect(self.admin_url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    async def prepare(self):
        await self.run(
            "DROP EXTENSION IF EXISTS pg_trgm",
            f"CREATE ROLE {self.role} LOGIN PASSWORD 'secret'",
            f"GRANT ALL ON SCHEMA public TO {self.role}",
        )


@pytest.fixture
async def bare(templates):
    url = await templates.empty()
    bare = Bare(url)
    await bare.prepare()
    yield bare
    await templates.drop(url)
    other = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    connection = await asyncpg.connect(other)
    await connection.execute(f"DROP ROLE {bare.role}")
    await connection.close()


@pytest.fixture
async def settings(service, settings, bare):
    """Those of the other tests, on this database."""
    await asyncio.to_thread(migrate, "catalog", bare.url)
    return settings.model_copy(update={"database_url": with_driver(bare.url)})


async def look(studio, q):
    found = await studio.ask("GET", "/courses", params={"q": q})
    return [course["title"] for course in found["items"]], found["searched_for"]


async def test_search_stays_as_it_is_until_the_server_has_it(studio, database, bare):
    course = await studio.published("Python for beginners")
    vocabulary._say_why.cache_clear()
    with capture_logs() as logs:
        await vocabulary.count(database)
        for _ in range(3):
            await vocabulary.index(database)
    (told,) = [entry for entry in logs if entry["event"] == NOT_THERE]
    assert "permission denied" in told["reason"]
    assert await look(studio, "python") == (["Python for beginners"], None)
    for _ in range(2):
        assert await look(studio, "pythn") == ([], None)
    # Found without: the letters are the same.
    assert await look(studio, "pyhton") == (["Python for beginners"], "python")

    await bare.run("CREATE EXTENSION pg_trgm")
    with capture_logs() as logs:
        await vocabulary.index(database)
        await vocabulary.index(database)
    assert logs == []
    assert await look(studio, "pythn") == (["Python for beginners"], "python")

    await bare.run("DROP EXTENSION pg_trgm CASCADE")
    assert await look(studio, "pythn") == ([], None)
    await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    await vocabulary.count(database)
    assert await look(studio, "pyhton") == ([], None)


async def test_the_worker_makes_the_index_where_the_role_may(studio, database, bare):
    await studio.published("Python for beginners")
    await vocabulary.count(database)
    name = urlsplit(bare.admin_url).path[1:]
    await bare.run(f'GRANT CREATE ON DATABASE "{name}" TO {bare.role}')
    await asyncio.gather(*(vocabulary.index(database) for _ in range(3)))
    assert await look(studio, "pythn") == (["Python for beginners"], "python")


async def test_migrations_can_be_undone_without_it(settings, bare):
    await asyncio.to_thread(migrate, "catalog", bare.url, "downgrade", "mirror_assessments")
    await asyncio.to_thread(migrate, "catalog", bare.url)
