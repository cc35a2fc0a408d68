"""The FastAPI application of a service, on shared defaults."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from chassis import metrics
from chassis.asgi import MetricsMiddleware, TraceMiddleware
from chassis.auth import JwksSource, ServiceTokenVerifier, TokenVerifier
from chassis.db import Database
from chassis.internal import InternalCalls, signer_of
from chassis.revocations import EndedTokens
from chassis.settings import ServiceSettings
from chassis.web import ops, problems
from chassis.web.body_limit import BodyLimit, OwnLimits
from chassis.web.openapi import describe_problems

MAX_BODY_BYTES = 2 * 1024 * 1024


def service_app(
    settings: ServiceSettings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    jwks: JwksSource | None = None,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> FastAPI:
    """An application with the errors, health, metrics, tracing and sign-in every service has.

    `jwks` is for the one service that has the signing keys itself. `lifespan` runs inside the chassis' own.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(app.state.database.close)
            stack.push_async_callback(app.state.ended.close)
            if app.state.calls is not None:
                stack.push_async_callback(app.state.calls.close)
            if lifespan is not None:
                await stack.enter_async_context(lifespan(app))
            yield

    app = FastAPI(
        title=title,
        version="1",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=True,
        # Traces and measures are the chassis' own; FastAPI's would tell all of it a second time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    _equip(app, settings, jwks)
    for router in [*routers, ops.dead_letter_router(settings.service)]:
        app.include_router(router)
    _add_health(app)
    problems.install(app)
    describe_problems(app)
    own = OwnLimits(route for router in routers for route in router.routes)
    app.add_middleware(BodyLimit, limit=max_body_bytes, own=own)
    app.add_middleware(problems.DefectMiddleware)
    app.add_middleware(MetricsMiddleware, service=settings.service)
    app.add_middleware(TraceMiddleware)
    return app


def _equip(app: FastAPI, settings: ServiceSettings, jwks: JwksSource | None) -> None:
    """Everything a request may need hangs on `app.state`, made once a process."""
    state: Any = app.state
    state.settings = settings
    state.database = Database(settings)
    state.ended = EndedTokens(state.database)
    state.verifier = TokenVerifier(
        issuer=settings.issuer,
        audience=settings.audience,
        jwks_url=settings.jwks_url,
        source=jwks,
        lives=settings.access_token_seconds,
    )
    state.ended.guard(state.verifier)
    state.service_verifier = (
        ServiceTokenVerifier(settings.service, settings.service_jwks_file)
        if settings.service_jwks_file
        else None
    )
    state.calls = InternalCalls(settings, signer_of(settings)) if settings.service_key_file else None


def _add_health(app: FastAPI) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def alive() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def ready(request: Request) -> dict[str, str]:
        await request.app.state.database.ping()
        return {"status": "ready"}

    @app.get("/metrics", include_in_schema=False)
    async def measured(request: Request) -> Response:
        database: Database = request.app.state.database
        metrics.DB_IN_USE.labels(database.service).set(database.in_use())
        return Response(metrics.exposition(), media_type=metrics.EXPOSITION)
