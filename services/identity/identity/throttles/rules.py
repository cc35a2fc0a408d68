"""The limits, and what is counted under which key."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_network

from identity.origin import Address
from identity.settings import Settings
from identity.throttles.errors import TriedTooOften

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """`quota` tries in a window; a full bucket may be emptied at once and refills evenly (GCRA)."""

    policy: str
    quota: int
    window: timedelta

    @property
    def interval(self) -> timedelta:
        return self.window / self.quota

    def refusal(self, full_at: datetime, instant: datetime) -> TriedTooOften:
        """What is told while a bucket that is full again at `full_at` gives nothing."""
        wait = (full_at + self.interval - self.window - instant).total_seconds()
        return TriedTooOften(
            self.policy, self.quota, int(self.window.total_seconds()), max(1, math.ceil(wait))
        )


def _limit(policy: str, quota: int, window: timedelta, settings: Settings) -> Limit:
    return Limit(policy, max(1, round(quota * settings.limits_factor)), window)


def logins_by_name(settings: Settings) -> Limit:
    window = timedelta(minutes=settings.login_tries_minutes)
    return _limit("logins-by-name", settings.login_tries_per_name, window, settings)


def logins_by_address(settings: Settings) -> Limit:
    window = timedelta(minutes=settings.login_tries_minutes)
    return _limit("logins-by-address", settings.login_tries_per_address, window, settings)


def passkeys_by_address(settings: Settings) -> Limit:
    window = timedelta(minutes=settings.login_tries_minutes)
    return _limit("passkeys-by-address", settings.passkey_tries_per_address, window, settings)


def registrations_by_address(settings: Settings) -> Limit:
    return _limit("registrations-by-address", settings.registrations_per_address, HOUR, settings)


def mails_by_address(settings: Settings) -> Limit:
    return _limit("mails-by-address", settings.mail_requests_per_address, HOUR, settings)


def mails_by_mailbox(settings: Settings) -> Limit:
    return _limit("mails-by-mailbox", settings.mail_requests_per_mailbox, HOUR, settings)


def name_key(name: str) -> bytes:
    """The key of a login name or a mailbox, as it was typed: what account is behind it has no say."""
    return hashlib.sha256(name.lower().encode()).digest()


def address_key(address: Address) -> bytes:
    """The key of an address. Who has one IPv6 address has the 2^64 beside it as well."""
    if isinstance(address, IPv6Address):
        return ip_network((address, 64), strict=False).network_address.packed
    return address.packed
