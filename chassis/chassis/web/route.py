"""A route runs in one transaction, committed before its answer leaves; one that only reads runs in none.

The whole endpoint, its answer's serialisation included, runs inside the transaction; then it is committed; then the
answer is sent. A commit that fails is therefore never a 2xx. With an Idempotency-Key the answer is kept in that same
transaction (docs/adr/0003).
"""

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db
from chassis.auth import Principal
from chassis.db import Database
from chassis.errors import Invalid, KeyInFlight, LyceumError
from chassis.idempotency import IdempotencyKey, first_answer, has_answer, hash_request, keep_answer
from chassis.web.asking import documented
from chassis.web.body_limit import own_limit
from chassis.web.deps import KNOWN, is_for_services, lets_guests_in, only_reads, principal_of, service_of
from chassis.web.direct import handed_over
from chassis.web.problems import answer, from_validation
from chassis.web.uploads import HashedBody

log = structlog.get_logger()

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# What is not kept under an Idempotency-Key: answers that another try may better.
_NOT_KEPT = {401, 408, 425, 429}


class InvalidKey(Invalid):
    slug = "idempotency-key-invalid"
    title = "An Idempotency-Key is 1 to 255 printable ASCII characters"


class TransactionalRoute(APIRoute):
    """One request, one transaction, or none where it asks for `Reading`. A route that touches no session costs no
    connection."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if lets_guests_in(self.dependant):
            # OpenAPI's way to say that a token may be given and need not be: the empty requirement.
            self.openapi_extra = {**(self.openapi_extra or {}), "security": [{}]}
        if parameters := documented(self.dependant):
            self.openapi_extra = {**(self.openapi_extra or {}), "parameters": parameters}

    def get_route_handler(self) -> Handler:
        endpoint = super().get_route_handler()
        template = self.path_format
        for_services = is_for_services(self.dependant)
        # What may be larger than others' is read as it comes.
        streams = own_limit(self.endpoint) is not None
        if only_reads(self.dependant):
            methods = self.methods or set()
            if not methods <= {"GET", "HEAD"}:
                raise TypeError(f"{self.name} is asked by {', '.join(methods)}: that is not to read")
            return _reading(handed_over(self.dependant, KNOWN) or endpoint, template)

        async def handle(request: Request) -> Response:
            request.scope["lyceum.route"] = template
            database: Database = request.app.state.database
            key = request.headers.get("idempotency-key") if request.method == "POST" else None
            if key is not None and "/auth/" not in template:
                caller = await _caller(request, for_services)
                if caller is not None:
                    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
                        raise InvalidKey
                    once = _answer_stream_once if streams else _answer_once
                    return await once(endpoint, request, database, caller, key)
            async with database.session() as session:
                request.state.session = session
                response = await endpoint(request)
                # An answer that refuses (a route may return one) takes back what was done on the way to it.
                if response.status_code < 400:
                    await db.commit(session)
                    _note_staff(request, response)
            return response

        return handle


def _reading(endpoint: Handler, template: str) -> Handler:
    """A route that only reads: nothing to commit, and nothing done twice by asking twice."""

    async def look(request: Request, database: Database) -> Response:
        # `async with session` would close it in a task of its own; there is nothing to wait for here.
        async with aclosing(database.reading()) as session:
            request.state.session = session
            return await endpoint(request)

    async def handle(request: Request) -> Response:
        request.scope["lyceum.route"] = template
        database: Database = request.app.state.database
        try:
            return await look(request, database)
        except DBAPIError as error:
            # The server has closed the connection since it was last used; by now the others like it are dropped.
            if not error.connection_invalidated:
                raise
        return await look(request, database)

    return handle


async def _answer_once(
    endpoint: Handler, request: Request, database: Database, caller: str, key: str
) -> Response:
    body = hashlib.sha256(await request.body()).digest()
    request_hash = hash_request(request.method, request.url.path, request.scope["query_string"], body)
    async with database.session() as session:
        kept = await first_answer(session, caller, key, request_hash)
        if kept is not None:
            return _again(kept)
        request.state.session = session
        given = await _try(endpoint, request)
        if given.status_code < 400:
            await _keep(session, caller, key, request_hash, given)
            await db.commit(session)
            _note_staff(request, given)
            return given
    # The work was taken back; only the refusal is kept, in a transaction of its own.
    return await _keep_refusal(database, caller, key, request_hash, given)


async def _answer_stream_once(
    endpoint: Handler, request: Request, database: Database, caller: str, key: str
) -> Response:
    """As `_answer_once`, for a body too large to be held: it is hashed while the endpoint reads it.

    Which request this is, is known at its end alone, and no transaction is open until then; so the key is taken last,
    in the transaction of the work. Of two at once the one that comes later does its work in vain: it is taken back.
    """
    body = HashedBody(request)
    async with database.transaction() as session:
        is_known = await has_answer(session, caller, key)
    if is_known:
        await body.read_whole()
        async with database.transaction() as session:
            kept = await first_answer(session, caller, key, body.request_hash)
        if kept is None:
            raise KeyInFlight("What was kept under this key was just forgotten: send the request again.")
        return _again(kept)
    async with database.session() as session:
        request.state.session = session
        given = await _try(endpoint, body.request)
        if given.status_code < 400:
            await body.read_whole()
            kept = await first_answer(session, caller, key, body.request_hash)
            if kept is not None:
                return _again(kept)
            await _keep(session, caller, key, body.request_hash, given)
            await db.commit(session)
            _note_staff(request, given)
            return given
    # Refused before its end, it cannot be told from another that begins so; nothing was done, nothing need be kept.
    return await _keep_refusal(database, caller, key, body.request_hash, given) if body.is_whole else given


async def _try(endpoint: Handler, request: Request) -> Response:
    """The endpoint's answer; a refusal that is to be kept as an answer too. Any other is raised."""
    try:
        return await endpoint(request)
    except (LyceumError, RequestValidationError) as error:
        ours = error if isinstance(error, LyceumError) else from_validation(list(error.errors()))
        if not _is_kept(ours.status):
            raise
        return answer(ours, request)


async def _keep_refusal(
    database: Database, caller: str, key: str, request_hash: str, given: Response
) -> Response:
    if not _is_kept(given.status_code):
        return given
    async with database.transaction() as session:
        kept = await first_answer(session, caller, key, request_hash)
        if kept is not None:
            return _again(kept)
        await _keep(session, caller, key, request_hash, given)
    return given


def _again(kept: IdempotencyKey) -> Response:
    return Response(kept.body, kept.status, {**kept.headers, "Idempotency-Replayed": "true"})


def _note_staff(request: Request, response: Response) -> None:
    """Log what one of the staff did by a right of theirs, once it is committed; looking is not doing."""
    permissions = getattr(request.state, "staff_permissions", None)
    if permissions is None or request.method in ("GET", "HEAD"):
        return
    principal: Principal = request.state.principal
    log.info(
        "staff action",
        actor_id=principal.user_id,
        actor_role=principal.role,
        permissions=permissions,
        method=request.method,
        route=request.scope["lyceum.route"],
        # Numbers name rows; what else stands in a path (a token, a word) is not for the logs.
        targets={name: value for name, value in request.path_params.items() if str(value).isdecimal()},
        status=response.status_code,
    )


def _is_kept(status: int) -> bool:
    return status < 500 and status not in _NOT_KEPT


async def _keep(session: AsyncSession, caller: str, key: str, request_hash: str, response: Response) -> None:
    if isinstance(response, StreamingResponse):
        raise TypeError("a streamed answer cannot be kept under an Idempotency-Key")
    if "no-store" in response.headers.get("cache-control", ""):
        # Secrets shown once (recovery codes): nobody stores them, we neither. A repeat makes new ones.
        return
    headers = {n: v for n, v in response.headers.items() if n.lower() not in ("content-length", "set-cookie")}
    await keep_answer(
        session,
        caller,
        key,
        request_hash,
        status=response.status_code,
        headers=headers,
        body=bytes(response.body),
    )


async def _caller(request: Request, for_services: bool) -> str | None:
    """Whose key it is: keys of two never meet. None for a guest, who cannot be told from the next one: behind
    the gateway all have its address."""
    if for_services:
        return f"service:{await service_of(request)}"
    principal: Principal | None = await principal_of(request)
    return f"user:{principal.user_id}" if principal is not None else None


class Router(APIRouter):
    """An APIRouter of transactional routes; errors are documented as problem documents."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("route_class", TransactionalRoute)
        given.setdefault("generate_unique_id_function", _operation_id)
        super().__init__(**given)


def _operation_id(route: APIRoute) -> str:
    """`learning_enroll`: the package of the endpoint and its name."""
    return f"{route.endpoint.__module__.split('.')[0]}_{route.name}"


Dependency = Callable[[Request], Awaitable[Any]]
