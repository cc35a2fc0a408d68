"""The servers every test stands on: PostgreSQL and a Kafka broker, real, once a session.

`LYCEUM_TEST_KAFKA=host:port` names an Apache Kafka to use in place of the embedded broker.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lyceum.broker import EmbeddedBroker
from lyceum.postgres import EmbeddedPostgres

# Before pytest takes the folder gateway/ for a package of that name when it imports the tests in it.
import gateway  # noqa: F401

pytest_plugins = ["chassis.testing"]
# Tests that services inherit: their assertions say what was wrong, as those in a test file do.
pytest.register_assert_rewrite("chassis.testing_personal_data")


MEMORY = Path("/dev/shm")
ROOM_BYTES = 3 * 2**30


@pytest.fixture(scope="session")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is room: every test gets a database of its own, a thousand small files."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        yield tmp_path_factory.mktemp("postgres")
        return
    with tempfile.TemporaryDirectory(prefix="lyceum-tests-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(in_memory: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(in_memory, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of the broker."""
    given = os.environ.get("LYCEUM_TEST_KAFKA")
    if given:
        yield given
        return
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def kafka_idempotent() -> bool:
    """Whether the broker knows idempotent producers: Apache Kafka does, the embedded one does not."""
    return bool(os.environ.get("LYCEUM_TEST_KAFKA"))
