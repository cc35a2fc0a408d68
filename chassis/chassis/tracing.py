"""Request ids and the W3C trace context (https://www.w3.org/TR/trace-context/), through HTTP, Kafka and the logs."""

import random
import re
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{8,128}$")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where we are in a trace: ids in lower-case hex, 16 and 8 bytes; flags one byte."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


current_trace: ContextVar[Trace | None] = ContextVar("lyceum_trace", default=None)
current_request_id: ContextVar[str | None] = ContextVar("lyceum_request_id", default=None)


def continue_trace(traceparent: str | None) -> Trace:
    """A new span in the caller's trace; a new trace when there is none or it is malformed."""
    match = _TRACEPARENT.match(traceparent or "")
    if match is None:
        return Trace(_new(16), _new(8))
    return Trace(match[1], _new(8), match[3])


def traceparent() -> str | None:
    """The header to send onwards, where this code runs inside a trace."""
    trace = current_trace.get()
    return trace.traceparent if trace else None


def sane_request_id(given: str | None) -> str:
    """The caller's id if it can be logged safely, else a new one."""
    if given and _REQUEST_ID.match(given):
        return given
    return _new(16)


def _new(size: int) -> str:
    """So many bytes in hex. Ids have to be unlike each other; that nobody can guess them is asked of tokens."""
    return f"{random.getrandbits(8 * size):0{2 * size}x}"
