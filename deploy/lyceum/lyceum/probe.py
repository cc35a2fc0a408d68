"""Asking a process of ours over HTTP whether it is ready, without carrying an HTTP library for it."""

from __future__ import annotations

import asyncio
import contextlib

from lyceum.ports import LOOPBACK


async def status_of(port: int, path: str = "/readyz", *, seconds: float = 5.0) -> int | None:
    """The status a GET is answered with; None when nothing, or nothing like HTTP, answers in time."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode()
                )
                await writer.drain()
                first = await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        words = first.split()
        return int(words[1]) if len(words) >= 2 and words[0].startswith(b"HTTP/") else None
    except (OSError, TimeoutError, ValueError):
        return None


async def is_ready(port: int) -> bool:
    """Whether GET /readyz answers 200."""
    return await status_of(port) == 200
