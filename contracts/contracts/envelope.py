"""What every event is, and how one travels: CloudEvents 1.0 by its Kafka binding, binary mode.

ValueError
└── MalformedEvent          the message breaks the binding, or its data does not fit the event class
LookupError
└── UnknownEventType        a type that the registry asked does not know; readers skip it
TypeError
└── BadEventDeclaration     raised while the class statement runs: the process does not start
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.fields import UtcTime

Kind = Literal["fact", "state"]
Headers = Iterable[tuple[str, bytes]]

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
SCHEMA_URI_PREFIX: Final = "urn:lyceum:event:"

_TYPE_SYNTAX = re.compile(r"(?P<context>[a-z][a-z_]*)\.[a-z][a-z_]*\.[a-z][a-z_]*\.v[1-9][0-9]*")
_TRACEPARENT_SYNTAX = r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
_RESERVED = frozenset({"event_type", "topic", "kind", "key_field", "subject_template", "schema_uri"})


class MalformedEvent(ValueError):
    """The message cannot be read as the event it claims to be; it belongs in the dead letters."""


class UnknownEventType(LookupError):
    """No registered event has this type: published by a newer release; to be skipped."""


class BadEventDeclaration(TypeError):
    """An event class that could not be published or ordered as it is declared."""


class Event(BaseModel):
    """What happened (`fact`), or how something is now (`state`); the data of one message.

    Declared as `class LessonCompleted(Event, type="learning.lesson.completed.v1", key="user_id",
    subject="enrollments/{enrollment_id}")`. Events are frozen. Reading ignores unknown fields, so that an
    older reader survives a newer emitter, and refuses wrong types.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    event_type: ClassVar[str]
    """The CloudEvents type, version included."""
    topic: ClassVar[str]
    kind: ClassVar[Kind]
    """A `state` carries a `version`, and a reader keeps the greatest; a `fact` is counted once by its id."""
    key_field: ClassVar[str]
    subject_template: ClassVar[str]
    schema_uri: ClassVar[str]

    if TYPE_CHECKING:

        def __init_subclass__(cls, *, type: str, key: str, subject: str, kind: Kind = "fact") -> None: ...  # noqa: A002
    else:

        def __init_subclass__(cls, **declared):
            """Let the keywords pass: the fields they speak of are known in `__pydantic_init_subclass__`."""

    @classmethod
    def __pydantic_init_subclass__(cls, **declared: Any) -> None:
        """Check and keep what the class statement declared; raise BadEventDeclaration otherwise."""
        unknown = declared.keys() - {"type", "key", "subject", "kind"}
        missing = {"type", "key", "subject"} - declared.keys()
        if unknown or missing:
            wrong = [f"`{name}` is missing" for name in sorted(missing)]
            wrong += [f"`{name}` is not a keyword of an event" for name in sorted(unknown)]
            raise BadEventDeclaration(f"{cls.__name__}: {'; '.join(wrong)}")
        match = _TYPE_SYNTAX.fullmatch(declared["type"])
        if match is None:
            raise BadEventDeclaration(
                f"{cls.__name__}: type {declared['type']!r} must read context.noun.past_verb.vN, "
                "as learning.lesson.completed.v1 does"
            )
        cls.event_type = declared["type"]
        cls.topic = f"{match['context']}.events"
        cls.kind = declared.get("kind", "fact")
        cls.key_field = declared["key"]
        cls.subject_template = declared["subject"]
        cls.schema_uri = SCHEMA_URI_PREFIX + cls.event_type
        _check_declaration(cls)

    def event_key(self) -> str:
        """The Kafka key: events with the same key are read in the order in which they were committed."""
        return str(getattr(self, self.key_field))

    def event_subject(self) -> str:
        """The CloudEvents subject: the path of what the event is about, as `enrollments/42`."""
        # Not model_dump: an event with a whole outline would be serialised to fill in one id.
        return self.subject_template.format_map(self.__dict__)


def example(data: dict[str, Any]) -> ConfigDict:
    """The `model_config` of an event with one realistic example of its JSON, which the tests round-trip."""
    return ConfigDict(json_schema_extra={"examples": [data]})


def _check_declaration(event: type[Event]) -> None:
    fields = event.model_fields
    problems = []
    if event.kind not in ("fact", "state"):
        problems.append(f"kind {event.kind!r} is neither 'fact' nor 'state'")
    if event.key_field not in fields:
        problems.append(f"key {event.key_field!r} is not one of its fields")
    elif not fields[event.key_field].is_required():
        problems.append(f"key {event.key_field!r} must be required, or its events lose their order")
    problems += [
        f"subject placeholder {{{name}}} is not one of its required fields"
        for _, name, _, _ in Formatter().parse(event.subject_template)
        if name is not None and (name not in fields or not fields[name].is_required())
    ]
    if event.kind == "state" and not _is_required_int(event, "version"):
        problems.append("a state event needs `version: Version` (a required int), or readers cannot order it")
    taken = _RESERVED & (fields.keys() | inspect.get_annotations(event).keys())
    problems += [f"a field may not be called `{name}`: the class itself uses it" for name in sorted(taken)]
    if problems:
        raise BadEventDeclaration(f"{event.__name__} ({event.event_type}): {'; '.join(problems)}")


def _is_required_int(event: type[Event], name: str) -> bool:
    field = event.model_fields.get(name)
    return field is not None and field.is_required() and field.annotation is int


E = TypeVar("E", bound=Event)


class Envelope(BaseModel, Generic[E]):
    """An event and its CloudEvents attributes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)

    id: UUID
    """The idempotency key: one id is handled once by each reader."""
    source: str = Field(min_length=1)
    """Who published it, as `/services/learning`."""
    type: str
    subject: str = Field(min_length=1)
    time: UtcTime
    """When it happened, not when it was published."""
    dataschema: str
    traceparent: str | None = Field(default=None, pattern=_TRACEPARENT_SYNTAX)
    data: E


def enclose(
    data: E,
    *,
    id: UUID,  # noqa: A002 - the CloudEvents attribute's name
    source: str,
    time: datetime,
    traceparent: str | None = None,
) -> Envelope[E]:
    """Put an event into its envelope; type, subject and dataschema follow from the event."""
    return Envelope(
        id=id,
        source=source,
        type=data.event_type,
        subject=data.event_subject(),
        time=time,
        dataschema=data.schema_uri,
        traceparent=traceparent,
        data=data,
    )


def to_kafka(envelope: Envelope[Any]) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of the Kafka message that carries this event."""
    attributes = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(envelope.id),
        "ce_source": envelope.source,
        "ce_type": envelope.type,
        "ce_subject": envelope.subject,
        "ce_time": rfc3339(envelope.time),
        "ce_dataschema": envelope.dataschema,
        "content-type": CONTENT_TYPE,
    }
    if envelope.traceparent is not None:
        attributes["traceparent"] = envelope.traceparent
    headers = [(name, text.encode()) for name, text in attributes.items()]
    data: Event = envelope.data
    return data.event_key().encode(), data.model_dump_json().encode(), headers


def from_kafka(
    headers: Headers, value: bytes | None, lookup: Callable[[str], type[Event] | None]
) -> Envelope[Any]:
    """Read one Kafka message; `lookup` finds the event class of a type, or None.

    Raises UnknownEventType for a type that `lookup` does not find, and MalformedEvent for a message that
    breaks the binding or whose data does not fit the class.
    """
    attributes = _attributes(headers)
    event_type = attributes.get("ce_type")
    if event_type is None:
        raise MalformedEvent("no ce_type header: not a CloudEvent in binary mode")
    event = lookup(event_type)
    if event is None:
        raise UnknownEventType(event_type)
    _check_binding(attributes)
    if value is None:
        raise MalformedEvent(f"{event_type}: the message has no value")
    try:
        data = event.model_validate_json(value)
        return Envelope.model_validate(_envelope_members(attributes, data))
    except ValidationError as error:
        raise MalformedEvent(f"{event_type}: {_without_values(error)}") from error


def event_type_of(headers: Headers) -> str | None:
    """The message's type from its headers alone, so that a reader can skip it unparsed; None without one."""
    for name, text in headers:
        if name == "ce_type":
            return text.decode("utf-8", errors="replace")
    return None


def rfc3339(time: datetime) -> str:
    """`2026-11-22T19:30:00.123456Z`: UTC, microseconds where there are any."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _attributes(headers: Headers) -> dict[str, str]:
    try:
        return {name: text.decode() for name, text in headers if text is not None}
    except UnicodeDecodeError as error:
        raise MalformedEvent("a header is not UTF-8") from error


def _check_binding(attributes: Mapping[str, str]) -> None:
    if (spec := attributes.get("ce_specversion")) != SPEC_VERSION:
        raise MalformedEvent(f"ce_specversion is {spec!r}, not {SPEC_VERSION!r}")
    content_type = attributes.get("content-type", "")
    if content_type.split(";")[0].strip().lower() != CONTENT_TYPE:
        raise MalformedEvent(f"content-type is {content_type!r}, not {CONTENT_TYPE!r}")


def _envelope_members(attributes: Mapping[str, str], data: Event) -> dict[str, Any]:
    names = ("id", "source", "type", "subject", "time", "dataschema")
    members: dict[str, Any] = {name: attributes[f"ce_{name}"] for name in names if f"ce_{name}" in attributes}
    if "time" in members:
        # Not left to pydantic, which reads "1700000000" as an instant too; the binding asks for RFC 3339.
        try:
            members["time"] = datetime.fromisoformat(members["time"])
        except ValueError as error:
            raise MalformedEvent("ce_time is not an RFC 3339 time") from error
    # A broken trace context loses a trace, never an event.
    traceparent = attributes.get("traceparent")
    if traceparent is not None and re.match(_TRACEPARENT_SYNTAX, traceparent):
        members["traceparent"] = traceparent
    return members | {"data": data}


def _without_values(error: ValidationError) -> str:
    """Where and why, without the offending values: error texts are kept longer than the events they quote."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or '(whole)'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    )
