"""Where a request came from, as far as it can be known: the address and what the client calls itself."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

USER_AGENT_AT_MOST = 512


@dataclass(frozen=True, slots=True)
class Origin:
    """The client's address and user agent."""

    address: Address
    user_agent: str

    @property
    def device_type(self) -> str:
        """desktop, mobile, tablet or unknown: coarse, from the user agent, for people to tell sessions apart."""
        agent = self.user_agent.lower()
        if "ipad" in agent or "tablet" in agent or ("android" in agent and "mobile" not in agent):
            return "tablet"
        if "mobi" in agent or "iphone" in agent or "android" in agent:
            return "mobile"
        if any(system in agent for system in ("windows nt", "macintosh", "x11", "linux", "cros")):
            return "desktop"
        return "unknown"


def origin_of(
    peer: str | None,
    forwarded_for: str | None,
    user_agent: str | None,
    trusted: tuple[IPv4Network | IPv6Network, ...],
) -> Origin:
    """The origin of a request; `forwarded_for` counts only when the peer is a proxy of ours.

    Of several addresses in it the last is the one our own gateway wrote; the others are the client's word.
    """
    address = _address(peer)
    if forwarded_for and any(address in network for network in trusted):
        address = _address(forwarded_for.rpartition(",")[2].strip())
    agent = (user_agent or "").replace("\x00", "")[:USER_AGENT_AT_MOST]
    return Origin(address, agent)


def _address(text: str | None) -> Address:
    try:
        found = ip_address(text or "0.0.0.0")  # noqa: S104 - stands for "unknown", nothing is bound to it
    except ValueError:
        return IPv4Address(0)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
