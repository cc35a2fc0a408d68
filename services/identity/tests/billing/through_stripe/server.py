"""A server that behaves as Stripe's documented API does at the endpoints we use: on loopback, with its own books.

It is spoken to by the real library over HTTP. It checks what Stripe checks: the key, the pinned version, form encoding,
Idempotency-Keys (the first answer again; another request under the same key is a 400 idempotency_error), that a method
belongs to the customer. `troubles` are what goes wrong next.
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from chassis.asgi import Receive, Scope, Send
from identity.payments.stripe import API_VERSION

Json = dict[str, Any]
Answer = tuple[int, Json]

SECRET_KEY = "sk_test_lyceum"
WEBHOOK_SECRET = "whsec_lyceum"

CARDS = {
    "pm_card_visa": ("visa", "4242", None),
    "pm_card_declined": ("visa", "0002", "generic_decline"),
    "pm_card_3ds": ("visa", "3155", None),
    "pm_card_always_3ds": ("visa", "3184", None),
}


def error(status: int, type_: str, code: str | None, message: str, **more: Any) -> Answer:
    return status, {"error": {"type": type_, "code": code, "message": message, **more}}


def nested(pairs: list[tuple[str, str]]) -> Json:
    """`metadata[a]=1&expand[0]=b` as {"metadata": {"a": "1"}, "expand": {"0": "b"}}."""
    found: Json = {}
    for name, value in pairs:
        first, *rest = re.findall(r"[^\[\]]+", name)
        place = found
        for part, following in zip([first, *rest], rest, strict=False):
            place = place.setdefault(part, {})
            first = following
        place[first if rest else name] = value
    return found


@dataclass
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    form: Json


@dataclass
class StripeServer:
    """`requests`: everything asked, in order. `troubles`: popped one by one by POSTs that would move money."""

    requests: list[Request] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    before_answer: Callable[[Json], Awaitable[None]] | None = None
    """Called with an intent that was just made, before anybody is answered: webhooks are as quick as that."""
    customers: dict[str, Json] = field(default_factory=dict)
    methods: dict[str, Json] = field(default_factory=dict)
    intents: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    keys: dict[str, tuple[Json, Answer]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        text = body.decode() if scope["method"] == "POST" else scope["query_string"].decode()
        request = Request(scope["method"], scope["path"], headers, nested(parse_qsl(text)))
        self.requests.append(request)
        status, content = await self._guarded(request)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json"), (b"request-id", b"req_1")],
            }
        )
        await send({"type": "http.response.body", "body": json.dumps(content).encode()})

    async def _guarded(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET_KEY}":
            return error(401, "invalid_request_error", None, "Invalid API Key provided")
        assert request.headers["stripe-version"] == API_VERSION
        if request.method != "POST":
            return self._route(request)
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        key = request.headers["idempotency-key"]
        if key in self.keys:
            asked, answered = self.keys[key]
            if asked != request.form:
                return error(
                    400, "idempotency_error", None, "Keys for idempotent requests can only be used once"
                )
            return answered
        moves_money = request.path in ("/v1/payment_intents", "/v1/refunds")
        trouble = self.troubles.pop(0) if self.troubles and moves_money else None
        match trouble:
            case "rate_limit":
                return error(429, "invalid_request_error", "rate_limit", "Too many requests")
            case "never_arrives":
                return error(500, "api_error", None, "Something went wrong on Stripe's end")
        answered = self._route(request)
        self.keys[key] = (request.form, answered)
        if self.before_answer is not None and request.path == "/v1/payment_intents":
            await self.before_answer(answered[1])
        match trouble:
            case "times_out":
                await asyncio.sleep(3)
            case "server_error":
                return error(500, "api_error", None, "Something went wrong on Stripe's end")
        return answered

    def _route(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix("/v1/").split("/"):
            case "POST", ["customers"]:
                return self._new_customer(request.form)
            case "DELETE", ["customers", customer]:
                self.customers.pop(customer)
                return 200, {"id": customer, "object": "customer", "deleted": True}
            case "POST", ["payment_methods", method, "detach"]:
                return self._detach(method)
            case "POST", ["payment_intents" | "setup_intents" as kind]:
                return self._new_intent(request.form, is_setup=kind == "setup_intents")
            case "GET", ["payment_intents" | "setup_intents" as kind]:
                return self._list(kind, request.form)
            case "GET", ["payment_intents" | "setup_intents", intent]:
                return 200, self._shown(self.intents[intent], expanded=bool(request.form.get("expand")))
            case "POST", ["payment_intents" | "setup_intents", intent, "cancel"]:
                return self._cancel(intent)
            case "POST", ["refunds"]:
                return self._new_refund(request.form)
            case "GET", ["refunds"]:
                found = [
                    r for r in self.refunds.values() if r["payment_intent"] == request.form["payment_intent"]
                ]
                return 200, {"object": "list", "data": found, "has_more": False, "url": "/v1/refunds"}
        return error(404, "invalid_request_error", None, f"Unrecognized request URL ({request.path})")

    # --- its books ------------------------------------------------------------------------------------------

    def _new_customer(self, form: Json) -> Answer:
        made = {"id": f"cus_{len(self.customers) + 1}", "object": "customer", "metadata": form["metadata"]}
        self.customers[made["id"]] = made
        return 200, made

    def _detach(self, method: str) -> Answer:
        if self.methods.get(method, {}).get("customer") is None:
            text = (
                "The payment method you provided is not attached to a customer so detachment is impossible."
            )
            return error(400, "invalid_request_error", None, text)
        self.methods[method]["customer"] = None
        return 200, self.methods[method]

    def _method(self, given: str, customer: str) -> Json | None:
        """A method of the client's, attached to its first customer; None for one that is another's."""
        if given in CARDS:
            given, template = f"{given}_{len(self.methods) + 1}", given
            brand, last4, _ = CARDS[template]
            self.methods[given] = {
                "id": given,
                "object": "payment_method",
                "type": "card",
                "card": {"brand": brand, "last4": last4},
                "customer": customer,
                "_template": template,
            }
        found = self.methods.get(given)
        return found if found is not None and found["customer"] == customer else None

    def _new_intent(self, form: Json, *, is_setup: bool) -> Answer:
        customer = form["customer"]
        if customer not in self.customers:
            return error(
                400, "invalid_request_error", "resource_missing", "No such customer", param="customer"
            )
        method = self._method(form["payment_method"], customer)
        if method is None:
            text = f"No such PaymentMethod: '{form['payment_method']}'"
            return error(400, "invalid_request_error", "resource_missing", text, param="payment_method")
        assert form["confirm"] == "true"
        assert form["automatic_payment_methods"] == {"enabled": "true", "allow_redirects": "never"}
        name, prefix = ("setup_intent", "seti") if is_setup else ("payment_intent", "pi")
        intent_id = f"{prefix}_{len(self.intents) + 1}"
        off_session = form.get("off_session") == "true"
        assert off_session != (form.get("setup_future_usage", form.get("usage")) == "off_session")
        intent: Json = {
            "id": intent_id,
            "object": name,
            "customer": customer,
            "payment_method": method["id"],
            "client_secret": f"{intent_id}_secret_x",
            "created": int(time.time()),
            "metadata": form["metadata"],
            "status": "succeeded",
        }
        if not is_setup:
            intent |= {
                "amount": int(form["amount"]),
                "amount_received": 0,
                "currency": form["currency"],
                "last_payment_error": None,
                "latest_charge": None,
            }
        self.intents[intent_id] = intent
        return self._confirm(intent, method, off_session=off_session, expanded=True)

    def _confirm(self, intent: Json, method: Json, *, off_session: bool, expanded: bool) -> Answer:
        _, _, decline = CARDS[method["_template"]]
        wants_payer = method["_template"] == "pm_card_always_3ds" or (
            method["_template"] == "pm_card_3ds" and not method.get("_confirmed")
        )
        if decline is None and not wants_payer:
            self._succeed(intent)
        elif wants_payer and not off_session:
            intent["status"] = "requires_action"
            intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        else:
            code = "authentication_required" if wants_payer else "card_declined"
            told = {"type": "card_error", "code": code, "decline_code": decline or code}
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = told
            return error(
                402, "card_error", code, "Your card was declined.",
                decline_code=decline or code, payment_intent=self._shown(intent, expanded=False),
            )  # fmt: skip
        return 200, self._shown(intent, expanded=expanded)

    def _succeed(self, intent: Json) -> None:
        intent["status"] = "succeeded"
        if "amount" in intent:
            intent["amount_received"] = intent["amount"]
            intent["latest_charge"] = f"ch_{intent['id']}"

    def confirm_as_payer(self, intent_id: str) -> Json:
        """What the payer does with Stripe.js and their bank."""
        intent = self.intents[intent_id]
        assert intent["status"] == "requires_action"
        self.methods[intent["payment_method"]]["_confirmed"] = True
        self._succeed(intent)
        return intent

    def _shown(self, intent: Json, *, expanded: bool) -> Json:
        shown = dict(intent)
        if expanded:
            shown["payment_method"] = self.methods[intent["payment_method"]]
            if intent.get("latest_charge"):
                shown["latest_charge"] = {
                    "id": intent["latest_charge"],
                    "object": "charge",
                    "created": intent["created"],
                    "receipt_url": f"https://pay.stripe.com/receipts/{intent['id']}",
                }
        return shown

    def _list(self, kind: str, form: Json) -> Answer:
        wanted = kind.removesuffix("s")
        found = [
            self._shown(one, expanded=False)
            for one in reversed(list(self.intents.values()))
            if one["customer"] == form["customer"] and one["object"] == wanted
        ]
        limit = int(form["limit"])
        content = {
            "object": "list",
            "data": found[:limit],
            "has_more": len(found) > limit,
            "url": f"/v1/{kind}",
        }
        return 200, content

    def _cancel(self, intent_id: str) -> Answer:
        intent = self.intents[intent_id]
        if intent["status"] in ("succeeded", "canceled"):
            text = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
            return error(400, "invalid_request_error", "payment_intent_unexpected_state", text)
        intent["status"] = "canceled"
        return 200, self._shown(intent, expanded=False)

    def _new_refund(self, form: Json) -> Answer:
        intent = self.intents[form["payment_intent"]]
        amount = int(form["amount"])
        before = sum(r["amount"] for r in self.refunds.values() if r["payment_intent"] == intent["id"])
        if before + amount > intent["amount_received"]:
            code = "charge_already_refunded"
            return error(400, "invalid_request_error", code, "Charge has already been refunded.")
        made: Json = {
            "id": f"re_{len(self.refunds) + 1}",
            "object": "refund",
            "payment_intent": intent["id"],
            "amount": amount,
            "currency": intent["currency"],
            "status": "succeeded",
            "created": int(time.time()),
            "metadata": form["metadata"],
        }
        self.refunds[made["id"]] = made
        return 200, made

    # --- what a test asks -----------------------------------------------------------------------------------

    @property
    def charges(self) -> list[int]:
        """What was taken, in cents, charge by charge."""
        return [one["amount_received"] for one in self.intents.values() if one.get("amount_received")]

    def asked(self, method: str, path: str) -> list[Request]:
        return [one for one in self.requests if (one.method, one.path) == (method, path)]

    def event(self, what: str, told: Json, event_id: str = "evt_1") -> bytes:
        """The body of a webhook."""
        return json.dumps(
            {
                "id": event_id,
                "object": "event",
                "api_version": API_VERSION,
                "created": int(time.time()),
                "type": what,
                "data": {"object": told},
            }
        ).encode()
