"""Prints identity's signing key as JSON {"kid", "pem"}: what a thief of it could do is what the forgeries try.

Run in an interpreter of its own, in identity's environment: no test has two services in one process.
"""

import asyncio
import json
from datetime import timedelta

import identity.tables  # noqa: F401 - the mappings refer to each other's tables
from chassis.db import Database, now
from identity.settings import Settings
from identity.tokens import queries
from identity.vault import Vault


async def read() -> dict[str, str]:
    settings = Settings()
    database = Database(settings, process="test")
    try:
        async with database.transaction() as session:
            row = await queries.signing_key(session, now(), now() + timedelta(minutes=1))
            assert row is not None
            pem = Vault(settings.secret_key).open(row.private_encrypted, f"signing key {row.kid}")
            return {"kid": row.kid, "pem": pem.decode()}
    finally:
        await database.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read())))
