"""The rules for a request's head, and the answer to a request that broke them."""

from chassis.tracing import continue_trace, sane_request_id

from gateway.exchange import STATUS_LINES
from gateway.problems import CONTENT_TYPE, Header, Problem

MAX_HEADERS = 100


def head_too_large(limit: int) -> Problem:
    return Problem(
        431, "head-too-large", "The request's headers are too large", f"At most {limit} bytes are taken."
    )


def head_problem(version: str, headers: list[Header]) -> Problem | None:
    """What the parser lets pass and two servers could read in two ways."""
    hosts = lengths = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            lengths += 1
            if not value.isdigit():
                return Problem(400, "malformed-request", "This is not a valid HTTP request")
        elif name == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                return Problem(501, "transfer-coding", "No transfer coding but chunked is known here")
            if version != "1.1":
                return Problem(400, "malformed-request", "This is not a valid HTTP request")
            lengths += 1
    if hosts > 1 or (hosts == 0 and version == "1.1") or lengths > 1:
        return Problem(400, "malformed-request", "This is not a valid HTTP request")
    if version not in ("1.1", "1.0"):
        return Problem(505, "http-version", "This server speaks HTTP/1.1")
    return None


def whole_answer(problem: Problem, default_headers: list[Header]) -> bytes:
    """A request that never reached the application has no id of its own: it gets one here."""
    request_id = sane_request_id(None)
    body = problem.body(instance="", request_id=request_id)
    headers = [
        *default_headers,
        *problem.headers,
        (b"content-type", CONTENT_TYPE),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
        (b"traceparent", continue_trace(None).traceparent.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    lines = [b"".join((name, b": ", value, b"\r\n")) for name, value in headers]
    return b"".join((STATUS_LINES[problem.status], *lines, b"\r\n", body))
