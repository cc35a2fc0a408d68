"""docs/tables.md says what the models say."""

import asyncio
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


async def test_the_catalogue_of_tables_is_current() -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "docs/generate/tables.py", "--print"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    current = (ROOT / "docs" / "tables.md").read_text()
    assert current == done.stdout, "docs/tables.md is stale: run `python docs/generate/tables.py`"
