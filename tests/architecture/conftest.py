"""The migrated database of every service, side by side, as the platform has them."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from chassis.testing import Templates


@pytest.fixture(scope="session")
async def url_of(templates: Templates) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """`await url_of("learning")`: that service's migrated database. Shared: a test here leaves no row behind."""
    made: dict[str, str] = {}

    async def url(service: str) -> str:
        if service not in made:
            made[service] = await templates.clone(service)
        return made[service]

    yield url
    for clone in made.values():
        await templates.drop(clone)
