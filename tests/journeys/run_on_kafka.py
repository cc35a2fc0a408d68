"""`lyceum journey` on Apache Kafka in the embedded broker's place; exits as the journey does.

Run by `make test-kafka`, below `deploy/kafka/kafka.py run`, which says in LYCEUM_TEST_KAFKA where the broker is.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lyceum.ports import choose_port

LYCEUM = Path(sys.executable).parent / "lyceum"


def lyceum(*words: str, kafka: str) -> int:
    """Run the command with its output where ours goes; its exit code."""
    print(f"$ lyceum {' '.join(words)}", flush=True)
    done = subprocess.run(
        [LYCEUM, *words], env={**os.environ, "LYCEUM_KAFKA": kafka}, timeout=300, check=False
    )
    return done.returncode


def main() -> int:
    kafka = os.environ.get("LYCEUM_TEST_KAFKA")
    if not kafka:
        print("LYCEUM_TEST_KAFKA=host:port is not set: run this by `make test-kafka`.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="lyceum-on-kafka-") as folder:
        here = ("--data-dir", str(Path(folder) / "data"))
        try:
            code = lyceum("up", "--detach", "--port", str(choose_port()), *here, kafka=kafka)
            if code == 0:
                code = lyceum("journey", *here, kafka=kafka)
            if code != 0:
                lyceum("logs", "-n", "40", *here, kafka=kafka)
        finally:
            ended = lyceum("down", *here, kafka=kafka)
    return code or ended


if __name__ == "__main__":
    sys.exit(main())
