"""`/openapi.json`: one document of the whole public API, merged from what each service says of itself.

Only what the routing table reaches is in it. Two services may use one name for two schemas: then each gets its
service's name in front, and so does what refers to them; names for the same thing stay as they are.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import structlog

from gateway.connection import UpstreamError
from gateway.fetch import fetch
from gateway.proxy import Proxy
from gateway.settings import Settings
from gateway.upstreams import Route, route

log = structlog.get_logger()

Json = dict[str, Any]

FETCH_DEADLINE = 5.0
RETRY_SECONDS = 2.0
METHODS = ("get", "put", "post", "delete", "patch")

DESCRIPTION = """\
The public API of Lyceum. Lists answer `{"items", "next_cursor"}` and take `limit` and `cursor`. Errors are
`application/problem+json` (RFC 9457). POST takes `Idempotency-Key`; what people edit carries an `ETag`, and a
stale `If-Match` is a 412. Times are RFC 3339 in UTC, money is a string with two decimals. Every answer carries
`X-Request-Id` and `traceparent`; a 429 says in `Retry-After` when to come back."""


class OpenApi:
    """Keeps the merged document: asks every service now and then, and stays with the last good answer of each."""

    def __init__(self, settings: Settings, proxy: Proxy) -> None:
        self._settings = settings
        self._proxy = proxy
        self._raw: dict[str, bytes] = {}
        self._document: bytes | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def document(self) -> bytes | None:
        """The document as JSON; None before the first service has answered."""
        return self._document

    async def refresh(self) -> bool:
        """Ask every service; True when each of them is in the document."""
        services = list(self._settings.service_urls)
        fetched = await asyncio.gather(*map(self._fetch, services))
        news = {service: raw for service, raw in zip(services, fetched, strict=True) if raw is not None}
        if any(self._raw.get(service) != raw for service, raw in news.items()):
            self._raw |= news
            # Large documents take a while to parse: not on the loop that serves requests.
            self._document = await asyncio.to_thread(_merge_raw, self._raw, self._settings.public_url)
        return len(self._raw) == len(services)

    async def _keep_fresh(self) -> None:
        while True:
            whole = False
            try:
                whole = await self.refresh()
            except Exception as error:
                log.error("the API document could not be merged", error=repr(error), exc_info=error)
            await asyncio.sleep(self._settings.openapi_refresh if whole else RETRY_SECONDS)

    async def _fetch(self, service: str) -> bytes | None:
        pool, host = self._proxy.pools[service], self._proxy.host(service)
        try:
            status, body = await fetch(pool, host, "/openapi.json", timeout=FETCH_DEADLINE)
            if status == 200 and isinstance(orjson.loads(body), dict):
                return body
        except (UpstreamError, TimeoutError, orjson.JSONDecodeError) as error:
            log.info("a service does not tell its API", upstream=service, error=repr(error))
        return None


def _merge_raw(raw: Mapping[str, bytes], public_url: str) -> bytes:
    documents = {service: orjson.loads(raw[service]) for service in sorted(raw)}
    return orjson.dumps(merge(documents, public_url))


def merge(documents: Mapping[str, Json], public_url: str) -> Json:
    """One OpenAPI 3.1 document from one of each service, by service name."""
    documents = {service: _public(service, document) for service, document in documents.items()}
    renamed = _new_names(documents)
    paths: Json = {}
    components: dict[str, Json] = {}
    tags: dict[str, Json] = {}
    taken: set[str] = set()
    for service, document in documents.items():
        document = _rewritten(document, renamed[service])
        for section, entries in document.get("components", {}).items():
            for name, entry in entries.items():
                components.setdefault(section, {})[renamed[service].get((section, name), name)] = entry
        for path, item in document["paths"].items():
            for operation in _operations(item):
                _make_unique(operation, service, taken)
            paths.setdefault(path, {}).update(item)
        for tag in document.get("tags", ()):
            tags.setdefault(tag["name"], tag)
    used = {
        name
        for item in paths.values()
        for operation in _operations(item)
        for name in operation.get("tags", ())
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lyceum", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": public_url}],
        "paths": dict(sorted(paths.items())),
        "components": {
            section: dict(sorted(entries.items())) for section, entries in sorted(components.items())
        },
        "tags": [tags.get(name, {"name": name}) for name in sorted(used)],
    }


def _public(service: str, document: Json) -> Json:
    """The part of a service's document that the routing table reaches, with the schemas that part needs."""
    paths: Json = {}
    for path, item in document.get("paths", {}).items():
        kept = {
            key: value for key, value in item.items() if key not in METHODS or _reached(service, key, path)
        }
        if any(key in METHODS for key in kept):
            paths[path] = kept
    public = {**document, "paths": paths}
    components = document.get("components", {})
    needed = _needed({"paths": paths}, components)
    public["components"] = {
        section: kept
        for section, entries in components.items()
        if (kept := {name: entry for name, entry in entries.items() if (section, name) in needed})
    }
    return public


def _reached(service: str, method: str, template: str) -> bool:
    plain = "/".join("0" if segment.startswith("{") else segment for segment in template.split("/"))
    found = route(method.upper(), plain.encode())
    if isinstance(found, Route) and found.service == service:
        return True
    if not template.startswith("/internal"):
        log.warning("not in the routing table", upstream=service, method=method.upper(), path=template)
    return False


def _operations(item: Json) -> Iterator[Json]:
    return (item[method] for method in METHODS if method in item)


def _make_unique(operation: Json, service: str, taken: set[str]) -> None:
    name = operation.get("operationId")
    if name is None:
        return
    if name in taken:
        name = f"{service}_{name}"
    while name in taken:
        name += "_"
    operation["operationId"] = name
    taken.add(name)


# -- names of components

Name = tuple[str, str]
"""Section and name, as ("schemas", "Course")."""

_PREFIX = "#/components/"


def _referred(part: Any) -> Iterator[Name]:
    """Every component that a part of a document refers to."""
    if isinstance(part, dict):
        for key, value in part.items():
            if isinstance(value, str) and value.startswith(_PREFIX):
                section, _, name = value[len(_PREFIX) :].partition("/")
                yield section, name
            elif key == "security" and isinstance(value, list):
                yield from (("securitySchemes", name) for requirement in value for name in requirement)
            else:
                yield from _referred(value)
    elif isinstance(part, list):
        for value in part:
            yield from _referred(value)


def _needed(root: Any, components: Mapping[str, Json]) -> set[Name]:
    needed: set[Name] = set()
    waiting = list(_referred(root))
    while waiting:
        section, name = waiting.pop()
        if (section, name) not in needed and name in components.get(section, {}):
            needed.add((section, name))
            waiting.extend(_referred(components[section][name]))
    return needed


def _new_names(documents: Mapping[str, Json]) -> dict[str, dict[Name, str]]:
    """For each service, the components that must be called otherwise because another means something else."""
    meanings: dict[Name, dict[str, Any]] = {}
    for service, document in documents.items():
        for section, entries in document.get("components", {}).items():
            for name, entry in entries.items():
                meanings.setdefault((section, name), {})[service] = entry
    shared = {name: by for name, by in meanings.items() if len(by) > 1}
    clashing = {name for name, by in shared.items() if len({_canonical(entry) for entry in by.values()}) > 1}
    # Two that read the same still differ when what they refer to does.
    while more := {
        name
        for name, by in shared.items()
        if name not in clashing
        and any(target in clashing for entry in by.values() for target in _referred(entry))
    }:
        clashing |= more
    taken = {name for name in meanings if name not in clashing}
    renamed: dict[str, dict[Name, str]] = {service: {} for service in documents}
    for section, name in sorted(clashing):
        for service in meanings[section, name]:
            new = f"{service.capitalize()}{name}"
            while (section, new) in taken:
                new += "_"
            taken.add((section, new))
            renamed[service][section, name] = new
    return renamed


def _canonical(entry: Any) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)


def _rewritten(part: Any, renamed: Mapping[Name, str]) -> Any:
    """A copy in which every reference to a renamed component follows it."""
    if isinstance(part, list):
        return [_rewritten(value, renamed) for value in part]
    if not isinstance(part, dict):
        return part
    copy: Json = {}
    for key, value in part.items():
        if isinstance(value, str) and value.startswith(_PREFIX):
            section, _, name = value[len(_PREFIX) :].partition("/")
            copy[key] = f"{_PREFIX}{section}/{renamed.get((section, name), name)}"
        elif key == "security" and isinstance(value, list):
            copy[key] = [
                {renamed.get(("securitySchemes", name), name): scopes for name, scopes in requirement.items()}
                for requirement in value
            ]
        else:
            copy[key] = _rewritten(value, renamed)
    return copy
