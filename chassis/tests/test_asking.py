"""`asked` reads a query string as FastAPI's own Query() does, refuses it in the same words, and documents the same."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import httpx
import pytest
from chassis.pagination import PageParams
from chassis.schemas import Money
from chassis.web import asked
from chassis.web.asking import documented
from chassis.web.route import Router
from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field


class Params(PageParams):
    q: str | None = Field(None, min_length=1, max_length=20, description="Words.")
    free: bool | None = None
    max_price: Money | None = None
    min_rating: Decimal | None = Field(None, ge=0, le=5)
    sort: Literal["newest", "price"] | None = None


app = FastAPI()


@app.get("/theirs")
async def theirs(params: Annotated[Params, Query()]) -> dict[str, Any]:
    return params.model_dump(mode="json")


@app.get("/ours")
async def ours(params: Annotated[Params, asked(Params)]) -> dict[str, Any]:
    return params.model_dump(mode="json")


@app.exception_handler(RequestValidationError)
async def refused(_: Any, error: RequestValidationError) -> Any:
    from fastapi.responses import JSONResponse

    return JSONResponse([{**one, "ctx": str(one.get("ctx"))} for one in error.errors()], 422)


async def ask(path: str) -> tuple[int, Any]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://things") as client:
        answer = await client.get(path)
        return answer.status_code, answer.json()


names = st.sampled_from([*Params.model_fields, "colour", "Limit", ""])
values = st.sampled_from(
    [
        "",
        "0",
        "1",
        "101",
        "20.5",
        "-1",
        "true",
        "perhaps",
        "NaN",
        "newest",
        "price",
        "x" * 21,
        "4,5",
        "ä",
        " 7 ",
        "null",
    ]
)


@given(st.lists(st.tuples(names, values), max_size=4))
async def test_a_query_is_read_as_fastapi_reads_it(pairs: list[tuple[str, str]]) -> None:
    query = urlencode(pairs)
    assert await ask(f"/ours?{query}") == await ask(f"/theirs?{query}"), query


def test_it_is_documented_as_fastapi_documents_it() -> None:
    router = Router(prefix="/api/v1")
    router.get("/ours")(ours)
    paths = app.openapi()["paths"]
    [route] = [route for route in router.routes if isinstance(route, APIRoute)]
    assert documented(route.dependant) == paths["/theirs"]["get"]["parameters"]
    whole = FastAPI()
    whole.include_router(router)
    assert (
        whole.openapi()["paths"]["/api/v1/ours"]["get"]["parameters"] == paths["/theirs"]["get"]["parameters"]
    )


def test_a_list_of_values_is_not_for_it() -> None:
    class Many(BaseModel):
        tags: list[str] = []

    with pytest.raises(TypeError, match="more than one value"):
        asked(Many)
