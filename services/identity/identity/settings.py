"""What identity is told from outside: IDENTITY_* in the environment."""

import base64
import binascii
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, ClassVar

from chassis.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode


class Settings(ServiceSettings, env_prefix="IDENTITY_"):
    """Identity's settings. Only `secret_key` has no default: it must be the operator's own."""

    service: ClassVar[str] = "identity"

    secret_key: SecretStr
    """32 random bytes in base64. Encrypts the private signing keys and derives the refresh tokens' successors:
    whoever loses it loses every session and every signing key."""
    old_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Secrets that were `secret_key` before (or are about to be), separated by commas: they open and never seal."""
    signing_key_days: float = Field(30, gt=0, le=366)
    """How long a key signs access tokens before the next takes its place."""

    access_token_seconds: int = Field(600, ge=30, le=3600)
    refresh_token_days: int = Field(14, ge=1)
    """How long a session lives without being used."""
    session_days: int = Field(90, ge=1)
    """How long a session lives at most, however much it is used."""
    refresh_grace_seconds: float = Field(5.0, ge=0)
    """How long a refresh token just used still answers with the same successor: two tabs refresh at once."""
    sessions_per_account: int = Field(100, ge=1)
    """Live sessions an account may have; the worker ends the oldest of those beyond."""

    verification_hours: int = Field(48, ge=1)
    reset_minutes: int = Field(60, ge=1)
    mails_per_hour: int = Field(5, ge=1)
    """Verification and reset mails an account can be sent in an hour, times `limits_factor`."""

    emails_per_account: int = Field(10, ge=1)
    """Addresses an account may have on its list, confirmed or not."""

    hashing_threads: int = Field(2, ge=1)
    hashing_queue: int = Field(500, ge=1)
    """Passwords waiting to be hashed or compared; beyond that a request is told to come back."""

    lockout_after: int = Field(5, ge=1)
    """Wrong passwords in a row before an account is locked: for a minute, doubling with each further one to an hour."""
    fresh_login_minutes: int = Field(15, ge=1)
    """How long after a login the password need not be given again to change a second factor or a passkey."""
    login_log_days: int = Field(365, ge=30)
    """How long attempts to log in are kept."""

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    basic_price: Decimal = Field(Decimal("9.00"), ge=0, max_digits=12, decimal_places=2)
    premium_price: Decimal = Field(Decimal("29.00"), ge=0, max_digits=12, decimal_places=2)
    """What the tiers cost a month."""

    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], Field(validate_default=True)] = (
        ip_network("127.0.0.0/8"),
        ip_network("::1/128"),
    )
    """Peers whose X-Forwarded-For is believed: the gateway."""

    outbound_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """`host:port`, comma-separated: identity providers that may be asked although they are on a private network (or
    this machine), and by plain http where their URL says so. All others are asked by https on public addresses only."""
    site_domain: str | None = Field(None, max_length=253)
    """The domain (of `/sites`) whose social apps are offered; the public URL's host when not given."""

    demo_admin_email: str | None = None
    demo_admin_password: SecretStr | None = None
    demo_instructor_email: str | None = None
    demo_instructor_password: SecretStr | None = None
    demo_student_email: str | None = None
    demo_student_password: SecretStr | None = None

    @field_validator("secret_key")
    @classmethod
    def _is_a_key(cls, given: SecretStr) -> SecretStr:
        _check_key(given.get_secret_value())
        return given

    @field_validator("old_secret_keys", mode="before")
    @classmethod
    def _are_keys(cls, given: Any) -> Any:
        keys = [key.strip() for key in given.split(",") if key.strip()] if isinstance(given, str) else given
        for key in keys:
            _check_key(key.get_secret_value() if isinstance(key, SecretStr) else key)
        return keys

    @field_validator("outbound_allowed_hosts", mode="before")
    @classmethod
    def _are_hosts(cls, given: Any) -> Any:
        hosts = [host.strip() for host in given.split(",") if host.strip()] if isinstance(given, str) else given
        for host in hosts:
            name, _, port = host.rpartition(":")
            if not name or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError(f"{host!r} is not host:port")
        return hosts


def _check_key(given: str) -> None:
    try:
        key = base64.b64decode(given, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError("must be 32 random bytes in base64 (openssl rand -base64 32)")
