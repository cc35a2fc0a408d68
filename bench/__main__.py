"""`python -m bench [part ...]`: run the parts named, or all, and write the results."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import fold, freshness, gateway, logins, startup, tokens
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
}


def main() -> int:
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        console.print(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
        return 2
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="lyceum-bench-") as folder, running_stack(Path(folder)) as stack:
        for name in chosen:
            console.print(f"[bold]{name}[/bold] ...")
            figures += PARTS[name](stack, Path(folder))
    write(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
