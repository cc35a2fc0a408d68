"""Who is asking, as far as the network tells, and what of it we believe."""

from functools import lru_cache
from ipaddress import ip_address

from gateway.settings import Network


class Clients:
    """Finds a client's address behind the proxies that are trusted; nobody else's word is taken."""

    def __init__(self, trusted: tuple[Network, ...]) -> None:
        self._trusted = trusted
        self._known = lru_cache(maxsize=4096)(self._is_trusted)

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed.version == network.version and parsed in network for network in self._trusted)

    def believes(self, peer: str) -> bool:
        """Whether this peer is a proxy of ours, whose X-Forwarded headers are true."""
        return bool(self._trusted) and self._known(peer)

    def address(self, peer: str, forwarded_for: bytes | None) -> str:
        """The address nearest to the client that one of ours has seen."""
        if forwarded_for is None or not self.believes(peer):
            return peer
        nearest = peer
        for hop in reversed(forwarded_for.decode("latin-1").split(",")):
            if not self._known(nearest):
                break
            try:
                nearest = str(ip_address(hop.strip()))
            except ValueError:
                break
        return nearest


def within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether the address lies in one of the networks."""
    return Clients(networks).believes(address)
