"""Rate limits: a bucket for each client and policy, in memory, and the headers that tell of it.

The headers follow draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "reads";q=600;w=60` says the rule,
`RateLimit: "reads";r=599;t=1` what remains of it and in how many seconds it is whole again. Each replica of the
gateway counts for itself.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address

from gateway.problems import Header
from gateway.settings import Settings

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` requests in `window` seconds; a full bucket may be emptied at once and refills evenly."""

    name: str
    quota: int
    window: float = MINUTE

    @property
    def header(self) -> Header:
        return b"ratelimit-policy", f'"{self.name}";q={self.quota};w={self.window:.0f}'.encode()


@dataclass(slots=True)
class Verdict:
    """`wait` is how many seconds to the next request that will be let in; 0 when this one was."""

    allowed: bool
    wait: int
    headers: tuple[Header, Header]


class Limiter:
    """The buckets of one policy, the least recently used forgotten first.

    A bucket is one number: when it will be full again (the generic cell rate algorithm). Forgetting one makes it
    full, so whoever can bring enough addresses to push others out gains what those addresses gave anyway.
    """

    def __init__(self, policy: Policy, remember: int) -> None:
        self.policy = policy
        self._remember = remember
        self._interval = policy.window / policy.quota
        self._full_at: OrderedDict[object, float] = OrderedDict()
        self._header = policy.header
        self._told = b'"%s";r=%%d;t=%%d' % policy.name.encode()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, client: object, now: float) -> Verdict:
        """Take one request from the client's bucket at the time `now` (any clock that only goes forward)."""
        window = self.policy.window
        full_at = max(now, self._full_at.get(client, 0.0))
        after = full_at + self._interval
        # A nanosecond of grace, or the last request of the quota falls to the rounding of the sums before it.
        allowed = after - now <= window + 1e-9
        if allowed:
            full_at = after
            self._full_at[client] = after
            self._full_at.move_to_end(client)
            if len(self._full_at) > self._remember:
                self._full_at.popitem(last=False)
        behind = full_at - now
        remaining = int((window - behind) / self._interval + 1e-6)
        wait = 0 if allowed else max(1, math.ceil(after - now - window))
        told = self._told % (remaining, math.ceil(behind))
        return Verdict(allowed, wait, (self._header, (b"ratelimit", told)))

    def exhausted(self, client: object, now: float) -> bool:
        """Whether `take` would refuse, without taking."""
        full_at = self._full_at.get(client)
        return full_at is not None and full_at + self._interval - now > self.policy.window + 1e-9


class Limits:
    """The policies: guessing (`auth`), `writes` and `reads`; and `forged`, for tokens that do not verify."""

    def __init__(self, settings: Settings) -> None:
        def limiter(name: str, rate: int) -> Limiter:
            return Limiter(
                Policy(name, max(1, round(rate * settings.limits_factor))), settings.limited_clients
            )

        self.auth = limiter("auth", settings.auth_rate)
        self.writes = limiter("writes", settings.write_rate)
        self.reads = limiter("reads", settings.read_rate)
        self.forged = limiter("forged", settings.forged_rate)


def address_key(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber has for themself."""
    if ":" not in address:
        return address
    parsed = ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped) if mapped is not None else parsed.packed[:8].hex()
