"""The rules for a request's head, and the answer to a request that broke them."""

from chassis.errors import LyceumError
from chassis.tracing import continue_trace, sane_request_id

from gateway import problems
from gateway.errors import HeadTooLarge, MalformedRequest, UnknownHttpVersion, UnknownTransferCoding
from gateway.exchange import STATUS_LINES
from gateway.problems import Header

MAX_HEADERS = 100


def check_head(version: str, size: int, limit: int, headers: list[Header]) -> None:
    """Refuse what the parser lets pass: too much, and what two servers could read in two ways."""
    if size > limit or len(headers) > MAX_HEADERS:
        raise HeadTooLarge(f"At most {limit} bytes are taken, in {MAX_HEADERS} headers.")
    hosts = lengths = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            lengths += 1
            if not value.isdigit():
                raise MalformedRequest
        elif name == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                raise UnknownTransferCoding
            if version != "1.1":
                raise MalformedRequest
            lengths += 1
    if hosts > 1 or (hosts == 0 and version == "1.1") or lengths > 1:
        raise MalformedRequest
    if version not in ("1.1", "1.0"):
        raise UnknownHttpVersion


def whole_answer(error: LyceumError, default_headers: list[Header]) -> bytes:
    """A request that never reached the application has no id of its own: it gets one here."""
    request_id = sane_request_id(None)
    body = problems.document(error, instance="", request_id=request_id)
    headers = [
        *default_headers,
        *problems.headers(error),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
        (b"traceparent", continue_trace(None).traceparent.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    lines = [b"".join((name, b": ", value, b"\r\n")) for name, value in headers]
    return b"".join((STATUS_LINES[error.status], *lines, b"\r\n", body))
