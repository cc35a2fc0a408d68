"""What an export says of itself, and how often one may be asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from identity.settings import Settings
from identity.throttles.rules import Limit

SCHEMA_VERSION = 1
"""Raised when a file's meaning changes; a new file or a new member does not change any."""

README = """\
Your data at Lyceum
===================

Made on {created_at} for the account "{username}" ({user_id}).

This archive holds everything that Lyceum holds on you, as JSON: a folder for
each part of the platform, a file for each kind of data. Times are UTC, money
is text with two decimals, ids are the ones you see in the platform's addresses.

  identity/     your account: profile, addresses, logins, sessions, how you log
                in, rights, subscription and payments, your picture
  catalog/      courses you wrote, reviews, what is known of your enrollments
  learning/     enrollments, progress, notes, bookmarks, certificates, purchases,
                notifications, preferences
  assessment/   attempts at quizzes, and what you answered
  instructor/   your profile as an instructor, courses in the making, drafts
  analytics/    what you did, and the statistics made of it

The files that go with your courses are not in here, for they can be gigabytes:
log in and have them from the addresses in catalog/resources.json
(download_url), each with its size and SHA-256, or a whole course with all its
files from the one in catalog/courses.json (export_url). They stay where they
are for as long as you have your account.

manifest.json lists every file with the number of its entries, its size and its
SHA-256. A file with no entries says that nothing of its kind is held.

Not in here: secrets (of passwords and keys only hashes are kept, and those are
no data), what others wrote about other people, and the answers to quizzes.
"""


def readme(*, created_at: datetime, username: str, user_id: int) -> bytes:
    told = created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return README.format(created_at=told, username=username, user_id=user_id).encode()


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive. `entries` is how many things are in it; None where that is no question."""

    name: str
    size: int
    sha256: str
    entries: int | None


def manifest(user_id: int, created_at: datetime, files: list[Entry]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "created_at": created_at,
        "user_id": user_id,
        "files": [
            {"name": one.name, "entries": one.entries, "bytes": one.size, "sha256": one.sha256}
            for one in files
        ],
    }


def exports_by_account(settings: Settings) -> Limit:
    quota = max(1, round(settings.exports_per_day * settings.limits_factor))
    return Limit("exports-by-account", quota, timedelta(days=1))


def filename(created_at: datetime) -> str:
    return f"lyceum-export-{created_at:%Y-%m-%d}.zip"
