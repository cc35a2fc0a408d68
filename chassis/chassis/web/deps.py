"""What a route may ask for in its signature."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPBearer, SecurityScopes
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import InvalidToken, PermissionMissing, Principal, ServiceTokenVerifier, TokenVerifier
from chassis.errors import Unauthenticated
from chassis.internal import InternalCalls


class _Bearer(HTTPBearer):
    """Tells OpenAPI that a token is taken; it is `_token` that reads it, once a request."""

    async def __call__(self, request: HTTPConnection) -> None:
        return None


_bearer = _Bearer(
    auto_error=False, scheme_name="access_token", bearerFormat="JWT", description="An access token"
)
_service_bearer = _Bearer(auto_error=False, scheme_name="service_token", bearerFormat="JWT")


# Coroutines, all of them: FastAPI would run a plain function in a thread, which costs more than all else of a request.


async def _session(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


async def _reading(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


def _token(request: Request) -> str | None:
    given = request.headers.get("authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token or len(request.headers.getlist("authorization")) > 1:
        raise InvalidToken
    return token.strip()


async def principal_of(request: Request) -> Principal | None:
    """Who is calling; None for a guest. A token that does not verify is InvalidToken, never a guest."""
    if hasattr(request.state, "principal"):
        known: Principal | None = request.state.principal
        return known
    token = _token(request)
    verifier: TokenVerifier = request.app.state.verifier
    principal = await verifier.verify(token) if token is not None else None
    request.state.principal = principal
    return principal


async def _optional(request: Request, _scheme: Annotated[object, Security(_bearer)]) -> Principal | None:
    return await principal_of(request)


async def _current(principal: Annotated[Principal | None, Depends(_optional)]) -> Principal:
    if principal is None:
        raise Unauthenticated
    return principal


async def _signed_in(request: Request) -> Principal:
    return await _current(await principal_of(request))


async def _staff(
    request: Request, needed: SecurityScopes, principal: Annotated[Principal, Depends(_current)]
) -> Principal:
    for permission in needed.scopes:
        if not principal.may(permission):
            raise PermissionMissing(permission)
    request.state.staff_permissions = tuple(needed.scopes)
    return principal


def Staff(permission: str) -> Any:  # noqa: N802 - reads as the types beside it: Annotated[Principal, Staff("x.y")]
    """Who holds this right of the staff, admins included; 401 for guests, PermissionMissing for others.

    `permission` is a codename of contracts.permissions. OpenAPI tells it as the operation's security requirement:
    `{"access_token": ["catalog.change_category"]}`. What a staff request that writes came to is logged with its actor.
    """
    return Security(_staff, scopes=[permission])


async def service_of(request: Request) -> str:
    """The name of the calling service; Unauthenticated for anybody else."""
    token = _token(request)
    if token is None:
        raise Unauthenticated
    verifier: ServiceTokenVerifier | None = request.app.state.service_verifier
    if verifier is None:
        raise Unauthenticated
    return await verifier.verify(token)


async def _service(request: Request, _scheme: Annotated[object, Security(_service_bearer)]) -> str:
    return await service_of(request)


async def _calls(request: Request) -> InternalCalls:
    calls: InternalCalls = request.app.state.calls
    return calls


KNOWN: dict[Any, Any] = {
    _reading: _reading,
    _optional: principal_of,
    _current: _signed_in,
    _calls: _calls,
}
"""How chassis.web.direct asks for what a hot route may ask for."""


def lets_guests_in(dependant: Dependant) -> bool:
    """Whether a route looks at a token where there is one, and needs none."""
    asked = _dependencies(dependant)
    return _optional in asked and not {_current, _service} & asked


def is_for_services(dependant: Dependant) -> bool:
    """Whether a route is called by the other services, and not by people."""
    return _service in _dependencies(dependant)


def only_reads(dependant: Dependant) -> bool:
    """Whether a route asked for `Reading`; TypeError where it asked for `Session` too."""
    asked = _dependencies(dependant)
    if _reading in asked and _session in asked:
        raise TypeError("a route reads, or it has a transaction: Reading and Session are one session")
    return _reading in asked


def _dependencies(dependant: Dependant) -> set[object]:
    found: set[object] = {one.call for one in dependant.dependencies}
    return found.union(*(_dependencies(one) for one in dependant.dependencies))


Session = Annotated[AsyncSession, Depends(_session)]
"""The session of this request's transaction."""
Reading = Annotated[AsyncSession, Depends(_reading)]
"""A session in no transaction, which cannot write: for a GET of one statement, or whose statements need not agree."""
OptionalUser = Annotated[Principal | None, Depends(_optional)]
CurrentUser = Annotated[Principal, Depends(_current)]
ServiceCaller = Annotated[str, Depends(_service)]
"""The name of the calling service; its token was verified."""
Calls = Annotated[InternalCalls, Depends(_calls)]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag you read; 412 if it is stale.")
]
