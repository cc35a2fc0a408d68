"""Asking a service on the gateway's own behalf, over the same connections as everybody's requests."""

import asyncio

from gateway.connection import BadAnswer
from gateway.pool import Pool
from gateway.problems import Header

MAX_BODY_BYTES = 16 * 1024 * 1024


async def fetch(pool: Pool, host: str, path: str, *, timeout: float) -> tuple[int, bytes]:  # noqa: ASYNC109
    """Status and body of a GET. Raises UpstreamError, or TimeoutError after `timeout` seconds."""
    head = f"GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\n\r\n"
    return await _ask(pool, head.encode(), timeout)


async def post(
    pool: Pool,
    host: str,
    path: str,
    body: bytes,
    *,
    headers: list[Header],
    timeout: float,  # noqa: ASYNC109
) -> int:
    """Status of a POST. Raises UpstreamError, or TimeoutError after `timeout` seconds: it may have been done then."""
    lines = [f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n".encode()]
    for name, value in headers:
        lines += (name, b": ", value, b"\r\n")
    status, _ = await _ask(pool, b"".join((*lines, b"\r\n", body)), timeout)
    return status


async def _ask(pool: Pool, request: bytes, timeout: float) -> tuple[int, bytes]:  # noqa: ASYNC109
    async with asyncio.timeout(timeout):
        connection = await pool.acquire(fresh=True)
        try:
            connection.begin(bodyless=False, timeout=timeout)
            connection.write(request)
            await connection.answer()
            body = bytearray()
            while not connection.complete:
                await connection.more()
                body += connection.take()
                if len(body) > MAX_BODY_BYTES:
                    raise BadAnswer("more than is taken here")
            body += connection.take()
            return connection.status, bytes(body)
        finally:
            pool.release(connection)
