"""Where clients are, from a real database of addresses and from a CDN's word."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from gateway.places import NOWHERE, Place, PlaceDatabase, Places
from gateway.settings import Settings
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from pydantic import ValidationError

from gateway import places

from .conftest import OpenGateway

LONDON = {"country": {"iso_code": "GB"}, "city": {"names": {"en": "London", "de": "London"}}}
ZURICH = {"country": {"iso_code": "CH"}, "city": {"names": {"en": "Zürich"}}}
SOMEWHERE = {"country": {"iso_code": "FR"}}
PLAIN = {"country_code": "se", "city": "Malmö"}
NAMELESS = {"continent": {"code": "EU"}}


def write(path: Path, networks: dict[str, Any], *, version: int = 6) -> Path:
    """As an updater does it: a new file takes the place of the old one in one step."""
    writer = MMDBWriter(ip_version=version, ipv4_compatible=version == 6, database_type="Test-City")
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    fresh = path.with_suffix(".new")
    writer.to_db_file(str(fresh))
    os.replace(fresh, path)  # noqa: PTH105 - one step
    return path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return write(
        tmp_path / "places.mmdb",
        {
            "198.51.100.0/25": LONDON,
            "198.51.100.128/25": ZURICH,
            "203.0.113.0/26": SOMEWHERE,
            "203.0.113.64/26": PLAIN,
            "203.0.113.128/26": NAMELESS,
            "2001:db8::/32": LONDON,
        },
    )


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("198.51.100.7", Place("GB", "London")),
        ("198.51.100.200", Place("CH", "Zürich")),
        ("203.0.113.1", Place("FR", "")),
        ("203.0.113.70", Place("SE", "Malmö")),
        ("203.0.113.130", NOWHERE),
        ("2001:db8::7", Place("GB", "London")),
        ("192.0.2.1", NOWHERE),
        ("127.0.0.1", NOWHERE),
        ("unknown", NOWHERE),
        ("fe80::1%eth0", NOWHERE),
    ],
)
def test_an_address_is_where_the_database_says(database: Path, address: str, place: Place) -> None:
    assert PlaceDatabase(database).find(address) == place


def test_a_database_for_four_knows_nobody_of_six(tmp_path: Path) -> None:
    found = PlaceDatabase(write(tmp_path / "four.mmdb", {"198.51.100.0/24": LONDON}, version=4))
    assert found.find("198.51.100.7") == Place("GB", "London")
    assert found.find("2001:db8::7") == NOWHERE


def test_a_replaced_file_is_read_anew_and_a_broken_one_is_not(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = PlaceDatabase(database)
    assert known.find("198.51.100.7").city == "London"
    monkeypatch.setattr(places, "CHECKED_EVERY", 0.0)
    write(database, {"198.51.100.0/24": ZURICH})
    assert known.find("198.51.100.7").city == "Zürich"
    fresh = database.with_suffix(".bad")
    fresh.write_bytes(b"not a database")
    os.replace(fresh, database)  # noqa: PTH105
    assert known.find("198.51.100.7").city == "Zürich"
    database.unlink()
    assert known.find("198.51.100.8").city == "Zürich"
    write(database, {"198.51.100.0/24": LONDON})
    assert known.find("198.51.100.7").city == "London"


def test_a_file_cut_short_under_our_hands_ends_nobody(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = PlaceDatabase(database)
    assert known.find("198.51.100.7").city == "London"
    with database.open("r+b") as file:
        file.truncate(10)
    assert known.find("198.51.100.99") in (NOWHERE, Place("GB", "London"))


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "CHECKED_EVERY", 0.0)
    path = tmp_path / "late.mmdb"
    known = PlaceDatabase(path)
    assert known.find("198.51.100.7") == NOWHERE
    write(path, {"198.51.100.0/24": LONDON})
    assert known.find("198.51.100.7") == Place("GB", "London")


@pytest.mark.parametrize(
    ("country", "city", "place"),
    [
        (b"DE", b"K\xc3\xb6ln", ("DE", "Köln")),
        (b"DE", b"K%C3%B6ln", ("DE", "Köln")),
        (b"DE", b"K\xf6ln", ("DE", "Köln")),
        (b"de", b"", ("DE", "")),
        (b"US", b"New\r\nX-Lyceum: York\x00", ("US", "NewX-Lyceum: York")),
        (b"US", b"x" * 5000, ("US", "x" * 100)),
    ],
)
def test_a_cdns_word_is_read_in_each_of_its_spellings(
    country: bytes, city: bytes, place: tuple[str, str]
) -> None:
    known = Places(Settings(geoip_country_header="CF-IPCountry", geoip_city_header="CF-IPCity"))
    given = [(b"cf-ipcountry", country), (b"cf-ipcity", city)]
    told = dict(known.headers("198.51.100.7", given, believed=True))
    assert told[b"x-client-country"] == place[0].encode()
    assert unquote(told.get(b"x-client-city", b"").decode()) == place[1]
    assert all(value.isascii() and b"\r" not in value for value in told.values())
    assert known.headers("198.51.100.7", given, believed=False) == []


@pytest.mark.parametrize("country", [b"XX", b"T1", b"", b"GBR", b"G", b"G\r", "ÄÖ".encode()])
def test_a_cdn_that_does_not_know_leaves_it_to_the_database(database: Path, country: bytes) -> None:
    known = Places(Settings(geoip_country_header="CF-IPCountry", geoip_database=database))
    told = known.headers("198.51.100.200", [(b"cf-ipcountry", country)], believed=True)
    assert told == [(b"x-client-country", b"CH"), (b"x-client-city", b"Z%C3%BCrich")]


def test_the_name_of_a_header_is_the_name_of_a_header() -> None:
    with pytest.raises(ValidationError):
        Settings(geoip_country_header="Bad: header\r\n")


async def test_identity_is_told_and_no_client_tells_it(open_gateway: OpenGateway, database: Path) -> None:
    claims = {"X-Client-Country": "KP", "x-client-city": "Pyongyang", "X-Client-Anything": "x"}
    hops = {"x-forwarded-for": "198.51.100.200"}

    async def heard(path: str, headers: dict[str, str], **settings: Any) -> dict[str, str]:
        door = open_gateway(**settings)
        async with door.client() as client:
            asked = (await client.get(path, headers=headers)).json()["headers"]
        return {name: value for name, value in asked if name.startswith("x-client-")}

    trusted: dict[str, Any] = {"trusted_proxies": ["127.0.0.0/8"], "geoip_database": database}
    told = {"x-client-country": "CH", "x-client-city": "Z%C3%BCrich"}
    assert await heard("/api/v1/users/me/sessions", claims | hops, **trusted) == told
    assert await heard("/api/v1/courses", claims | hops, **trusted) == {}
    assert await heard("/api/v1/users/me/sessions", claims) == {}
    # A stranger's word on where it comes from moves nobody.
    assert await heard("/api/v1/users/me/sessions", claims | hops, geoip_database=database) == {}
