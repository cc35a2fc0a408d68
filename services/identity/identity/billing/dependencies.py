"""What billing's routes ask for beside what identity's do."""

from typing import Annotated

from fastapi import Depends, Request

from identity.payments.port import Provider


async def _provider(request: Request) -> Provider:
    provider: Provider = request.app.state.payment_provider
    return provider


PaymentProvider = Annotated[Provider, Depends(_provider)]
"""Whoever takes the money."""
