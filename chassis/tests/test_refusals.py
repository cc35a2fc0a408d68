"""Refusals that a route returns rather than raises, keys on every kind of route, and text no database holds."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from chassis.auth import TokenVerifier
from chassis.db import Database
from chassis.internal import InternalCalls, signer_of
from chassis.testing import ISSUER, Keys, Upstream
from chassis.web import CurrentUser, OptionalUser, Router, ServiceCaller, Session, service_app
from fastapi import Query
from fastapi.responses import JSONResponse
from sqlalchemy import func, select, text


@pytest.fixture
async def client(settings: Any, keys: Keys, things: Any) -> AsyncIterator[httpx.AsyncClient]:
    router, internal = Router(prefix="/api/v1"), Router(prefix="/internal")

    @router.post("/returns/{status}")
    async def returns(status: int, session: Session, _user: CurrentUser) -> JSONResponse:
        session.add(things(name="half", owner_id=1))
        await session.flush()
        return JSONResponse({"status": status}, status)

    @router.post("/guests")
    async def guests(session: Session, _user: OptionalUser) -> dict[str, int]:
        thing = things(name=f"by {await session.scalar(select(func.count(things.id)))}", owner_id=1)
        session.add(thing)
        await session.flush()
        return {"id": thing.id}

    @router.get("/search")
    async def search(q: Annotated[str, Query()], session: Session) -> list[int]:
        return list(await session.scalars(select(things.id).where(things.name == q)))

    @internal.post("/things")
    async def make(session: Session, caller: ServiceCaller) -> dict[str, int]:
        thing = things(name=f"by {caller} {await session.scalar(select(func.count(things.id)))}", owner_id=1)
        session.add(thing)
        await session.flush()
        return {"id": thing.id}

    async def published() -> dict[str, object]:
        return keys.jwks

    app = service_app(settings, title="Refusals", routers=[router, internal])
    app.state.verifier = TokenVerifier(issuer=ISSUER, audience="lyceum", source=published)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            yield client


async def made(database: Database, things: Any) -> int:
    async with database.transaction() as session:
        return (await session.scalar(select(func.count()).select_from(things))) or 0


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("status", [200, 402, 409, 429, 503])
async def test_a_refusal_that_is_returned_takes_back_what_was_done(
    client: httpx.AsyncClient, auth: Any, database: Database, things: Any, status: int, keyed: bool
) -> None:
    headers = {**auth(7), **({"Idempotency-Key": "k"} if keyed else {})}
    answer = await client.post(f"/api/v1/returns/{status}", headers=headers)
    assert answer.status_code == status
    assert await made(database, things) == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    ("status", "kept"), [(402, True), (409, True), (401, False), (429, False), (503, False)]
)
async def test_a_refusal_is_kept_unless_another_try_may_better_it(
    client: httpx.AsyncClient, auth: Any, status: int, kept: bool
) -> None:
    headers = {**auth(7), "Idempotency-Key": "k"}
    first = await client.post(f"/api/v1/returns/{status}", headers=headers)
    again = await client.post(f"/api/v1/returns/{status}", headers=headers)
    assert (first.status_code, again.status_code) == (status, status)
    assert again.headers.get("idempotency-replayed") == ("true" if kept else None)


async def test_a_service_may_use_a_key(
    client: httpx.AsyncClient, service_keys: Any, database: Database, things: Any
) -> None:
    from chassis.auth import ServiceSigner

    async def post(caller: str) -> httpx.Response:
        token = ServiceSigner(caller, service_keys / f"{caller}.pem").token("learning")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        return await client.post("/internal/things", headers=headers)

    first, again, other = await post("catalog"), await post("catalog"), await post("identity")
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 200)
    assert first.content == again.content != other.content
    assert await made(database, things) == 2


async def test_nul_in_a_query_is_refused_and_not_a_defect(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/search?q=a%00b")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (await client.get("/api/v1/search?q=a%ff%20b")).status_code == 200


async def test_services_speak_to_each_other_past_any_proxy(
    settings: Any, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment is for the way out; it would get our service tokens, or be in the way."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    upstream.will_answer("/internal/there", {"a": 1})
    calls = InternalCalls(settings, signer_of(settings))
    try:
        assert await calls.get("catalog", "/internal/there") == {"a": 1}
    finally:
        await calls.close()


async def test_keys_are_fetched_past_any_proxy(
    upstream: Upstream, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chassis.auth import jwks_over_http

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    upstream.will_answer("/jwks.json", keys.jwks)
    assert await jwks_over_http(f"{upstream.url}/jwks.json")() == keys.jwks


async def test_callees_that_answer_oddly_are_unavailable_or_refuse(settings: Any, upstream: Upstream) -> None:
    from chassis.errors import Conflict, Unavailable

    upstream.will_answer("/internal/list", ["no", "problem"], status=409)
    upstream.will_answer("/internal/nobody", {"title": "who are you"}, status=401)
    calls = InternalCalls(settings, signer_of(settings))
    try:
        with pytest.raises(Conflict):
            await calls.get("catalog", "/internal/list")
        with pytest.raises(Unavailable):
            await calls.get("catalog", "/internal/nobody")
    finally:
        await calls.close()


async def test_a_caller_is_told_apart_by_who_they_are_not_by_where_they_are(
    client: httpx.AsyncClient, database: Database, things: Any
) -> None:
    """All guests come from the gateway's address: one's key must not answer another with the first one's answer."""
    headers = {"Idempotency-Key": "1"}
    first = await client.post("/api/v1/guests", headers=headers)
    second = await client.post("/api/v1/guests", headers=headers)
    assert first.json() != second.json()
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0
