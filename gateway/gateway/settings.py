"""What the gateway is told from outside: environment variables that start with GATEWAY_."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from chassis.settings import HttpSettings
from pydantic import BeforeValidator, Field, field_validator

Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(lambda text: ip_network(text, strict=False))]

_HEADER_NAME = r"^[A-Za-z0-9-]{1,64}$"
KIB, MIB = 1024, 1024 * 1024
PRIVATE_NETWORKS = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")


class Settings(HttpSettings, env_prefix="GATEWAY_"):
    """Sizes are bytes, times seconds; rates are requests a minute, before `limits_factor`."""

    port: int = 8000

    # What a client may send.
    max_connections: int = 4_000
    max_head_bytes: int = 32 * KIB
    max_target_bytes: int = 8 * KIB
    max_token_bytes: int = 8 * KIB
    max_body_bytes: int = 4 * MIB
    max_upload_bytes: int = 2048 * MIB
    """The body of the few routes that take files; CATALOG_MAX_UPLOAD_BYTES is the same."""

    # How long a client may take.
    head_timeout: float = 15.0
    body_timeout: float = 30.0
    """Between two pieces of a request's body."""
    write_timeout: float = 60.0
    """How long a client may leave its answer unread."""
    keep_alive_timeout: float = 75.0

    # What a service may take.
    connect_timeout: float = 2.0
    answer_timeout: float = 30.0
    """From the request's last byte to the answer's first."""
    slow_answer_timeout: float = 120.0
    """The same, for the routes that are known to work long (an export, a rebuild)."""
    long_answer_timeout: float = 900.0
    """The same, where gigabytes are worked on first (a course sent as an archive); longer than CATALOG_IMPORT_TIMEOUT."""
    idle_timeout: float = 60.0
    """Between two pieces of an answer. Server-sent events keep a comment going every 15 s."""
    idle_connection_timeout: float = 30.0
    """Shorter than the services' own 75 s, so that it is the gateway that ends an idle connection."""
    connections_per_service: int = 100
    streams_per_service: int = 1_000
    """Server-sent events hold their connection, and so does a body that is too large to be held here until it is
    whole: they are counted apart."""
    streams_per_client: int = 20
    uploads_per_client: int = 20
    """Files that one client may be sending at a time."""
    queue_per_service: int = 500
    queue_timeout: float = 5.0
    max_in_flight: int = 2_000

    # Rates.
    auth_rate: int = 20
    write_rate: int = 120
    read_rate: int = 600
    forged_rate: int = 60
    """Tokens that do not verify, per address."""
    limited_clients: int = 50_000
    """How many buckets are remembered; the least recently used go first."""

    trusted_proxies: tuple[Network, ...] = ()
    """Peers whose X-Forwarded-For and X-Forwarded-Proto are believed: the load balancer in front."""
    metrics_networks: tuple[Network, ...] = tuple(ip_network(text) for text in PRIVATE_NETWORKS)
    """Who may read /metrics."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose scripts may call the API, as `https://app.example`; none by default."""

    geoip_database: Path | None = None
    """A file in MaxMind's format (GeoLite2-City and its kin): where clients are. Replaced, it is read anew."""
    geoip_country_header: str | None = Field(default=None, pattern=_HEADER_NAME)
    geoip_city_header: str | None = Field(default=None, pattern=_HEADER_NAME)
    """The headers in which the CDN in front says where a client is (`CF-IPCountry`, `CF-IPCity`). They count only
    from `trusted_proxies`, and before the database."""

    service_key_file: Path | None = None
    """PEM of the gateway's own EC P-256 private key, for what it tells catalog; without one no views are counted."""
    service_key_number: int = 1
    """The `n` in that key's kid `gateway.<n>`."""
    views_every: float = Field(default=10.0, gt=0)
    """How often catalog is told which courses were looked at. A gateway that is killed loses so many seconds of it."""

    access_log_sample: float = Field(default=1.0, ge=0, le=1)
    """The share of answers below 500 that are logged."""
    openapi_refresh: float = 300.0

    @field_validator("service_urls")
    @classmethod
    def _plain_http(cls, urls: dict[str, str]) -> dict[str, str]:
        for name, url in urls.items():
            parts = urlsplit(url)
            if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
                raise ValueError(f"{name}: {url!r} must read http://host:port")
        return urls
