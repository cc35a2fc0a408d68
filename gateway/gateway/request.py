"""What the gateway reads from a request before anything is decided."""

import os
import time
from dataclasses import dataclass, field

from chassis.asgi import Scope
from chassis.auth import Principal
from chassis.tracing import Trace, continue_trace, current_request_id, current_trace, sane_request_id

from gateway.client import Clients
from gateway.problems import Header
from gateway.settings import Settings


@dataclass(slots=True)
class Request:
    """`answer_headers` go out with whatever answer it gets; `service`, `route` and `noted` are for metrics
    and the access log. `from_proxy` is whether a proxy of ours sent it; `place` is what its service is told of
    where the client is, and `told` what the service told us alone (X-Lyceum headers of its answer)."""

    scope: Scope
    method: str
    request_id: str
    trace_id: str
    traceparent: str
    client: str
    scheme: str
    host: bytes
    origin: bytes | None
    authorization: list[bytes]
    answer_headers: list[Header]
    from_proxy: bool
    place: list[Header] = field(default_factory=list)
    told: list[Header] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)
    service: str = "gateway"
    route: str = "unmatched"
    stream: bool = False
    noted: bool = True
    principal: Principal | None = None


_WANTED = frozenset(
    {b"host", b"origin", b"traceparent", b"x-forwarded-for", b"x-forwarded-proto", b"x-request-id"}
)


def read(scope: Scope, clients: Clients, settings: Settings) -> Request:
    """Take the request's identity from its headers, and a new one where it has none or not a sane one."""
    found: dict[bytes, bytes] = {}
    authorization: list[bytes] = []
    for name, value in scope["headers"]:
        if name in _WANTED:
            # Repeated, X-Forwarded-For is one list; of the others the last is as good as the first.
            found[name] = (
                found[name] + b"," + value if name == b"x-forwarded-for" and name in found else value
            )
        elif name == b"authorization":
            authorization.append(value)
    request_id, trace = _identity(_text(found.get(b"x-request-id")), _text(found.get(b"traceparent")))
    current_request_id.set(request_id)
    current_trace.set(trace)
    peer = scope["client"][0] if scope["client"] else "unknown"
    scheme = "http"
    from_proxy = clients.believes(peer)
    if from_proxy and found.get(b"x-forwarded-proto") == b"https":
        scheme = "https"
    traceparent = trace.traceparent
    answer_headers = [
        (b"x-request-id", request_id.encode()),
        (b"traceparent", traceparent.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if settings.public_url.startswith("https://"):
        answer_headers.append((b"strict-transport-security", b"max-age=31536000"))
    return Request(
        scope=scope,
        method=scope["method"],
        request_id=request_id,
        trace_id=trace.trace_id,
        traceparent=traceparent,
        client=clients.address(peer, found.get(b"x-forwarded-for")),
        scheme=scheme,
        host=found.get(b"host", b""),
        origin=found.get(b"origin"),
        authorization=authorization,
        answer_headers=answer_headers,
        from_proxy=from_proxy,
    )


def _identity(request_id: str | None, traceparent: str | None) -> tuple[str, Trace]:
    if request_id is None and traceparent is None:
        # Nearly every request: one look into the kernel's random numbers in place of three.
        fresh = os.urandom(40).hex()
        return fresh[:32], Trace(fresh[32:64], fresh[64:])
    return sane_request_id(request_id), continue_trace(traceparent)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
