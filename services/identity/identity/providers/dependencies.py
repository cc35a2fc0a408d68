"""What routes ask for to speak of providers and with them."""

from typing import Annotated

from fastapi import Depends, Request

from identity.outbound import Outbound
from identity.providers import discovery


async def _discovery(request: Request) -> discovery.Discovery:
    found: discovery.Discovery = request.app.state.discovery
    return found


async def _outbound(request: Request) -> Outbound:
    found: discovery.Discovery = request.app.state.discovery
    return found.outbound


Discovery = Annotated[discovery.Discovery, Depends(_discovery)]
WayOut = Annotated[Outbound, Depends(_outbound)]
