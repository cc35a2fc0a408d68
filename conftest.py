"""The servers every test stands on: PostgreSQL and a Kafka broker, real, once a session.

`LYCEUM_TEST_KAFKA=host:port` names an Apache Kafka to use in place of the embedded broker.
"""

import os
from collections.abc import Iterator

import pytest
from lyceum.broker import EmbeddedBroker
from lyceum.postgres import EmbeddedPostgres

# Before pytest takes the folder gateway/ for a package of that name when it imports the tests in it.
import gateway  # noqa: F401

pytest_plugins = ["chassis.testing"]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
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
