"""The query string of hot lists, read as one model in one go.

FastAPI takes such a model apart at every request, to look at each field's annotation: for a list of many filters that
takes longer than its rows. What is documented is FastAPI's own telling all the same, and what is refused is refused in
the same words (chassis/tests/test_asking.py).
"""

from collections.abc import Callable, Coroutine
from functools import cache
from typing import Annotated, Any, TypeVar, get_origin

from fastapi import Depends, FastAPI, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


def asked(model: type[M]) -> Any:
    """`params: Annotated[ListParams, asked(ListParams)]`: as `Query()`, for models whose fields have one value each."""
    for name, field in model.model_fields.items():
        if field.alias is not None or get_origin(field.annotation) in (list, set, tuple, dict):
            raise TypeError(f"{model.__name__}.{name} is more than one value of its own name")
    return Depends(_reader(model))


@cache
def _reader(model: type[M]) -> Callable[[Request], Coroutine[Any, Any, M]]:
    known = frozenset(model.model_fields)
    validate = model.__pydantic_validator__.validate_python

    async def read(request: Request) -> M:
        query = request.query_params
        # Of what is known the last counts; what is not is told whole, for the model to refuse.
        given: dict[str, Any] = {name: query[name] for name in query if name in known}
        for name in query:
            if name not in known:
                values = query.getlist(name)
                given[name] = values[0] if len(values) == 1 else values
        try:
            found: M = validate(given)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            raise RequestValidationError(
                [{**one, "loc": ("query", *one["loc"])} for one in errors]
            ) from error
        return found

    read.documents = model  # type: ignore[attr-defined]
    return read


def documented(dependant: Dependant) -> list[dict[str, Any]]:
    """OpenAPI's parameters of what a route asks for by `asked`."""
    models = [getattr(each.call, "documents", None) for each in dependant.dependencies]
    return [parameter for model in models if model is not None for parameter in _parameters(model)]


@cache
def _parameters(model: type[BaseModel]) -> tuple[dict[str, Any], ...]:
    app = FastAPI()

    async def read(params: Any) -> None: ...

    read.__annotations__["params"] = Annotated[model, Query()]
    app.get("/")(read)
    return tuple(app.openapi()["paths"]["/"]["get"]["parameters"])
