"""Asking a service on the gateway's own behalf, over the same connections as everybody's requests."""

import asyncio

from gateway.connection import BadAnswer
from gateway.pool import Pool

MAX_BODY_BYTES = 16 * 1024 * 1024


async def fetch(pool: Pool, host: str, path: str, *, timeout: float) -> tuple[int, bytes]:  # noqa: ASYNC109
    """Status and body of a GET. Raises UpstreamError, or TimeoutError after `timeout` seconds."""
    async with asyncio.timeout(timeout):
        connection = await pool.acquire(fresh=True)
        try:
            connection.begin(bodyless=False, timeout=timeout)
            connection.write(
                f"GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\n\r\n".encode()
            )
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
