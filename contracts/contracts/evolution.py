"""May this schema follow that one under the same version? Only if it adds optional fields.

Old messages stay in the log, in outboxes and in the fact table, so new code reads old data; releases roll out
one process after the other, so old code reads new data. A change that either cannot survive gets a message
that names the event, the field, and the outage.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_Changes = Iterator[tuple[str, str]]

# What a reader of messages does not depend on.
_ANNOTATIONS = frozenset({"$id", "$schema", "$defs", "title", "description", "examples", "default"})
_STRUCTURE = frozenset({"properties", "required", "items", "anyOf", "enum", "const", "$ref"})

_OLD_READERS = "services still on the previous release would put every such message into their dead letters"
_OLD_LOSS = "services still on the previous release would go on without it, unnoticed"
_OLD_MESSAGES = (
    "messages already in the log and in the outboxes would end in the dead letters of this release"
)


def breaking_changes(golden: Schema, current: Schema) -> list[str]:
    """Each way in which `current` breaks what was published as `golden`; empty if it only adds to it."""
    name = f"{golden.get('title', '?')} ({golden.get('$id', '?')})"
    changes = [f"{name}: {change}" for change in _declaration(golden, current)]
    changes += [
        f"{name}, field `{path.removeprefix('.') or '(the whole)'}`: {change}"
        for path, change in _compare("", golden, current, golden, current)
    ]
    return [f"{change}. Leave it as it was, or publish the next version beside it." for change in changes]


def _declaration(golden: Schema, current: Schema) -> Iterator[str]:
    outages = {
        "topic": "readers subscribed to the old topic would never see it",
        "key": "messages of one aggregate would spread over partitions and be read out of order",
        "kind": "readers would count a state as a fact, or drop a fact as an outdated state",
        "subject": "what was filed under the old subject would not be found",
    }
    old, new = golden.get("x-lyceum", {}), current.get("x-lyceum", {})
    for member, outage in outages.items():
        if old.get(member) != new.get(member):
            yield f"its {member} changed from {old.get(member)!r} to {new.get(member)!r}: {outage}"


def _compare(path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> _Changes:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    yield from _constraints(path, old, new)
    yield from _values(path, old, new)
    yield from _alternatives(path, old, new, old_root, new_root)
    if "items" in old and "items" in new:
        yield from _compare(f"{path}[]", old["items"], new["items"], old_root, new_root)
    yield from _fields(path, old, new, old_root, new_root)


def _fields(path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> _Changes:
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
    for field, schema in old_fields.items():
        at = f"{path}.{field}"
        if field not in new_fields:
            yield at, f"removed: {_OLD_READERS if field in was_required else _OLD_LOSS}"
            continue
        if field in is_required - was_required:
            yield at, f"was optional and is required now: {_OLD_MESSAGES}"
        if field in was_required - is_required:
            yield at, f"was required and is optional now: {_OLD_READERS}"
        yield from _compare(at, schema, new_fields[field], old_root, new_root)
    for field in new_fields.keys() - old_fields.keys():
        if field in is_required:
            yield f"{path}.{field}", f"added as a required field: {_OLD_MESSAGES}"


def _constraints(path: str, old: Schema, new: Schema) -> _Changes:
    """The type, and whatever else limits a value (bounds, pattern, format): the same, or no longer the same."""
    words = (old.keys() | new.keys()) - _ANNOTATIONS - _STRUCTURE - {"x-lyceum"}
    for word in sorted(words):
        if old.get(word) != new.get(word):
            yield (
                path,
                (
                    f"its {word} changed from {old.get(word)!r} to {new.get(word)!r}: "
                    f"{_OLD_READERS}, or {_OLD_MESSAGES}"
                ),
            )
    for word in sorted({"items", "properties"}):
        if (word in old) != (word in new):
            yield path, f"its {word} {'are gone' if word in old else 'are new'}: {_OLD_READERS}"


def _values(path: str, old: Schema, new: Schema) -> _Changes:
    old_values, new_values = _enumerated(old), _enumerated(new)
    if old_values is None and new_values is None:
        return
    if old_values is None:
        yield path, f"was free and takes only {sorted(map(str, new_values or ()))} now: {_OLD_MESSAGES}"
    elif new_values is None:
        yield path, f"took only {sorted(map(str, old_values))} and is free now: {_OLD_READERS}"
    else:
        if lost := old_values - new_values:
            yield path, f"no longer takes {sorted(map(str, lost))}: {_OLD_MESSAGES}"
        if gained := new_values - old_values:
            yield path, f"takes {sorted(map(str, gained))} too: {_OLD_READERS}"


def _alternatives(path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> _Changes:
    """`anyOf`, which is how pydantic writes `X | None`: each alternative has its partner, in the same order."""
    old_ones, new_ones = old.get("anyOf"), new.get("anyOf")
    if old_ones is None and new_ones is None:
        return
    # One side without anyOf is a single alternative: `X` became `X | None`, or the other way round.
    old_list, new_list = old_ones or [old], new_ones or [new]
    if len(old_list) > len(new_list):
        yield path, f"takes fewer kinds of values (no longer null?): {_OLD_MESSAGES}"
    elif len(old_list) < len(new_list):
        yield path, f"takes more kinds of values (null too?): {_OLD_READERS}"
    elif old_ones is not None and new_ones is not None:
        for old_one, new_one in zip(old_ones, new_ones, strict=True):
            yield from _compare(path, old_one, new_one, old_root, new_root)


def _enumerated(schema: Schema) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema behind a `$ref` into the same document (`#/$defs/Name`)."""
    while "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        schema = root["$defs"][name]
    return schema
