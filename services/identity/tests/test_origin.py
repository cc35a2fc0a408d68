from ipaddress import ip_network

import pytest
from identity.origin import origin_of

TRUSTED = (ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "nonsense", "0.0.0.0"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        (None, "198.51.100.7", "0.0.0.0"),
        ("unix:", None, "0.0.0.0"),
    ],
)
def test_only_our_proxies_are_believed(peer: str | None, forwarded: str | None, address: str) -> None:
    assert str(origin_of(peer, forwarded, "agent", TRUSTED).address) == address


def test_a_user_agent_is_cut_and_cleaned() -> None:
    assert origin_of("127.0.0.1", None, "a\x00b" + "x" * 1000, ()).user_agent == "ab" + "x" * 510
    assert origin_of("127.0.0.1", None, None, ()).user_agent == ""


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Safari/605", "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148", "mobile"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140 Mobile Safari/537", "mobile"),
        ("Mozilla/5.0 (Linux; Android 15; SM-X910) Chrome/140 Safari/537", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X)", "tablet"),
        ("curl/8.9", "unknown"),
    ],
)
def test_the_device_is_told_from_the_user_agent(agent: str, device: str) -> None:
    assert origin_of("127.0.0.1", None, agent, TRUSTED).device_type == device
