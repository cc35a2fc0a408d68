"""Logs are JSON lines on standard output, each with the service, the trace id and the request id."""

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from chassis.tracing import current_request_id, current_trace


def _context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    trace = current_trace.get()
    if trace is not None:
        event["trace_id"] = trace.trace_id
    request_id = current_request_id.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def configure_logs(service: str, process: str, level: str = "INFO") -> None:
    """Set up structlog, and make the standard library's loggers (uvicorn, aiokafka) speak through it."""

    def place(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"service": service, "process": process, **event}

    shared: list[structlog.typing.Processor] = [
        place,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _context,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    # aiokafka tells every reconnect at length; what matters of it we log ourselves.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("httpx").setLevel(logging.WARNING)
