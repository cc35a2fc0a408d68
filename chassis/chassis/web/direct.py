"""Hot routes get what they ask for without FastAPI looking for it at each request.

FastAPI takes a route's signature apart once, but walks over it with every request: exit stacks, caches, a task for each
kind of parameter. For a list that PostgreSQL writes that is a good part of the whole. A route that asks for nothing but
what is known here, and makes its own Response, is called straight away; any other goes FastAPI's way, as documented.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, get_type_hints

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response

Ask = Callable[[Request], Awaitable[Any]]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def handed_over(dependant: Dependant, known: Mapping[Any, Ask]) -> Handler | None:
    """The endpoint as a handler, for a route whose every parameter is one of the `known` dependencies, or tells by
    itself how it is read from the request (`asked`), and which makes its own Response; None for any other."""
    fields = (
        dependant.path_params,
        dependant.query_params,
        dependant.header_params,
        dependant.cookie_params,
        dependant.body_params,
    )
    made_by_fastapi = (
        dependant.request_param_name,
        dependant.websocket_param_name,
        dependant.http_connection_param_name,
        dependant.response_param_name,
        dependant.background_tasks_param_name,
        dependant.security_scopes_param_name,
    )
    endpoint: Any = dependant.call
    returned = get_type_hints(endpoint).get("return")
    if any(fields) or any(made_by_fastapi) or not _is_response(returned):
        return None
    asks: list[tuple[str, Ask]] = []
    for one in dependant.dependencies:
        ask = one.call if hasattr(one.call, "documents") else known.get(one.call)
        if ask is None or one.name is None:
            return None
        asks.append((one.name, ask))

    async def handle(request: Request) -> Response:
        answer: Response = await endpoint(**{name: await ask(request) for name, ask in asks})
        return answer

    return handle


def _is_response(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Response)
