"""The demo accounts: made by identity in its own database, the instructor approved the way every other is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lyceum import forks, services
from lyceum.data_dir import DataDir
from lyceum.errors import StackError
from lyceum.forks import Runner
from lyceum.keys import Account

TIMEOUT_SECONDS = 60
APPROVAL = "LYCEUM_DEMO_APPROVAL"
APPLICATION = {
    "display_name": "Ines Okafor",
    "title": "Engineer and teacher",
    "bio": "Builds data platforms by day and teaches how they work by night.",
    "years_experience": 12,
}


def is_loaded(secrets: Path) -> bool:
    """Whether this data dir's platform has the demo accounts."""
    return (secrets / "demo-loaded").exists()


async def make_accounts(runner: Runner, identity_env: Mapping[str, str], data_dir: DataDir) -> None:
    """Create the accounts in identity's migrated database; those that are there stay as they are. An identity provider
    that is to be tried is offered from then on, or no more."""
    await _run(runner, "identity.demo", identity_env, data_dir)


async def have_instructor_approved(
    runner: Runner, url: str, accounts: Mapping[str, Account], data_dir: DataDir
) -> None:
    """Have the demo instructor apply and the demo admin approve, on the running platform; once is enough."""
    approval = {APPROVAL: json.dumps({"url": url, "accounts": accounts})}
    await _run(runner, "lyceum.demo", services.inherited() | approval, data_dir)
    (data_dir.secrets / "demo-loaded").touch()


async def _run(runner: Runner, module: str, env: Mapping[str, str], data_dir: DataDir) -> None:
    code, told = await forks.run(runner, module, env=env, cwd=data_dir.path, seconds=TIMEOUT_SECONDS)
    if code != 0:
        end = "\n".join(told.splitlines()[-15:])
        raise StackError(f"The demo accounts could not be made (`python -m {module}`):\n{end}")


def approve_instructor(url: str, accounts: Mapping[str, Account]) -> None:
    """Apply as the demo instructor and approve as the demo admin, through the public API."""
    from lyceum.client import Visitor, open_client

    with open_client(url) as http:
        instructor = Visitor(http, "the demo instructor")
        instructor.log_in(accounts["instructor"]["email"], accounts["instructor"]["password"])
        known = instructor.send("GET", "/api/v1/instructors/me")
        if known.status_code == 404:
            profile = instructor.ask("POST", "/api/v1/instructors/apply", json=APPLICATION, expect=201)
        else:
            profile = instructor.answer_of(known)
        if profile["status"] == "pending":
            admin = Visitor(http, "the demo admin")
            admin.log_in(accounts["admin"]["email"], accounts["admin"]["password"])
            admin.ask("POST", f"/api/v1/instructors/{profile['id']}/approve")


def main() -> None:
    """Reads what to do from the environment: passwords are not for a command line."""
    given: dict[str, Any] = json.loads(os.environ[APPROVAL])
    try:
        approve_instructor(given["url"], given["accounts"])
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
