"""Where a request came from, as far as it can be known: the address, its coarse place, and what the client calls
itself."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote

Address = IPv4Address | IPv6Address

USER_AGENT_AT_MOST = 512
CITY_AT_MOST = 100

_COUNTRY = re.compile(r"[A-Z]{2}")
# What runs by itself, and what is neither a computer nor a telephone although it says it runs one's system.
_NO_DEVICE_OF_A_PERSON = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|headless|phantomjs|lighthouse|preview|monitor|"
    r"playstation|xbox|nintendo|smart-?tv|apple ?tv|android ?tv|googletv|hbbtv|web0s|webos|tizen.*\btv\b|\bbravia\b|"
    r"roku|\baft[a-z]+\b|crkey|watch ?os|\bwatch\b"
)
_TABLET = re.compile(r"ipad|tablet|playbook|kindle|silk(?!.*mobile)|android(?!.*mobi)")
_MOBILE = re.compile(r"mobi|iphone|ipod|android|blackberry|\bbb10\b|opera mini|windows phone|kaios")
_DESKTOP = re.compile(r"windows nt|macintosh|x11|linux|cros\b|freebsd|openbsd")


@dataclass(frozen=True, slots=True)
class Origin:
    """The client's address and user agent; the country (two letters) and the city are None where not known."""

    address: Address
    user_agent: str
    country: str | None = None
    city: str | None = None

    @property
    def device_type(self) -> str:
        """desktop, mobile, tablet or unknown: coarse, from the user agent, for people to tell sessions apart.

        Robots, consoles and television sets are unknown: they are none of the three, whatever system they name.
        """
        agent = self.user_agent.lower()
        if _NO_DEVICE_OF_A_PERSON.search(agent):
            return "unknown"
        for device, pattern in (("tablet", _TABLET), ("mobile", _MOBILE), ("desktop", _DESKTOP)):
            if pattern.search(agent):
                return device
        return "unknown"

    @property
    def location(self) -> str:
        """The place as people read it, `London, GB`; empty where it is not known."""
        return ", ".join(part for part in (self.city, self.country) if part)


def origin_of(
    peer: str | None,
    forwarded_for: str | None,
    user_agent: str | None,
    trusted: tuple[IPv4Network | IPv6Network, ...],
    *,
    country: str | None = None,
    city: str | None = None,
) -> Origin:
    """The origin of a request; `forwarded_for` and the place count only when the peer is a proxy of ours.

    Of several addresses in it the last is the one our own gateway wrote; the others are the client's word. The city
    is percent-encoded, as the gateway sends it.
    """
    address = _address(peer)
    believed = any(address in network for network in trusted)
    if forwarded_for and believed:
        address = _address(forwarded_for.rpartition(",")[2].strip())
    agent = (user_agent or "").replace("\x00", "")[:USER_AGENT_AT_MOST]
    if not believed or country is None or not _COUNTRY.fullmatch(country):
        return Origin(address, agent)
    return Origin(address, agent, country, _city(city))


def _city(encoded: str | None) -> str | None:
    named = "".join(c for c in unquote(encoded or "") if c.isprintable()).strip()
    return named[:CITY_AT_MOST] or None


def _address(text: str | None) -> Address:
    try:
        found = ip_address(text or "0.0.0.0")  # noqa: S104 - stands for "unknown", nothing is bound to it
    except ValueError:
        return IPv4Address(0)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
