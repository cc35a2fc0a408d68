"""Webhooks as Stripe sends them."""

import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from identity.testing import Person

from .server import WEBHOOK_SECRET, StripeServer

WEBHOOK = "/api/v1/payments/webhooks/stripe"
DAY = timedelta(days=1)


def signature(body: bytes, *, at: int | None = None, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """Stripe's scheme, from its documentation: HMAC-SHA256 of `{timestamp}.{body}`."""
    sent = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{sent}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Stripe-Signature": f"t={sent},v1={mac},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    }


@dataclass
class Webhooks:
    client: httpx.AsyncClient
    server: StripeServer

    async def send(self, what: str, told: Any, event_id: str = "evt_1") -> httpx.Response:
        body = self.server.event(what, told, event_id)
        return await self.client.post(WEBHOOK, content=body, headers=signature(body))


async def tier(person: Person) -> str:
    found: str = (await person.get("/users/me/subscription")).json()["effective_tier"]
    return found
