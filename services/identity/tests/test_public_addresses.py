from ipaddress import ip_address

import pytest
from identity.public_addresses import is_private_network, is_public, unwrapped

PUBLIC = """
    8.8.8.8  1.1.1.1  140.82.121.4  172.15.255.255  172.32.0.0  100.63.255.255  100.128.0.0  192.0.1.1  223.255.255.255
    2606:4700:4700::1111  2a00:1450:4001:80b::200e  2620:4f:8000::1
    ::ffff:8.8.8.8  64:ff9b::8.8.8.8
"""

NOT_PUBLIC = """
    0.0.0.0  0.1.2.3  10.0.0.1  100.64.0.1  100.100.100.200  100.127.255.255  127.0.0.1  127.255.255.254
    169.254.169.254  169.254.170.2  172.16.0.1  172.31.255.255  192.0.0.8  192.0.0.192  192.0.2.1  192.88.99.1
    192.168.0.1  198.18.0.1  198.19.255.255  198.51.100.1  203.0.113.1  224.0.0.1  239.255.255.255  240.0.0.1
    255.255.255.255
    ::  ::1  ::127.0.0.1  ::8.8.8.8  ::ffff:127.0.0.1  ::ffff:169.254.169.254  ::ffff:0:127.0.0.1
    64:ff9b::127.0.0.1  64:ff9b::a9fe:a9fe  64:ff9b::10.0.0.1  64:ff9b:1::8.8.8.8
    100::1  2001::1  2001:0:4136:e378:8000:63bf:3fff:fdd2  2001:db8::1  2002:7f00:1::  2002:808:808::1  3fff::1
    5f00::1  fc00::1  fd00:ec2::254  fe80::1  fe80::1%eth0  fec0::1  ff02::1  ff0e::1
"""


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public(address: str) -> None:
    assert is_public(ip_address(address))
    assert not is_private_network(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "127.0.0.1", "192.168.7.7", "::1", "fd12::1", "::ffff:10.0.0.1"]
)
def test_private_networks(address: str) -> None:
    assert is_private_network(ip_address(address))


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::", "ff02::1", "192.0.0.192"]
)
def test_no_machine_of_ours(address: str) -> None:
    assert not is_private_network(ip_address(address))


def test_unwrapping() -> None:
    assert unwrapped(ip_address("::ffff:10.0.0.1")) == ip_address("10.0.0.1")
    assert unwrapped(ip_address("64:ff9b::1.2.3.4")) == ip_address("1.2.3.4")
    assert unwrapped(ip_address("2002:102:304::")) == ip_address("2002:102:304::")
