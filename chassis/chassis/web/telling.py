"""Answers that are told as bytes: their route names the model for OpenAPI, and makes none."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from chassis.shapes import to_bytes


def told(members: Mapping[str, Any], **headers: str) -> Response:
    """The answer whose members these are, as chassis.shapes fills them; `ETag="..."` is a header."""
    return Response(to_bytes(members), media_type="application/json", headers=headers or None)
