"""`/asyncapi.json`: the event streams, as the contracts describe them."""

import asyncio
from functools import cache

import orjson

from gateway.pages import JSON, Answer, tagged
from gateway.request import Request


async def page(request: Request) -> Answer:
    """The AsyncAPI 3 document."""
    document = await asyncio.to_thread(_document)
    return tagged(request, document, [JSON, (b"cache-control", b"public, max-age=300")])


@cache
def _document() -> bytes:
    # Every event class and its schema: built when somebody asks, not in every gateway's memory from the start.
    from contracts.asyncapi import document

    return orjson.dumps(document())
