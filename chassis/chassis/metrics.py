"""What every process counts, for Prometheus. Names are stable: dashboards and alerts are written against them."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

HTTP_REQUESTS = Counter(
    "lyceum_http_requests_total", "Requests answered", ["service", "method", "route", "status"]
)
HTTP_SECONDS = Histogram(
    "lyceum_http_request_duration_seconds",
    "From the request's head to the answer's end",
    ["service", "method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
OUTBOX_UNPUBLISHED = Gauge(
    "lyceum_outbox_unpublished", "Events committed and not yet at the broker", ["service"]
)
OUTBOX_OLDEST = Gauge(
    "lyceum_outbox_oldest_unpublished_seconds", "Age of the oldest unpublished event", ["service"]
)
OUTBOX_PUBLISHED = Counter("lyceum_outbox_published_total", "Events the broker has acknowledged", ["service"])
OUTBOX_REPUBLISHED = Counter(
    "lyceum_outbox_republished_total",
    "Events marked to be sent again because the broker's log is new",
    ["service"],
)
RELAY_ACTIVE = Gauge("lyceum_relay_active", "1 in the process that holds the relay's lock", ["service"])
RELAY_ERRORS = Counter("lyceum_relay_errors_total", "Times the relay had to start over", ["service", "error"])
CONSUMER_LAG = Gauge("lyceum_consumer_lag", "Records behind the end of the log", ["service", "topic"])
CONSUMER_EVENTS = Counter(
    "lyceum_consumer_events_total",
    "Events read, by outcome: handled, duplicate, dead",
    ["service", "type", "outcome"],
)
CONSUMER_RESTARTS = Counter(
    "lyceum_consumer_restarts_total",
    "Consumer restarts, by reason: stuck, error, new_log",
    ["service", "reason"],
)
CONSUMER_PROGRESS = Gauge(
    "lyceum_consumer_last_progress_timestamp_seconds",
    "When the consumer last went round its loop",
    ["service"],
)
EVENT_SECONDS = Histogram(
    "lyceum_event_latency_seconds",
    "From the event's time to its handling being committed",
    ["service"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 30, 300),
)
DEAD_LETTERS = Gauge(
    "lyceum_dead_letters", "Events that could not be handled and wait for an admin", ["service"]
)
MAIL_UNSENT = Gauge("lyceum_mail_unsent", "Mails committed and not yet sent", ["service"])
MAIL_FAILED = Gauge("lyceum_mail_failed", "Mails that were refused for good, or given up", ["service"])
MAIL_SENT = Counter("lyceum_mail_sent_total", "Mails handed over", ["service"])
JOB_SECONDS = Histogram("lyceum_job_duration_seconds", "Background jobs", ["service", "task"])
JOB_ERRORS = Counter("lyceum_job_errors_total", "Background jobs that failed", ["service", "task"])
ENDED_TOKENS = Gauge(
    "lyceum_ended_tokens", "Sessions and users whose access tokens this process refuses", ["service"]
)
ENDED_TOKENS_UNREADABLE = Counter(
    "lyceum_ended_tokens_unreadable_total",
    "Looks at what was ended that failed: while they do, nobody with a token is let in",
    ["service"],
)
DB_IN_USE = Gauge("lyceum_db_pool_in_use", "Connections taken from the pool", ["service"])

EXPOSITION = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """Every metric of this process in Prometheus' text format."""
    return generate_latest()
