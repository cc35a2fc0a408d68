"""One Apache Kafka broker (KRaft, one node) on loopback: what the embedded broker only stands in for.

    python deploy/kafka/kafka.py --selftest          start, write, kill -9, start again: all still there
    python deploy/kafka/kafka.py run -- COMMAND...   run COMMAND with LYCEUM_TEST_KAFKA=host:port

The jars come from Maven Central by pom.xml, once, into .cache/kafka-<version>/; what arrives must match
jars.sha256. It needs Java 17 and, for the first run, Maven. Without them it says so and exits 1: a test that
quietly skips is no test.
"""

import argparse
import asyncio
import base64
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar
from xml.etree import ElementTree

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from contracts.registry import topics
from lyceum.ports import choose_port
from lyceum.processes import bound_to_parent, end, last_lines, spawn

T = TypeVar("T")

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
POM = HERE / "pom.xml"
SUMS = HERE / "jars.sha256"

OLDEST_JAVA = 17
PARTITIONS = 4
START_SECONDS = 90.0
STOP_SECONDS = 30.0
MAVEN_SECONDS = 900.0


class KafkaUnavailable(Exception):
    """This machine cannot run Apache Kafka, or it did not start; the message says what to do."""


def kafka_version() -> str:
    """The version that pom.xml pins."""
    properties = {
        element.tag.rpartition("}")[2]: (element.text or "").strip()
        for element in ElementTree.parse(POM).iter()  # noqa: S314 - our own file
    }
    return properties["kafka.version"]


def java() -> Path:
    """A Java of 17 or newer: JAVA_HOME's, else the PATH's. Raises KafkaUnavailable."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if found is None or not os.access(found, os.X_OK):
        raise KafkaUnavailable(
            f"Apache Kafka needs Java {OLDEST_JAVA} or newer: there is no {found or '`java` on the PATH'}. "
            "Install one (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME."
        )
    answer = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False)
    major = java_major(answer.stderr + answer.stdout)
    if major < OLDEST_JAVA:
        raise KafkaUnavailable(f"Apache Kafka needs Java {OLDEST_JAVA} or newer: {found} is Java {major}.")
    return Path(found)


def java_major(banner: str) -> int:
    """The major version in what `java -version` prints; 0 when it cannot be read. `1.8.0` reads as 8."""
    match = re.search(r'version "(?:1\.)?(\d+)', banner)
    return int(match[1]) if match else 0


def expected_sums() -> dict[str, str]:
    """jars.sha256 as {file name: hex digest}."""
    lines = (line.split() for line in SUMS.read_text().splitlines())
    return {name: digest for digest, name in lines}


def jars() -> Path:
    """The folder with every jar, fetched by Maven when it is not there yet. Raises KafkaUnavailable."""
    folder = ROOT / ".cache" / f"kafka-{kafka_version()}"
    if wrong_jars(folder):
        _fetch_jars(folder)
    return folder


def wrong_jars(folder: Path) -> list[str]:
    """Names of the jars that are missing from the folder or not the ones that jars.sha256 promises."""
    return [
        name
        for name, digest in expected_sums().items()
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
    ]


def _fetch_jars(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable(
            f"The jars of Apache Kafka are not in {folder} and there is no `mvn` on the PATH to fetch them. "
            "Install Maven (Debian: apt-get install maven)."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the cache and moved in one step: a download that was cut off never looks complete.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="kafka-fetch-") as scratch:
        command = [maven, "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
        try:
            fetched = subprocess.run(
                [*command, f"-DoutputDirectory={scratch}/jars"],
                capture_output=True, text=True, timeout=MAVEN_SECONDS, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise KafkaUnavailable(f"Maven did not end within {MAVEN_SECONDS:.0f} s.") from None
        if fetched.returncode != 0:
            raise KafkaUnavailable(f"Maven could not fetch Apache Kafka:\n{fetched.stdout}{fetched.stderr}")
        if wrong := wrong_jars(Path(scratch) / "jars"):
            raise KafkaUnavailable(f"Maven brought other jars than jars.sha256 promises: {', '.join(wrong)}")
        shutil.rmtree(folder, ignore_errors=True)
        (Path(scratch) / "jars").rename(folder)


class ApacheKafka:
    """A broker whose data lives under `path`; the same interface as the embedded broker's.

    Unlike that one it keeps its log: `kill` and `start` give the same data, ports and cluster id.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).resolve()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = choose_port()
        self._controller_port = choose_port(taken=[self._port])
        self._log = self.path / "kafka.log"

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients."""
        return f"127.0.0.1:{self._port}"

    @property
    def cluster_id(self) -> str:
        """The id this storage was formatted with."""
        lines = (self.path / "log" / "meta.properties").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)["cluster.id"]

    @property
    def pid(self) -> int | None:
        """The broker's process, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until the broker answers and the topics are there. Raises KafkaUnavailable."""
        if self.pid is not None:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        tool, classpath = java(), f"{jars()}{os.sep}*"
        if not (self.path / "log" / "meta.properties").exists():
            self._format(tool, classpath)
        command = self._command(tool, classpath, "-Xms256m", "-Xmx512m", "kafka.Kafka", self._properties())
        self._process = spawn(bound_to_parent(command), env=os.environ, log=self._log, cwd=self.path)
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Shut down in order (SIGTERM), and by force after 30 s."""
        if self._process is not None:
            end(self._process, (signal.SIGTERM, STOP_SECONDS))
            self._process = None

    def kill(self) -> None:
        """End it as a crash would (SIGKILL); what clients were promised is in the log and comes back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not (self._listens() and _in_own_loop(_create_topics(self.bootstrap))):
            if process.poll() is not None:
                raise KafkaUnavailable(f"Apache Kafka ended at once:\n{last_lines(self._log)}")
            if time.monotonic() > deadline:
                raise KafkaUnavailable(f"No answer within {START_SECONDS:.0f} s:\n{last_lines(self._log)}")
            time.sleep(0.2)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def _format(self, tool: Path, classpath: str) -> None:
        """Write the storage's metadata: its cluster id, and this node as the only controller."""
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        arguments = ("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster_id, "-c")
        done = subprocess.run(
            self._command(tool, classpath, "-Xmx128m", *arguments, self._properties()),
            capture_output=True, text=True, timeout=START_SECONDS, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode != 0:
            raise KafkaUnavailable(f"The storage could not be formatted:\n{done.stdout}{done.stderr}")

    def _command(self, tool: Path, classpath: str, *arguments: str) -> list[str]:
        scratch = self.path / "tmp"
        scratch.mkdir(exist_ok=True)
        # Started often and for minutes: the quick compiler alone shortens the start, and the serial collector
        # keeps off the second core. The native compression libraries unpack into java.io.tmpdir.
        options = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={scratch}")
        logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.xml'}"
        return [str(tool), *options, logging, "-cp", classpath, *arguments]

    def _properties(self) -> str:
        """Write this run's server.properties and return its path."""
        file = self.path / "server.properties"
        controller = f"127.0.0.1:{self._controller_port}"
        settings = {
            "listeners": f"CLIENTS://{self.bootstrap},CONTROLLER://{controller}",
            "controller.quorum.bootstrap.servers": controller,
            "log.dirs": str(self.path / "log"),
        }
        ours = "".join(f"{key}={value}\n" for key, value in settings.items())
        file.write_text((HERE / "server.properties").read_text() + "\n" + ours)
        return str(file)


def _in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, also where the calling thread already runs a loop (a pytest fixture)."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _create_topics(bootstrap: str) -> bool:
    """Create what is missing of the topics; False until each of them takes writes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
    try:
        await admin.start()
        answer = await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in topics()])
        refused = [for_code(error[1]) for error in answer.topic_errors if error[1]]
        if any(kind is not TopicAlreadyExistsError for kind in refused):
            return False
        # After a restart a topic is known before its partitions are led: until then a write is refused.
        found = await admin.describe_topics(list(topics()))
        return all(part["leader"] >= 0 for topic in found for part in topic["partitions"])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()


def say(line: str) -> None:
    """One line to the person who started this; flushed, since CI reads it through a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def selftest() -> None:
    """Raise unless the broker keeps through a kill what it acknowledged."""
    with tempfile.TemporaryDirectory(prefix="lyceum-kafka-") as scratch, ApacheKafka(scratch) as kafka:
        say(f"Apache Kafka {kafka_version()} answers at {kafka.bootstrap}, cluster {kafka.cluster_id}")
        cluster = kafka.cluster_id
        asyncio.run(_produce(kafka.bootstrap, range(1000)))
        _expect(asyncio.run(_consume(kafka.bootstrap)), range(1000))
        say("1000 events written (idempotent, acks=all) and read back, in order per key")
        kafka.kill()
        kafka.start()
        if asyncio.run(_cluster_id(kafka.bootstrap)) != cluster:
            raise AssertionError("the cluster id changed with a restart")
        asyncio.run(_produce(kafka.bootstrap, range(1000, 1200)))
        _expect(asyncio.run(_consume(kafka.bootstrap)), range(1200))
        say("killed with SIGKILL and started again: the same cluster, every event once, and 200 more")
    say("selftest ok")


async def _produce(bootstrap: str, numbers: range) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all") as producer:
        sent = [
            await producer.send("learning.events", str(n).encode(), key=str(n % 17).encode()) for n in numbers
        ]
        await asyncio.wait_for(asyncio.gather(*sent), 60)


async def _consume(bootstrap: str) -> list[tuple[bytes, int]]:
    """(key, number) of all that learning.events holds, partition by partition."""
    partitions = [TopicPartition("learning.events", n) for n in range(PARTITIONS)]
    read: list[tuple[bytes, int]] = []
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        async with asyncio.timeout(60):
            while any([await consumer.position(p) < ends[p] for p in partitions]):
                batch = await consumer.getmany(timeout_ms=500)
                read += [(record.key, int(record.value)) for records in batch.values() for record in records]
    return read


def _expect(read: Sequence[tuple[bytes, int]], numbers: range) -> None:
    """Raise AssertionError unless every number came exactly once, ascending within its key."""
    if sorted(number for _, number in read) != list(numbers):
        raise AssertionError(f"{len(read)} events read, {len(numbers)} distinct ones expected")
    for key in {key for key, _ in read}:
        of_key = [number for k, number in read if k == key]
        if of_key != sorted(of_key):
            raise AssertionError(f"the events of key {key!r} came out of order")


async def _cluster_id(bootstrap: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


def run(command: Sequence[str]) -> int:
    """Run the command beside a broker of its own; its exit code (128 + n when signal n ended it)."""
    with tempfile.TemporaryDirectory(prefix="lyceum-kafka-") as scratch, ApacheKafka(scratch) as kafka:
        say(f"Apache Kafka {kafka_version()} answers at {kafka.bootstrap}")
        child = subprocess.Popen(command, env={**os.environ, "LYCEUM_TEST_KAFKA": kafka.bootstrap})

        def pass_on(number: int, _frame: FrameType | None) -> None:
            child.send_signal(number)

        # The terminal sends Ctrl-C to the child as well; a `kill` comes to us alone and is handed on.
        signal.signal(signal.SIGTERM, pass_on)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        code = child.wait()
    return code if code >= 0 else 128 - code


def main() -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(description="One Apache Kafka broker on loopback.")
    parser.add_argument("--selftest", action="store_true", help="prove that it starts and keeps its log")
    parser.add_argument("mode", nargs="?", choices=["run"], help="run a command beside a broker")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="after --, the command and its arguments")
    asked = parser.parse_args()
    command = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
    if asked.selftest == bool(asked.mode) or (asked.mode and not command):
        parser.error("say either --selftest, or run -- COMMAND...")
    # A `kill` becomes an ordinary exit, so that the broker and its folder go too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        if asked.selftest:
            selftest()
            return 0
        return run(command)
    except (KafkaUnavailable, AssertionError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
