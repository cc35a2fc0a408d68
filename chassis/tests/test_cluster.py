"""Asking which log a broker keeps, where it does not answer."""

import asyncio
import gc
import warnings

import pytest
from aiokafka.errors import KafkaConnectionError
from chassis.cluster import ClusterWatch


class Silent(asyncio.Protocol):
    """Takes a connection, and says nothing."""

    def __init__(self, connected: asyncio.Event) -> None:
        self.connected = connected

    def connection_made(self, _transport: asyncio.BaseTransport) -> None:
        self.connected.set()


async def test_who_was_cancelled_while_connecting_leaves_no_client_that_knows_no_broker() -> None:
    connected = asyncio.Event()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Silent(connected), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    watch = ClusterWatch(f"127.0.0.1:{port}", client_id="test")
    asking = asyncio.create_task(watch.cluster_id())
    await connected.wait()
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    server.close()
    del asking
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        # aiokafka leaves the socket of a cancelled start to the collector.
        gc.collect()
    # The next one connects for itself: what it is told is about the broker, not about the client left behind.
    with pytest.raises(KafkaConnectionError):
        await watch.cluster_id()
