"""What identity counts beside what every process does."""

from prometheus_client import Counter, Gauge

SIGNING_KEYS = Gauge(
    "lyceum_identity_signing_keys",
    "Keys of access tokens, by state: announced, signing, retiring, retired",
    ["state"],
)
SIGNING_KEY_DUE = Gauge(
    "lyceum_identity_signing_key_due_timestamp_seconds",
    "When the newest signing key is to be followed by the next",
)
RESEALED = Counter(
    "lyceum_identity_resealed_total", "Secrets sealed anew with the newest IDENTITY_SECRET_KEY", ["what"]
)
ERASURES_OPEN = Gauge("lyceum_identity_erasures_open", "Erasures that not every service has reported yet")
ERASURE_OLDEST = Gauge(
    "lyceum_identity_erasure_oldest_seconds", "Since when the oldest of them waits; 0 without any"
)
