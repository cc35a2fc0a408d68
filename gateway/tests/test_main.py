"""The process, as it is started in production."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from .conftest import OpenUpstream, Signer, read_head


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(url: str, port: int, log: Path, **other: str) -> subprocess.Popen[bytes]:
    urls = dict.fromkeys(("identity", "catalog", "learning", "assessment", "instructor", "analytics"), url)
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway.main"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "GATEWAY_PORT": str(port),
                "GATEWAY_SERVICE_URLS": json.dumps(urls),
                "GATEWAY_JWKS_URL": f"{url}/.well-known/jwks.json",
                "GATEWAY_KAFKA_BOOTSTRAP": "127.0.0.1:9",
                "GATEWAY_SHUTDOWN_TIMEOUT": "5",
                **other,
            },
        )


async def answering(process: subprocess.Popen[bytes], port: int) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(15):
        while True:
            try:
                await client.get(f"http://127.0.0.1:{port}/healthz")
            except httpx.TransportError:
                assert process.poll() is None
                await asyncio.sleep(0.05)
            else:
                return


async def ended(process: subprocess.Popen[bytes]) -> int:
    return await asyncio.to_thread(process.wait, 10)


async def test_a_stop_waits_for_what_is_being_answered_and_not_for_streams(
    upstream: OpenUpstream, tmp_path: Path
) -> None:
    asked = asyncio.Semaphore(0)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        if b"/stream" in head:
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            asked.release()
            await reader.read()
        elif b"/courses" in head:
            asked.release()
            await asyncio.sleep(0.5)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone")

    port = free_port()
    process = launch(await upstream(script), port, tmp_path / "log")
    try:
        await answering(process, port)
        base = f"http://127.0.0.1:{port}/api/v1"
        async with httpx.AsyncClient(timeout=10) as client:
            slow = asyncio.create_task(client.get(f"{base}/courses"))
            async with client.stream("GET", f"{base}/stats/stream") as stream:
                await asked.acquire()
                await asked.acquire()
                process.send_signal(signal.SIGTERM)
                answer = await slow
                assert (answer.status_code, answer.text) == (200, "done")
                async with asyncio.timeout(4):
                    with pytest.raises(httpx.RemoteProtocolError):
                        async for _ in stream.aiter_raw():
                            pass
        async with asyncio.timeout(3):
            assert await ended(process) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    request = next(line for line in lines if line["event"] == "request" and line["status"] == 200)
    assert request["route"] == "/api/v1/courses"
    assert request["request_id"] == answer.headers["x-request-id"]
    assert "/api/v1/courses?" not in str(lines)


@pytest.mark.parametrize("takes", [True, False])
async def test_a_stop_tells_catalog_what_was_looked_at_and_does_not_wait_for_it_for_ever(
    upstream: OpenUpstream, tmp_path: Path, takes: bool
) -> None:
    told: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await read_head(reader)
            if b"/internal/course-views" in head:
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                told.append(await reader.readexactly(length))
                if takes:
                    writer.write(b"HTTP/1.1 204 Such\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nx-lyceum-view: 12\r\ncontent-length: 2\r\n\r\nok")

    key, port, log = tmp_path / "gateway.pem", free_port(), tmp_path / "log"
    await asyncio.to_thread(key.write_text, Signer("gateway.1").pem)
    process = launch(await upstream(script), port, log, GATEWAY_SERVICE_KEY_FILE=str(key))
    try:
        await answering(process, port)
        async with httpx.AsyncClient(timeout=10) as client:
            for _ in range(2):
                assert (await client.get(f"http://127.0.0.1:{port}/api/v1/courses/12")).text == "ok"
        process.send_signal(signal.SIGTERM)
        assert await ended(process) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
    assert [(one["course_id"], one["count"]) for one in json.loads(told[0])["views"]] == [(12, 2)]
    text = await asyncio.to_thread(log.read_text)
    assert ("views were not counted" in text) is not takes


def test_the_process_is_lean() -> None:
    heavy = {"sqlalchemy", "fastapi", "alembic", "asyncpg"}
    code = f"import sys, gateway.main; print(sorted({heavy!r} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


@pytest.mark.parametrize("url", ["https://catalog:443", "catalog:8000", "http://catalog/path"])
def test_a_service_url_that_cannot_work_is_refused_at_the_start(url: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gateway.main"],
        capture_output=True,
        env={**os.environ, "GATEWAY_SERVICE_URLS": json.dumps({"catalog": url})},
        timeout=20,
    )
    assert run.returncode != 0
    assert b"must read http://host:port" in run.stderr


def test_a_key_file_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gateway.main"],
        capture_output=True,
        env={
            **os.environ,
            "GATEWAY_PORT": str(free_port()),
            "GATEWAY_SERVICE_KEY_FILE": str(tmp_path / "nowhere.pem"),
        },
        timeout=20,
    )
    assert run.returncode != 0
    assert b"GATEWAY_SERVICE_KEY_FILE: there is no" in run.stdout + run.stderr
