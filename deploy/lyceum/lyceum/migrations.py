"""Alembic, one service at a time in a process of its own: two services' tables never share an interpreter."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from lyceum import forks
from lyceum.errors import MigrationFailed
from lyceum.forks import Interpreters, Runner
from lyceum.postgres import EmbeddedPostgres
from lyceum.services import service_folder

TIMEOUT_SECONDS = 660
REVISION = re.compile(r"""^revision(?:\s*:[^=]+)?\s*=\s*["']([^"']+)["']""", re.MULTILINE)
DOWN_REVISION = re.compile(r"""^down_revision(?:\s*:[^=]+)?\s*=\s*["']([^"']+)["']""", re.MULTILINE)


async def alembic(service: str, env: Mapping[str, str], *words: str, runner: Runner | None = None) -> str:
    """Run an Alembic command on the service's database; what it said, or MigrationFailed with that."""
    folder = service_folder(service)
    code, text = await forks.run(
        runner or Interpreters(),
        "alembic",
        ["-c", str(folder / "alembic.ini"), *words],
        env=env,
        cwd=folder,
        seconds=TIMEOUT_SECONDS,
    )
    if code != 0:
        end = "\n".join(text.splitlines()[-15:])
        raise MigrationFailed(f"{service}: `alembic {' '.join(words)}` failed:\n{end}")
    return text


def newest_revision(versions: Path) -> str | None:
    """The one revision nothing follows, by reading the files; None when that is not clear (Alembic will know)."""
    texts = [path.read_text() for path in versions.glob("*.py")]
    revisions = {found[1] for text in texts if (found := REVISION.search(text))}
    followed = {found[1] for text in texts if (found := DOWN_REVISION.search(text))}
    heads = revisions - followed
    return heads.pop() if len(heads) == 1 and len(revisions) == len(texts) else None


def is_current(server: EmbeddedPostgres, service: str) -> bool:
    """Whether the database is at the newest revision, asked without starting Alembic (which takes seconds)."""
    newest = newest_revision(service_folder(service) / "migrations" / "versions")
    if newest is None or server.query("SELECT to_regclass('alembic_version') IS NULL", service) == [["t"]]:
        return False
    return server.query("SELECT version_num FROM alembic_version", service) == [[newest]]


async def upgrade(server: EmbeddedPostgres, service: str, env: Mapping[str, str], runner: Runner) -> bool:
    """Bring the service's database to its newest revision; whether anything was to be done."""
    if await asyncio.to_thread(is_current, server, service):
        return False
    await alembic(service, env, "upgrade", "head", runner=runner)
    return True
