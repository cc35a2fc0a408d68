"""The server that sleeps: it ends when it is told to, answers what is in flight, and knows the date."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest
import uvicorn
from chassis.asgi import Receive, Scope, Send, respond
from chassis.quiet_server import QuietServer

PROGRAM = """
import asyncio, signal, sys, uvicorn
from chassis.asgi import respond
from chassis.quiet_server import QuietServer

# A shell lets what it starts in the background ignore interrupts, and so would this.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def app(scope, receive, send):
    print("asked", flush=True)
    await asyncio.sleep(0.5)
    await respond(send, 200, b'"whole"')

class Speaking(QuietServer):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

Speaking(uvicorn.Config(app, port=0, loop=sys.argv[1], lifespan="off", log_config=None)).run()
"""


@contextlib.asynccontextmanager
async def running(server: QuietServer) -> AsyncIterator[str]:
    """Its URL, while it runs."""
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells by this alone
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.end()
        await asyncio.wait_for(task, 10)


async def hello(_scope: Scope, _receive: Receive, send: Send) -> None:
    await respond(send, 200, b'"hello"')


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_wakes_it_and_what_is_in_flight_is_answered(loop: str, number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, loop, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), 30))
        async with httpx.AsyncClient() as client:
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/"))
            assert (await asyncio.wait_for(process.stdout.readline(), 30)).strip() == b"asked"
            process.send_signal(number)
            assert (await asking).json() == "whole"
        await asyncio.wait_for(process.wait(), 30)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode in (-number, 1), (
        "it ends by the signal, or by Python's own word for an interrupt"
    )


async def test_an_idle_one_has_nothing_to_wake_for() -> None:
    loop = asyncio.get_running_loop()
    async with running(QuietServer(uvicorn.Config(hello, port=0, lifespan="off", log_config=None))):
        await asyncio.sleep(0.05)
        timers = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
    assert timers == []


async def test_every_answer_says_the_second_it_was_given_in() -> None:
    config = uvicorn.Config(hello, port=0, lifespan="off", log_config=None, server_header=False)
    async with running(QuietServer(config)) as url, httpx.AsyncClient() as client:
        for _ in range(2):
            before = datetime.now(UTC).replace(microsecond=0)
            answer = await client.get(url)
            said = parsedate_to_datetime(answer.headers["date"])
            assert before <= said <= datetime.now(UTC)
            assert "server" not in answer.headers
            await asyncio.sleep(1.0)


async def test_told_before_it_runs_it_does_not_sleep_at_all() -> None:
    server = QuietServer(uvicorn.Config(hello, port=0, lifespan="off", log_config=None))
    server.end()
    await asyncio.wait_for(server._serve(), 10)


def test_a_date_is_left_out_where_none_is_wanted() -> None:
    config = uvicorn.Config(hello, date_header=False, headers=[("x-own", "yes")], server_header=False)
    config.load()
    assert QuietServer(config).server_state.default_headers == [(b"x-own", b"yes")]
