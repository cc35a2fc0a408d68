"""What the gateway counts, for Prometheus. By route template, never by path: paths are what clients type."""

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from gateway.proxy import Proxy

REQUESTS = Counter(
    "lyceum_gateway_requests_total", "Requests answered", ["service", "method", "route", "status"]
)
SECONDS = Histogram(
    "lyceum_gateway_request_duration_seconds",
    "From the request's head to the answer's end, streams left out",
    ["service", "method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
LIMITED = Counter("lyceum_gateway_limited_total", "Requests refused by a rate limit", ["policy"])
SHED = Counter("lyceum_gateway_shed_total", "Requests refused because too many were in flight")
UPSTREAM_ERRORS = Counter(
    "lyceum_gateway_upstream_errors_total", "Answers a service owed", ["service", "error"]
)
IN_FLIGHT = Gauge("lyceum_gateway_in_flight", "Requests being answered, streams left out")
STREAMS = Gauge("lyceum_gateway_streams", "Server-sent event streams open")
CONNECTIONS = Gauge("lyceum_gateway_upstream_connections", "Connections to a service", ["service", "state"])
REVOKED = Gauge("lyceum_gateway_revocations", "Sessions and users whose tokens are refused")
VIEWS_WAITING = Gauge("lyceum_gateway_views_waiting", "Views of courses that catalog was not told of yet")
VIEWS_BEHIND = Gauge(
    "lyceum_gateway_views_behind_seconds", "For how long catalog has taken no views; 0 while it does"
)
VIEWS_SENT = Counter(
    "lyceum_gateway_views_sent_total",
    "Batches of views sent to catalog, by its answer's status; or none",
    ["answer"],
)
VIEWS_LOST = Counter("lyceum_gateway_views_lost_total", "Views of courses that were not counted", ["why"])
for why in ("full", "stopped", "outdated", "refused"):
    # There from the start: what appears with a first loss has not risen, and no alert would see it.
    VIEWS_LOST.labels(why)

EXPOSITION = CONTENT_TYPE_LATEST


class RequestMetrics:
    """Keeps the labelled counters of the routes in use: to find them anew would cost more than to count."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, str, str, int], Counter] = {}
        self._timers: dict[tuple[str, str, str], Histogram] = {}

    def observe(self, service: str, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an answer; `seconds` None for one that is not to be timed."""
        counter = self._counters.get((service, method, route, status))
        if counter is None:
            counter = REQUESTS.labels(service, method, route, str(status))
            self._counters[service, method, route, status] = counter
        counter.inc()
        if seconds is None:
            return
        timer = self._timers.get((service, method, route))
        if timer is None:
            timer = self._timers[service, method, route] = SECONDS.labels(service, method, route)
        timer.observe(seconds)


def exposition(proxy: "Proxy") -> bytes:
    """Every metric of this process in Prometheus' text format."""
    for service, pool in proxy.pools.items():
        CONNECTIONS.labels(service, "open").set(pool.open)
        CONNECTIONS.labels(service, "idle").set(pool.idle)
        CONNECTIONS.labels(service, "queued").set(pool.queued)
        CONNECTIONS.labels(service, "streaming").set(proxy.streams[service].open)
    return generate_latest()
