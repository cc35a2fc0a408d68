"""A hot route is called straight away, and nobody can tell: the same answers, refusals and documents as FastAPI's way."""

from typing import Annotated, Any, Literal

import httpx
import pytest
from chassis.pagination import PageParams
from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, OptionalUser, Reading, Router, asked, told
from chassis.web.deps import KNOWN
from chassis.web.direct import handed_over
from fastapi import FastAPI, Path, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import text


class Params(PageParams):
    sort: Literal["newest", "price"] | None = None


router = Router(prefix="/api/v1", tags=["hot"])


async def _told(session: Any, user: Any, params: Params) -> Response:
    one = await session.scalar(text("SELECT 1"))
    return told({"one": one, "user": user and user.user_id, "limit": params.limit, "sort": params.sort})


@router.get("/hot/open")
async def hot(session: Reading, user: OptionalUser, params: Annotated[Params, asked(Params)]) -> Response:
    return await _told(session, user, params)


@router.get("/hot/own")
async def own(session: Reading, user: CurrentUser, params: Annotated[Params, asked(Params)]) -> Response:
    return await _told(session, user, params)


# The same, asking for one thing more, which is FastAPI's to give.
@router.get("/cold/open")
async def cold(
    session: Reading, user: OptionalUser, params: Annotated[Params, asked(Params)], request: Request
) -> Response:
    return await _told(session, user, params)


@router.get("/cold/own")
async def cold_own(
    session: Reading, user: CurrentUser, params: Annotated[Params, asked(Params)], request: Request
) -> Response:
    return await _told(session, user, params)


@router.get("/cold/things/{thing_id}")
async def by_path(session: Reading, thing_id: Annotated[Identifier, Path()]) -> Response:
    return told({"id": thing_id})


@router.get("/cold/modelled")
async def modelled(session: Reading, calls: Calls) -> dict[str, int]:
    return {"one": 1}


def _is_direct(name: str) -> bool:
    (route,) = [one for one in router.routes if isinstance(one, APIRoute) and one.name == name]
    return handed_over(route.dependant, KNOWN) is not None


def test_what_is_called_straight_away() -> None:
    assert {
        name for name in ("hot", "own", "cold", "cold_own", "by_path", "modelled") if _is_direct(name)
    } == {
        "hot",
        "own",
    }


@pytest.mark.parametrize("kind", ["open", "own"])
@pytest.mark.parametrize(
    "query", ["", "?limit=3&sort=price", "?limit=0", "?sort=up", "?colour=red", "?limit=1&limit=2"]
)
@pytest.mark.parametrize("token", ["none", "good", "bad", "twice"])
async def test_nobody_can_tell(
    app: FastAPI, client: httpx.AsyncClient, auth: Any, kind: str, query: str, token: str
) -> None:
    app.include_router(router)
    good = ("authorization", auth(7)["Authorization"])
    headers = {"none": [], "good": [good], "bad": [("authorization", "Bearer no")], "twice": [good, good]}[
        token
    ]
    straight = await client.get(f"/api/v1/hot/{kind}{query}", headers=headers)
    around = await client.get(f"/api/v1/cold/{kind}{query}", headers=headers)
    assert straight.status_code == around.status_code
    assert _but_the_path(straight) == _but_the_path(around)
    assert (straight.status_code == 200) == (token in ("none", "good") and query in ("", "?limit=3&sort=price",
            "?limit=1&limit=2") and (kind, token) != ("own", "none"))  # fmt: skip


def _but_the_path(answer: httpx.Response) -> Any:
    return {name: value for name, value in answer.json().items() if name not in ("instance", "request_id")}


async def test_it_is_documented_alike(app: FastAPI) -> None:
    app.include_router(router)
    paths = app.openapi()["paths"]
    for kind in ("open", "own"):
        straight, around = (paths[f"/api/v1/{way}/{kind}"]["get"] for way in ("hot", "cold"))
        for one in (straight, around):
            del one["operationId"], one["summary"]
        assert straight == around
