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
        ("Mozilla/5.0 (X11; CrOS x86_64 16181.61.0) AppleWebKit/537.36 Chrome/134 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) Mobile", "mobile"),
        ("Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5", "mobile"),
        (
            "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 Silk/120 like Chrome/120 Safari",
            "tablet",
        ),
        ("Mozilla/5.0 (Linux; U; en-us; KFOT Build/IML74K) Kindle Fire Silk/3.4", "tablet"),
        ("curl/8.9", "unknown"),
        ("python-requests/2.32", "unknown"),
        ("", "unknown"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "unknown"),
        ("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Mobile Safari (compatible; Googlebot/2.1)", "unknown"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140 Safari/537.36", "unknown"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) Edge/44", "unknown"),
        ("Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605", "unknown"),
        ("Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/606.4", "unknown"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 TV Safari/537.36", "unknown"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/108", "unknown"),
        ("Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH2) AppleWebKit/537.36 Chrome/120 Safari", "unknown"),
        ("Mozilla/5.0 (Linux; Android 9; AFTKA) AppleWebKit/537.36 Silk/120 Safari/537.36", "unknown"),
    ],
)
def test_the_device_is_told_from_the_user_agent(agent: str, device: str) -> None:
    assert origin_of("127.0.0.1", None, agent, TRUSTED).device_type == device


@pytest.mark.parametrize(
    ("peer", "country", "city", "location"),
    [
        ("127.0.0.1", "GB", "London", "London, GB"),
        ("127.0.0.1", "CH", "Z%C3%BCrich", "Zürich, CH"),
        ("127.0.0.1", "GB", None, "GB"),
        ("127.0.0.1", "GB", "%00%0d%0a", "GB"),
        ("127.0.0.1", "GB", "%FF", "\ufffd, GB"),
        ("127.0.0.1", "GB", "x" * 500, "x" * 100 + ", GB"),
        ("127.0.0.1", None, "London", ""),
        ("127.0.0.1", "England", "London", ""),
        ("127.0.0.1", "gb", "London", ""),
        ("203.0.113.9", "GB", "London", ""),
        (None, "GB", "London", ""),
    ],
)
def test_the_place_is_the_gateways_word(
    peer: str | None, country: str | None, city: str | None, location: str
) -> None:
    assert origin_of(peer, "198.51.100.7", "a", TRUSTED, country=country, city=city).location == location
