"""What a service is told from outside: environment variables under the service's own prefix."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

CLOCK_SKEW_SECONDS = 300.0


class HttpSettings(BaseSettings):
    """What every process that answers HTTP is told. Times are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = "http://127.0.0.1:8000"
    """The gateway's base URL as people see it: links in mails and problem documents are built from it alone."""
    log_level: str = "INFO"
    limits_factor: float = 1.0
    """Multiplies every rate limit; 100 in development."""

    issuer: str = "http://127.0.0.1:8000"
    audience: str = "lyceum"
    jwks_url: str = "http://127.0.0.1:8000/.well-known/jwks.json"
    access_token_seconds: int = Field(600, ge=30, le=3600)
    """How long an access token lives. Identity issues them so, and the others refuse one that claims to live longer,
    for so long do they remember what was ended. To raise it, raise it for all the others first."""
    service_urls: dict[str, str] = Field(default_factory=dict)
    """Where the other services answer, by name."""

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_idempotent: bool = True
    """Whether the producer is idempotent. Apache Kafka: yes. The embedded broker knows no such thing."""
    kafka_fetch_max_wait_ms: int = 500
    """How long a fetch waits at the broker. Apache Kafka answers at arrival; the embedded broker does not
    wake a waiting fetch, so there a shorter wait buys latency with idle work."""

    kafka_alone: bool = False
    """Whether this worker is the only one of its service and reads every partition without joining the group. The
    embedded broker lets whoever joins wait for 5 s, and behind a member that died for half a minute."""

    kafka_session_timeout_ms: int = 10_000
    """How soon a consumer that died is missed by its group; Apache Kafka takes 6000 at the least."""

    shutdown_timeout: int = 15

    @property
    def revocation_window(self) -> float:
        """How long it matters that a token was ended early: as long as it can live, and what clocks may differ."""
        return self.access_token_seconds + CLOCK_SKEW_SECONDS


class ServiceSettings(HttpSettings):
    """The settings every service has. A service declares `class Settings(ServiceSettings, env_prefix="X_")`."""

    service: ClassVar[str]

    database_url: str = "postgresql+asyncpg://127.0.0.1:5432/lyceum"
    pool_size: int = 4
    pool_overflow: int = 8
    pool_timeout: float = 5.0
    statement_timeout_ms: int = 10_000
    lock_timeout_ms: int = 5_000
    idle_in_transaction_timeout_ms: int = 15_000

    worker_port: int = 0
    """Where the worker answers /metrics, /healthz and /readyz; 0 for nowhere."""

    kafka_max_message_bytes: int = 900_000
    """Events larger than this are refused where they are written, not where they are sent."""
    outbox_retention_hours: int = 24 * 7
    """How long published events are kept, to be published again should the broker come back with an empty log."""
    processed_retention_days: int = 30
    """How long event ids are remembered; longer than any broker or outbox may bring an event back."""
    consumer_batch: int = 500
    consumer_stuck_after: float = 60.0
    consumer_patience: float = 300.0
    """How long one event may hold up its partition by failing for what should pass by itself, before it is
    buried like any other that cannot be handled. Time in which the database is away does not count."""

    service_key_file: Path | None = None
    """PEM of this service's EC P-256 private key: it signs the tokens of service-to-service calls."""
    service_key_number: int = 1
    """The `n` in that key's kid `<service>.<n>`: during a rotation the JWKS holds the old number and the new."""
    service_jwks_file: Path | None = None
    """JWKS with the public key of every service, kid `<service>.<n>`."""

    storage_url: str | None = None
    """Where files are kept: `file:///folder`, or `s3://bucket/prefix` of any S3."""
    storage_endpoint: str | None = None
    """The S3's own address, `https://s3.example`; without it, it is Amazon's."""
    storage_public_endpoint: str | None = None
    """The S3's address as browsers reach it, where that is another one."""
    storage_region: str = "us-east-1"
    storage_access_key: str | None = None
    storage_secret_key: SecretStr | None = None
    """Without the two the S3 is spoken to as the machine's own role."""

    mail_spool_dir: Path | None = None
    """Where mails are put, one .eml a message, when there is no SMTP server."""
    smtp_url: str | None = None
    """`smtps://user:password@host:port` (TLS from the start), `smtp+starttls://…` (required), or `smtp://…` (TLS where
    the server offers it; required with a password). Wins over the spool."""
    smtp_ca_file: Path | None = None
    """PEM of the authorities that the SMTP server's certificate is checked against; the machine's own by default."""
    mail_from: str = "Lyceum <no-reply@lyceum.example>"
