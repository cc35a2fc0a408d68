"""`python -m identity.keys`: what an operator does by hand with signing keys and with IDENTITY_SECRET_KEY.

list                 the signing keys and the state each is in
rotate               announce the next key at once; the one before signs on until the other is known everywhere
rotate --now         sign with a new key from this instant; tokens signed before stay good until they expire
rotate --now --distrust   after a leak: and what older keys signed is believed no more
reseal               seal with IDENTITY_SECRET_KEY all that one of IDENTITY_OLD_SECRET_KEYS sealed
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from chassis.db import Database, now
from chassis.logs import configure_logs

import identity.tables  # noqa: F401 - the mappings refer to each other's tables
from identity.settings import Settings
from identity.tokens import signing_keys
from identity.vault import Vault, vault_of
from identity.worker import reseal


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


async def list_keys(database: Database) -> None:
    async with database.transaction() as session:
        keys = await signing_keys.all_keys(session)
    instant = now()
    for key in keys:
        until = f", published until {key.retires_at:%Y-%m-%dT%H:%M:%SZ}" if key.retires_at else ""
        state = signing_keys.state_of(key, instant)
        _say(f"{key.kid}  {state}, signs from {key.not_before:%Y-%m-%dT%H:%M:%SZ}{until}")


async def rotate(
    database: Database, vault: Vault, settings: Settings, *, at_once: bool, distrust: bool
) -> None:
    async with database.transaction() as session:
        if at_once:
            kid = await signing_keys.rotate_now(session, vault, settings, distrust=distrust)
        else:
            kid = await signing_keys.announce(session, vault, settings)
    _say(f"{kid}  made")
    await list_keys(database)


async def reseal_all(database: Database, vault: Vault) -> None:
    for what, count in (await reseal(database, vault)).items():
        _say(f"{what}: {count} sealed anew")
    _say("Everything is sealed with IDENTITY_SECRET_KEY: the old secrets can be let go.")


async def run(settings: Settings, given: argparse.Namespace) -> None:
    database, vault = Database(settings, process="keys"), vault_of(settings)
    try:
        match given.command:
            case "list":
                await list_keys(database)
            case "rotate":
                await rotate(database, vault, settings, at_once=given.now, distrust=given.distrust)
            case "reseal":
                await reseal_all(database, vault)
    finally:
        await database.close()


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m identity.keys", description="Signing keys and the secret key."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the signing keys and their states")
    rotating = commands.add_parser("rotate", help="make the next signing key")
    rotating.add_argument("--now", action="store_true", help="sign with it from this instant")
    rotating.add_argument(
        "--distrust", action="store_true", help="believe no token of an older key (with --now)"
    )
    commands.add_parser("reseal", help="seal everything with the newest secret")
    given = parser.parse_args(arguments)
    if given.command == "rotate" and given.distrust and not given.now:
        parser.error("--distrust takes --now: without a key that signs at once nobody could log in")
    return given


def main(arguments: Sequence[str] | None = None) -> None:
    given = parse(arguments)
    settings = Settings()
    configure_logs(settings.service, "keys", settings.log_level)
    asyncio.run(run(settings, given))


if __name__ == "__main__":
    main()
