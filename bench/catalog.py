"""Lists, searches and details of a catalogue of a million courses, over HTTP at the catalog service, against 50 ms.

The server is set as `lyceum up` sets it. Kinds of requests take turns, one request at a time, so that whoever else is on
the machine slows all alike; a bare `SELECT 1` and a health check among them tell how much that is. Then all kinds come
from four clients at once.
"""

import asyncio
import base64
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
from lyceum.postgres import EmbeddedPostgres

from bench import catalog_data
from bench.report import Figure, console, percentile, versus
from bench.servers import catalog_service
from bench.stack import RunningStack

LIMIT_MILLISECONDS = 50.0
FACETS_LIMIT_MILLISECONDS = 150.0
COURSES = 1_000_000
EACH = 40
"""Requests of each kind, every one another."""
CLIENTS = 4
RARE, MEDIUM, COMMON = (20_000, 49_999), (500, 3_000), (5, 60)
"""Ranks of words: in one course of two thousand, of a hundred, of five."""
SORTS = ("newest", "popular", "rating", "price")
Kinds = dict[str, list[str]]
Makers = dict[str, Callable[[], str]]


# --- what is asked --------------------------------------------------------------------------------------------------


def _cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


def _found_by(texts: list[str]) -> list[str]:
    return [f"q={quote(text)}" for text in texts]


def _searches(chance: random.Random, texts: list[list[str]]) -> Kinds:
    """Words by how common they are, and out of courses that there are; `texts` are descriptions."""
    words = catalog_data.vocabulary().all

    def word(ranks: tuple[int, int]) -> str:
        return words[chance.randint(*ranks)]

    def of_one_course(how_many: int) -> str:
        text = chance.choice(texts)
        return " ".join(chance.sample(text, how_many))

    def phrase() -> str:
        text = chance.choice(texts)
        place = chance.randrange(len(text) - 1)
        return f'"{text[place]} {text[place + 1]}"'

    made: Makers = {
        "a rare word": lambda: word(RARE),
        "a medium word": lambda: word(MEDIUM),
        "a common word": lambda: word(COMMON),
        "two words, common and medium": lambda: f"{word(COMMON)} {word(MEDIUM)}",
        "two words, common": lambda: f"{word(COMMON)} {word(COMMON)}",
        "two words of a course": lambda: of_one_course(2),
        "three words of a course": lambda: of_one_course(3),
        "a phrase of a course": phrase,
        "a phrase of common words": lambda: f'"{word(COMMON)} {word(COMMON)}"',
        "a word without another": lambda: f"{word(MEDIUM)} -{word(COMMON)}",
        "a word or another": lambda: f"{word(MEDIUM)} or {word(RARE)}",
    }
    kinds = {f"search: {name}": _found_by([make() for _ in range(EACH)]) for name, make in made.items()}
    some = [chance.choice((COMMON, MEDIUM)) for _ in range(EACH)]
    more: Makers = {
        "category": lambda: f"category={chance.randint(1, 300)}",
        "price band": lambda: f"max_price={chance.choice((5, 20, 50))}",
        "level, certificate": lambda: f"level={chance.choice(catalog_data.LEVELS)}&has_certificate=true",
        "free, featured": lambda: "free=true&featured=true",
        "newest": lambda: "sort=newest",
        "popular": lambda: "sort=popular",
        "rating": lambda: "sort=rating",
        "price": lambda: "sort=price",
    }
    for name, narrow in more.items():
        kinds[f"search: a word, {name}"] = [f"{_found_by([word(ranks)])[0]}&{narrow()}" for ranks in some]
    return kinds


def _lists(chance: random.Random, places: list[asyncpg.Record]) -> Kinds:
    categories = sum(catalog_data.CATEGORIES)
    roots = catalog_data.CATEGORIES[0]
    filters: Makers = {
        "level": lambda: f"level={chance.choice(catalog_data.LEVELS)}",
        "language": lambda: f"language={chance.choice(catalog_data.LANGUAGES)}",
        "min_rating": lambda: f"min_rating={chance.choice(('3.5', '4', '4.5', '4.9'))}",
        "max_price": lambda: f"max_price={chance.choice((1, 10, 20, 50))}",
        "free": lambda: "free=true",
        "featured": lambda: "featured=true",
        "certificate": lambda: "has_certificate=true",
        "category": lambda: f"category={chance.randint(1, categories)}",
        "category with subtree": lambda: f"category={chance.randint(1, roots)}",
    }
    kinds = {f"list: {sort}": [f"sort={sort}&limit={20 + n}" for n in range(EACH)] for sort in SORTS}

    def sorted_by(narrowed: str) -> str:
        return f"{narrowed}&sort={chance.choice(SORTS)}"

    for name, make in filters.items():
        kinds[f"list: {name}"] = [sorted_by(make()) for _ in range(EACH)]
    pairs = [
        pair
        for pair in ((one, other) for one in filters for other in filters if one < other)
        if not (pair[0].startswith("category") and pair[1].startswith("category"))
    ]
    chosen = [chance.choice(pairs) for _ in range(3 * EACH)]
    kinds["list: two filters"] = [sorted_by("&".join(filters[one]() for one in pair)) for pair in chosen]
    kinds["list: featured, certificate, level"] = [
        sorted_by(f"featured=true&has_certificate=true&{filters['level']()}") for _ in range(EACH)
    ]
    keys: dict[str, Callable[[asyncpg.Record], tuple[object, ...]]] = {
        "newest": lambda row: ({"t": row["first_published_at"].isoformat()},),
        "popular": lambda row: (row["enrolled_students_count"],),
        "rating": lambda row: ({"d": str(row["avg_rating"])}, row["total_reviews"]),
        "price": lambda row: ({"d": str(row["price_now"])},),
    }
    for sort, key in keys.items():
        deep = [f"sort={sort}&cursor={_cursor(*key(row), row['id'])}" for row in places]
        kinds[f"list: {sort}, deep"] = deep
    kinds["list: level, deep"] = [f"{query}&{filters['level']()}" for query in deep]
    return kinds


async def _kinds(url: str, seed: str) -> Kinds:
    """Paths by kind; what they are made of is out of the catalogue itself."""
    chance = random.Random(seed)
    connection = await asyncpg.connect(url)
    try:
        ids = [chance.randint(1, COURSES) for _ in range(EACH)]
        rows = await connection.fetch("SELECT * FROM courses_course WHERE id = ANY($1)", ids)
    finally:
        await connection.close()
    texts = [row["description"].lower().replace(".", "").split() for row in rows]
    queries = {**_lists(chance, rows), **_searches(chance, texts)}
    kinds = {name: [f"/api/v1/courses?{query}" for query in each] for name, each in queries.items()}
    outlined = [chance.randint(1, catalog_data.OUTLINED) for _ in range(EACH)]
    kinds["detail: by id"] = [f"/api/v1/courses/{number}" for number in outlined]
    slugs = [row["slug"] for row in rows]
    kinds["detail: by slug"] = [f"/api/v1/courses/{slug}" for slug in slugs]
    some = [*kinds["search: a common word"], *kinds["search: a medium word"], *kinds["list: category"]]
    kinds["facets"] = [f"{path}&facets=true" for path in chance.sample(some, EACH)]
    return kinds


# --- the clients ----------------------------------------------------------------------------------------------------


class Client:
    """One connection that is kept."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> tuple[float, bytes]:
        """Milliseconds to the last byte of the answer, and the body; SystemExit for one that refuses."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._place.hostname, self._place.port)
        reader, writer = self._streams
        begun = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
        body = await reader.readexactly(int(fields["content-length"]))
        took = (time.perf_counter() - begun) * 1000
        if head.split(" ", 2)[1] != "200":
            raise SystemExit(f"{path}\n{head}{body.decode()}")
        return took, body


async def _add_second_pages(client: Client, kinds: Kinds) -> None:
    """The pages behind the first ones of searches, where there are any."""
    for name in ("search: a common word", "search: two words of a course", "search: a word, newest"):
        paths = []
        for path in kinds[name]:
            cursor = json.loads((await client.get(path))[1])["next_cursor"]
            if cursor:
                paths.append(f"{path}&cursor={cursor}")
        kinds[f"{name}, second page"] = paths


async def _one_by_one(client: Client, url: str, kinds: Kinds) -> dict[str, list[float]]:
    """Milliseconds by kind, and of what tells the machine's own pace."""
    took: dict[str, list[float]] = {name: [] for name in kinds}
    took |= {"pace: SELECT 1": [], "pace: health check": []}
    connection = await asyncpg.connect(url)
    try:
        for turn in range(max(map(len, kinds.values()))):
            for name, paths in kinds.items():
                if turn < len(paths):
                    took[name].append((await client.get(paths[turn]))[0])
            begun = time.perf_counter()
            await connection.fetchval("SELECT 1")
            took["pace: SELECT 1"].append((time.perf_counter() - begun) * 1000)
            took["pace: health check"].append((await client.get("/healthz"))[0])
    finally:
        await connection.close()
    return took


async def _all_at_once(url: str, kinds: Kinds) -> list[float]:
    """Milliseconds of the whole mix but facets, asked for by CLIENTS at the same time."""
    paths = [path for name, each in kinds.items() if name != "facets" for path in each]
    random.Random("order").shuffle(paths)

    async def client(number: int) -> list[float]:
        one = Client(url)
        return [(await one.get(path))[0] for path in paths[number::CLIENTS]]

    return [took for each in await asyncio.gather(*map(client, range(CLIENTS))) for took in each]


# --- the measurement ------------------------------------------------------------------------------------------------


async def _measure(url: str, database_url: str) -> tuple[dict[str, list[float]], list[float]]:
    client = Client(url)
    # A service that has run for a while has met every kind before: once round untimed, by requests of other values.
    await _one_by_one(client, database_url, await _kinds(database_url, "before"))
    kinds = await _kinds(database_url, "requests")
    await _add_second_pages(client, kinds)
    return await _one_by_one(client, database_url, kinds), await _all_at_once(url, kinds)


def _figures(took: dict[str, list[float]], together: list[float]) -> list[Figure]:
    figures = []
    for name, values in took.items():
        limit = FACETS_LIMIT_MILLISECONDS if name == "facets" else LIMIT_MILLISECONDS
        detail = {"p50": round(percentile(values, 0.5), 2), "requests": len(values)}
        figures.append(
            versus(f"{name}, p95", round(percentile(values, 0.95), 2), "ms", "limit", limit, **detail)
        )
    asked = [
        value for name, each in took.items() if not name.startswith(("facets", "pace")) for value in each
    ]
    for name, values in (("one client", asked), (f"{CLIENTS} clients", together)):
        for share in (0.5, 0.95):
            figure = versus(
                f"the whole mix, {name}, p{round(share * 100)}",
                round(percentile(values, share), 2),
                "ms",
                "limit",
                LIMIT_MILLISECONDS,
                requests=len(values),
                courses=COURSES,
            )
            figures.append(figure)
    return figures


def measure(stack: RunningStack, folder: Path) -> list[Figure]:
    """`folder` may hold a catalogue that was made before."""
    with EmbeddedPostgres(folder / "catalog-postgres") as postgres:
        url = postgres.create_service_database("catalog")
        plain = url.replace("+asyncpg", "")
        begun = time.monotonic()
        if catalog_data.fill(url, COURSES):
            console.print(f"{COURSES:,} courses made in {time.monotonic() - begun:.0f} s")
        environment = {
            "CATALOG_KAFKA_BOOTSTRAP": str(stack.status["kafka"]),
            "CATALOG_KAFKA_IDEMPOTENT": "false",
            "CATALOG_LIMITS_FACTOR": "1000000",
            "CATALOG_STORAGE_URL": (folder / "files").as_uri(),
        }
        with catalog_service(url, environment) as service:
            took, together = asyncio.run(_measure(service.url, plain))
    return _figures(took, together)
