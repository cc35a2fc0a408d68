"""Where a client is, as coarse as a country and a city: from a database of addresses, or from the CDN in front.

Told to identity alone, in X-Client-Country (two letters) and X-Client-City (percent-encoded UTF-8), which no client
can say of itself: the proxy drops what comes under these names.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

import structlog
from maxminddb import MODE_FILE, InvalidDatabaseError, Reader, open_database

from gateway.problems import Header
from gateway.settings import Settings

log = structlog.get_logger()

TOLD = frozenset({"identity"})
"""The services that are told: where a client is, is nobody else's business."""
CHECKED_EVERY = 10.0
"""Seconds between two looks whether the file is another one."""
REMEMBERED = 10_000
CITY_AT_MOST = 100
# What those write who do not know: ISO 3166 leaves XX to users, and T1 is how one CDN calls Tor.
_COUNTRY = re.compile(r"(?!XX|ZZ)[A-Z]{2}")


class Place(NamedTuple):
    """A country's code (ISO 3166-1 alpha-2) and a city's name; empty where not known."""

    country: str = ""
    city: str = ""


NOWHERE = Place()


class Places:
    """Finds the place of a request by the settings; without any, nobody's place is known."""

    def __init__(self, settings: Settings) -> None:
        self._database = PlaceDatabase(settings.geoip_database) if settings.geoip_database else None
        self._country_header = _name(settings.geoip_country_header)
        self._city_header = _name(settings.geoip_city_header)

    def headers(self, client: str, given: list[Header], *, believed: bool) -> list[Header]:
        """What to tell a service. `given` is the request's headers, `believed` whether they come from a proxy of
        ours: only then does what a CDN says in them count, and it counts before the database."""
        place = self._told_by_cdn(given) if believed and self._country_header else NOWHERE
        if place == NOWHERE and self._database is not None:
            place = self._database.find(client)
        told: list[Header] = []
        if place.country:
            told.append((b"x-client-country", place.country.encode()))
        if place.city:
            told.append((b"x-client-city", quote(place.city, safe=" ").encode()))
        return told

    def _told_by_cdn(self, given: list[Header]) -> Place:
        found = dict(given)
        country = found.get(self._country_header or b"", b"").decode("latin-1")
        city = _text(found.get(self._city_header, b"")) if self._city_header else ""
        return _sane(country, city)


class PlaceDatabase:
    """A file in MaxMind's format, read anew when it is replaced. While it cannot be read, the last one is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: Reader | None = None
        self._version: tuple[int, ...] | None = None
        self._checked = float("-inf")
        self._failing = False
        self._known: OrderedDict[str, Place] = OrderedDict()

    def find(self, address: str) -> Place:
        """The place of an address; NOWHERE for one that the file does not know."""
        self._open_if_changed()
        place = self._known.get(address)
        if place is None:
            place = self._known[address] = self._look_up(address)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return place

    def _look_up(self, address: str) -> Place:
        if self._reader is None:
            return NOWHERE
        try:
            record: Any = self._reader.get(address)
        except (ValueError, OSError, InvalidDatabaseError) as error:
            # ValueError: no address, or one of six in a file for four.
            if not isinstance(error, ValueError):
                log.warning("the database of places cannot be read", error=repr(error))
            return NOWHERE
        return _place_in(record) if isinstance(record, Mapping) else NOWHERE

    def _open_if_changed(self) -> None:
        instant = time.monotonic()
        if instant - self._checked < CHECKED_EVERY:
            return
        self._checked = instant
        try:
            found = self._path.stat()
            version = (found.st_ino, found.st_mtime_ns, found.st_size)
            if version == self._version:
                self._failing = False
                return
            # Read by pieces, not mapped into memory: whoever writes over a mapped file in place kills its readers.
            reader = open_database(self._path, MODE_FILE)
        except (OSError, ValueError, InvalidDatabaseError) as error:
            # Once a failure, not once a look.
            if not self._failing:
                log.warning(
                    "the database of places cannot be opened", path=str(self._path), error=repr(error)
                )
            self._failing = True
            return
        self._failing = False
        if self._reader is not None:
            self._reader.close()
        self._reader, self._version = reader, version
        self._known.clear()
        log.info("places are known", database=reader.metadata().database_type)


def _place_in(record: Mapping[str, Any]) -> Place:
    """A record's place: GeoLite2 and its kin nest names by language, others write plain strings."""
    country, city = record.get("country"), record.get("city")
    if isinstance(country, Mapping):
        country = country.get("iso_code")
    elif country is None:
        country = record.get("country_code")
    if isinstance(city, Mapping):
        names = city.get("names")
        city = names.get("en") if isinstance(names, Mapping) else None
    return _sane(country, city)


def _sane(country: object, city: object) -> Place:
    """A place that fits into headers; a city without its country is nowhere."""
    if not isinstance(country, str) or not _COUNTRY.fullmatch(country.strip().upper()):
        return NOWHERE
    named = "".join(c for c in city if c.isprintable()).strip() if isinstance(city, str) else ""
    return Place(country.strip().upper(), named[:CITY_AT_MOST].strip())


def _name(header: str | None) -> bytes | None:
    return header.strip().lower().encode() if header else None


def _text(value: bytes) -> str:
    """A header's text: UTF-8 as it is or percent-encoded, else Latin 1. CDNs do each of these."""
    raw = unquote_to_bytes(value)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
