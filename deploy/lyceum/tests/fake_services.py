"""Six services and a gateway that are almost nothing: enough for the stack to start, watch and end real processes.

Each answers every GET with 200 and says what it was told and when it was to end; each database has two Alembic revisions.
"""

from __future__ import annotations

import os
from pathlib import Path

from lyceum.services import SERVICES

SERVER = '''
import http.server, json, os, pathlib, signal, sys, threading

def serve(name, variable):
    """Answer every GET with 200 until SIGTERM; leave a line in LYCEUM_TEST_ENDINGS then."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ[variable])), Handler)

    def end(*_):
        with open(os.environ["LYCEUM_TEST_ENDINGS"], "a") as endings:
            endings.write(name + "\\n")
        if name != os.environ.get("LYCEUM_TEST_STUBBORN"):
            threading.Thread(target=server.shutdown).start()

    told = pathlib.Path(os.environ["LYCEUM_TEST_ENDINGS"]).with_name(f"{name}.env.json")
    told.write_text(json.dumps(dict(os.environ)))
    signal.signal(signal.SIGTERM, end)
    print(name, "listens", flush=True)
    server.serve_forever()
'''

ENV = """
import asyncio, os, asyncpg
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

def work(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def run():
    engine = create_async_engine(os.environ["{prefix}_DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.run_sync(work)
        await connection.commit()
    await engine.dispose()

asyncio.run(run())
"""

REVISION = """
from alembic import op
revision = "{revision}"
down_revision = {down}
def upgrade():
    for statement in {up!r}:
        op.execute(statement)
def downgrade():
    op.execute("DROP TABLE {table}")
"""

# Of the chassis' tables, what the doctor asks.
CHASSIS = [
    "CREATE TABLE dead_letters (status text)",
    "CREATE TABLE outbox (published_at timestamptz)",
    "CREATE TABLE mail_outbox (sent_at timestamptz)",
]


def write(root: Path) -> str:
    """Make them below `root`; the PYTHONPATH by which they are found before the real ones."""
    folders = [root / "gateway", *(root / service for service in SERVICES)]
    for service in SERVICES:
        _service(root / service, service)
    gateway = root / "gateway" / "gateway"
    gateway.mkdir(parents=True)
    (gateway / "__init__.py").touch()
    (gateway / "main.py").write_text('from fake_server import serve\nserve("gateway", "GATEWAY_PORT")\n')
    (root / "gateway" / "fake_server.py").write_text(SERVER)
    return os.pathsep.join(str(folder) for folder in folders)


def _service(folder: Path, service: str) -> None:
    package = folder / service
    versions = folder / "migrations" / "versions"
    package.mkdir(parents=True)
    versions.mkdir(parents=True)
    (package / "__init__.py").touch()
    upper = service.upper()
    for module, name, variable in (
        ("main", f"{service}-api", f"{upper}_PORT"),
        ("worker", f"{service}-worker", f"{upper}_WORKER_PORT"),
    ):
        (package / f"{module}.py").write_text(
            f'from fake_server import serve\nserve("{name}", "{variable}")\n'
        )
    (package / "demo.py").write_text("print('nobody is made')\n")
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV.format(prefix=upper))
    (folder / "migrations" / "script.py.mako").touch()
    revisions = (
        ("first", None, "outbox", CHASSIS),
        ("second", '"first"', "two", ["CREATE TABLE two (id int)"]),
    )
    for name, down, table, up in revisions:
        text = REVISION.format(revision=name, down=down, table=table, up=up)
        (versions / f"{name}.py").write_text(text)
