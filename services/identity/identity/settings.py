"""What identity is told from outside: IDENTITY_* in the environment."""

import base64
import binascii
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from chassis.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator, model_validator
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
    argon2_memory_kib: int = Field(65_536, ge=8)
    argon2_passes: int = Field(3, ge=1)
    """What a password's hash costs whoever guesses, and us: RFC 9106's second choice. OWASP asks for 19456 and 2 at
    least. Once changed, a hash is made anew at its owner's next login."""

    lockout_after: int = Field(5, ge=1)
    """Wrong passwords in a row before an account is locked: for a minute, doubling with each further one to an hour."""
    login_tries_minutes: int = Field(15, ge=1)
    login_tries_per_name: int = Field(20, ge=1)
    login_tries_per_address: int = Field(100, ge=1)
    """Logins that fail in `login_tries_minutes` before a name, or an address, has to wait; times `limits_factor`."""
    passkey_tries_per_address: int = Field(300, ge=1)
    """Logins with a passkey that are begun in `login_tries_minutes`; pages that offer them begin one each."""
    registration_step_seconds: float = Field(0.5, ge=0, le=5)
    """A registration is answered after a multiple of this, so that the time says nothing of what it came to."""
    registrations_per_address: int = Field(60, ge=1)
    mail_requests_per_address: int = Field(60, ge=1)
    mail_requests_per_mailbox: int = Field(20, ge=1)
    """Registrations, and requests for a mailed link, in an hour; times `limits_factor`."""
    fresh_login_minutes: int = Field(15, ge=1)
    """How long after a login the password need not be given again to change a second factor or a passkey."""
    erasure_asked_again_hours: float = Field(24, gt=0)
    """How long services may be silent on an erasure before they are asked again."""
    exports_per_day: int = Field(5, ge=1)
    """Exports of their own data that an account may ask for in a day, times `limits_factor`."""
    export_max_bytes: int = Field(2**30, ge=2**20)
    """An export that would be larger than this is refused: it is made in a temporary file."""
    export_dir: Path | None = None
    """Where those temporary files are made, if not where the system makes them; they have no names there."""
    exports_at_once: int = Field(2, ge=1)
    """Exports that one process makes at a time; whoever comes then is told to come back."""

    login_log_days: int = Field(365, ge=30)
    """How long attempts to log in are kept."""

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    basic_price: Decimal = Field(Decimal("9.00"), ge=0, max_digits=12, decimal_places=2)
    premium_price: Decimal = Field(Decimal("29.00"), ge=0, max_digits=12, decimal_places=2)
    """What the tiers cost a month."""

    payment_provider: Literal["sandbox", "stripe"] = "sandbox"
    """Who takes the money. The sandbox takes none: anybody subscribes with its test tokens."""
    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    """`whsec_...` of the endpoint at Stripe that leads to /api/v1/payments/webhooks/stripe."""
    stripe_api_base: str = "https://api.stripe.com"
    payment_timeout_seconds: float = Field(10, gt=0, le=12)
    """How long the provider is waited for; a request with an Idempotency-Key holds a connection meanwhile."""
    minimum_charge: Decimal = Field(Decimal("0.50"), ge=0, max_digits=12, decimal_places=2)
    """The rest of a period that costs less than this is given with an upgrade: card networks take no smaller sums."""
    payment_failures_per_hour: int = Field(10, ge=1)
    """Declined payments somebody may have in an hour before they wait, times `limits_factor`: else a thief tries
    cards here."""
    renewal_lead_hours: int = Field(24, ge=0, le=24 * 7)
    """How long before its end a period is renewed: the time there is to repair what stands in the way."""
    dunning_days: int = Field(7, ge=1, le=60)
    """How long a subscription that could not be renewed is past due before it expires."""
    dunning_retry_days: Annotated[tuple[int, ...], NoDecode] = (0, 1, 3, 5)
    """On which days after the end of the period the renewal is tried again, separated by commas; the end itself is
    always one of them."""
    confirmation_hours: int = Field(12, ge=1, le=24 * 7)
    """How long a payment waits for its payer to confirm it. Renewals wait meanwhile: less than their lead."""

    passkey_rp_id: str | None = None
    """The domain that passkeys are bound to; the host of `public_url` unless given. Another one ends all passkeys."""
    passkey_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages and apps may use them, separated by commas; that of `public_url` unless given."""

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
    demo_oidc_slug: str = "lyceum-demo"
    demo_oidc_issuer: str | None = None
    """The identity provider to try, which `python -m identity.demo` offers; without one, it is offered no more."""
    demo_oidc_client_secret: SecretStr | None = None

    @field_validator("secret_key")
    @classmethod
    def _is_a_key(cls, given: SecretStr) -> SecretStr:
        _check_key(given.get_secret_value())
        return given

    @field_validator("passkey_origins", mode="before")
    @classmethod
    def _are_origins(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        return tuple(origin.strip() for origin in given.split(",") if origin.strip())

    @field_validator("old_secret_keys", mode="before")
    @classmethod
    def _are_keys(cls, given: Any) -> Any:
        keys = [key.strip() for key in given.split(",") if key.strip()] if isinstance(given, str) else given
        for key in keys:
            _check_key(key.get_secret_value() if isinstance(key, SecretStr) else key)
        return keys

    @field_validator("dunning_retry_days", mode="before")
    @classmethod
    def _are_days(cls, given: Any) -> Any:
        days = [day.strip() for day in given.split(",") if day.strip()] if isinstance(given, str) else given
        found = tuple(sorted({0, *(int(day) for day in days)}))
        if found[0] < 0:
            raise ValueError("the renewal is tried before the period's end by renewal_lead_hours alone")
        return found

    @model_validator(mode="after")
    def _has_the_providers_keys(self) -> "Settings":
        if self.payment_provider == "stripe" and not (self.stripe_secret_key and self.stripe_webhook_secret):
            raise ValueError("stripe takes IDENTITY_STRIPE_SECRET_KEY and IDENTITY_STRIPE_WEBHOOK_SECRET")
        return self

    @field_validator("outbound_allowed_hosts", mode="before")
    @classmethod
    def _are_hosts(cls, given: Any) -> Any:
        hosts = (
            [host.strip() for host in given.split(",") if host.strip()] if isinstance(given, str) else given
        )
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
