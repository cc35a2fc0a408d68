"""RFC 9457 problem documents: what an error looks like to a client, whoever answers."""

from collections.abc import Mapping
from typing import Any

import orjson

from chassis.errors import LyceumError
from chassis.tracing import current_request_id

MEDIA_TYPE = "application/problem+json"


def problem(
    *,
    status: int,
    slug: str,
    title: str,
    detail: str | None,
    instance: str,
    members: Mapping[str, Any] | None = None,
) -> bytes:
    """The document as JSON bytes; `instance` is the path that was asked for."""
    document: dict[str, Any] = {
        **(members or {}),
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "instance": instance,
        "request_id": current_request_id.get(),
    }
    return orjson.dumps(document, default=str)


def problem_of(error: LyceumError, instance: str) -> bytes:
    """The document for one of our own errors."""
    return problem(
        status=error.status,
        slug=error.slug,
        title=error.title,
        detail=error.detail,
        instance=instance,
        members=error.members,
    )
