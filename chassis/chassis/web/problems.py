"""Every error becomes a problem document here, and nowhere else."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from chassis.asgi import App, Message, Receive, Scope, Send, respond
from chassis.errors import Invalid, LyceumError, NotFound, PayloadTooLarge, Unavailable
from chassis.passing import is_passing
from chassis.problems import MEDIA_TYPE, problem, problem_of

log = structlog.get_logger()

_UNTRANSLATABLE = "22021"  # PostgreSQL's character_not_in_repertoire
LOGGED = "The error is logged under this request id."
ERRORS_TOLD, NAME_TOLD = 100, 100


def answer(error: LyceumError, request: Request) -> Response:
    """The problem document of one of our errors, with the headers that go with it."""
    return Response(
        problem_of(error, request.url.path),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=error.headers,
    )


class ValidationFailed(Invalid):
    slug = "validation"
    title = "The request does not have the form this endpoint takes"


class MalformedBody(Invalid):
    slug = "malformed-json"
    title = "The body is not JSON"


def from_validation(errors: list[Any]) -> LyceumError:
    """FastAPI's findings as our error; the values given are not repeated, for they may be passwords."""
    if any(error["type"] == "json_invalid" for error in errors):
        where = next(error for error in errors if error["type"] == "json_invalid")
        return MalformedBody(str(where.get("ctx", {}).get("error", where["msg"])))
    # A client that sends a megabyte of mistakes is not sent several back.
    found = [
        {"loc": [_shortened(part) for part in e["loc"]], "msg": e["msg"], "type": e["type"]}
        for e in errors[:ERRORS_TOLD]
    ]
    first = found[0]
    place = ".".join(str(part) for part in first["loc"])
    more = {"errors_in_all": len(errors)} if len(errors) > len(found) else {}
    return ValidationFailed(f"{place}: {first['msg']}", errors=found, **more)


def _shortened(part: int | str) -> int | str:
    """A part of a location; names that nobody here gave are cut."""
    return part if isinstance(part, int) or len(part) <= NAME_TOLD else f"{part[:NAME_TOLD]}..."


def from_database(error: DBAPIError | PoolTimeout) -> LyceumError | None:
    """Ours for the database errors that are the client's doing or pass by themselves; None for a defect."""
    if isinstance(error, PoolTimeout) or is_passing(error):
        return Unavailable("The database is too busy, or does not answer.")
    if getattr(error.orig, "sqlstate", None) == _UNTRANSLATABLE:
        # What a body says was looked at where it was read; this came in the path or the query.
        return Invalid("Text may not contain the character U+0000.")
    return None


def _route(scope: Scope) -> str:
    """The route's template for the log: a path may carry a token, which is nobody's to read there."""
    return str(scope.get("lyceum.route") or "unmatched")


def install(app: FastAPI) -> None:
    """Register the handlers; the order of registration does not matter, the class of the error does."""

    async def on_ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, LyceumError)
        if error.status >= 500:
            log.warning("a request failed", error=repr(error), route=_route(request.scope))
        return answer(error, request)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(from_validation(list(error.errors())), request)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return answer(NotFound("No such path."), request)
        if error.status_code == 413:
            return answer(PayloadTooLarge("The body is larger than this endpoint takes."), request)
        body = problem(
            status=error.status_code,
            slug=_SLUGS.get(error.status_code, "http-error"),
            title=str(error.detail),
            detail=None,
            instance=request.url.path,
        )
        return Response(body, status_code=error.status_code, media_type=MEDIA_TYPE, headers=error.headers)

    async def on_database(request: Request, error: Exception) -> Response:
        assert isinstance(error, DBAPIError | PoolTimeout)
        ours = from_database(error)
        if ours is None:
            return await on_anything(request, error)
        log.warning("the database refused", error=repr(error), route=_route(request.scope))
        return answer(ours, request)

    async def on_anything(request: Request, error: Exception) -> Response:
        log.error(
            "a request met a defect", route=_route(request.scope), method=request.method, exc_info=error
        )
        return answer(LyceumError(LOGGED), request)

    app.add_exception_handler(LyceumError, on_ours)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(DBAPIError, on_database)
    app.add_exception_handler(PoolTimeout, on_database)
    app.add_exception_handler(OSError, on_os_error(on_anything))


class DefectMiddleware:
    """The last net: what nobody caught is logged whole and told as a bare 500, with its request id.

    FastAPI's own net sits outside all other middleware: its answers would carry no request id and not be counted.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log.error("a request met a defect", route=_route(scope), method=scope["method"], exc_info=error)
            if started:
                raise
            ours = LyceumError(LOGGED)
            await respond(send, ours.status, problem_of(ours, scope["path"]), MEDIA_TYPE)


def on_os_error(otherwise: Any) -> Any:
    """A refused or reset connection passes; any other OSError is a defect."""

    async def handle(request: Request, error: Exception) -> Response:
        if isinstance(error, ConnectionError | TimeoutError):
            log.warning("a part we stand on is away", error=repr(error), route=_route(request.scope))
            return answer(Unavailable("A part of the platform does not answer."), request)
        answered: Response = await otherwise(request, error)
        return answered

    return handle


_SLUGS = {400: "bad-request", 405: "method-not-allowed", 406: "not-acceptable", 415: "unsupported-media-type"}
