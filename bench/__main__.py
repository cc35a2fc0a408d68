"""`python -m bench [--keep FOLDER] [part ...]`: run the parts named, or all, and write the results.

What takes long to make (the million courses of `catalog`) is kept in the folder and found there the next time.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import catalog, fold, freshness, gateway, logins, reads, startup, tokens
from bench.report import Figure, console, write
from bench.stack import running_stack

# Each part is given a running platform and a folder to work in.
PARTS: dict[str, Callable[..., list[Figure]]] = {
    "startup": startup.measure,
    "gateway": gateway.measure,
    "freshness": freshness.measure,
    "fold": fold.measure,
    "tokens": tokens.measure,
    "logins": logins.measure,
    "reads": reads.measure,
    "catalog": catalog.measure,
}
LONG_MADE = ("catalog",)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    chosen = given.parts or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        console.print(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
        return 2
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="lyceum-bench-") as folder, running_stack(Path(folder)) as stack:
        for name in chosen:
            console.print(f"[bold]{name}[/bold] ...")
            kept = given.keep is not None and name in LONG_MADE
            figures += PARTS[name](stack, given.keep if kept else Path(folder))
    write(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
