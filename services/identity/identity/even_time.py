"""Answers that come at even times, where what is done until then may not be told by how long it took."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def even_time(step: float) -> AsyncIterator[None]:
    """Leave a whole number of `step` seconds after entering; at once with an error, and with a step of 0."""
    begun = asyncio.get_running_loop().time()
    yield
    if step > 0:
        took = asyncio.get_running_loop().time() - begun
        await asyncio.sleep(step - took % step)
