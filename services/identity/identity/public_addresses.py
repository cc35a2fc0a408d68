"""Which addresses are the public internet: the list of those that are, because the list of those that are not grows."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# Written out, although `ipaddress` knows most: which it knows changes from one Python to the next.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' address translation; some clouds keep their metadata there
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; one cloud's metadata is 192.0.0.192
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them: a tunnel to any IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4: a tunnel to any IPv4 address
        "3fff::/20",
    )
)
_TRANSLATED = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether the address is somebody's on the public internet; an IPv4 address inside an IPv6 one counts as itself."""
    address = unwrapped(address)
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in block for block in _NOT_PUBLIC_4)
    return address in _GLOBAL_UNICAST and not any(address in block for block in _NOT_PUBLIC_6)


def is_private_network(address: Address) -> bool:
    """Whether the address may be a machine of ours: loopback, or of a private network.

    Link-local is none of them: nobody runs a service to be found there, and clouds keep their secrets there.
    """
    address = unwrapped(address)
    if isinstance(address, IPv4Address):
        networks = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
        return any(address in IPv4Network(block) for block in networks)
    return address.is_loopback or address in IPv6Network("fc00::/7")


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to, where it does (mapped, NAT64); else the address itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def literal(host: str) -> Address | None:
    """The address a host is written as; None for a name, and for the notations that only resolvers know."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
