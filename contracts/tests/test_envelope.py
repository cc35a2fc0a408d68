"""An event declares itself soundly, and comes out of Kafka as it went in."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import new_class
from typing import Any
from uuid import UUID, uuid4

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from contracts.envelope import (
    BadEventDeclaration,
    Envelope,
    Event,
    MalformedEvent,
    UnknownEventType,
    enclose,
    event_type_of,
    from_kafka,
    to_kafka,
)
from contracts.fields import Id, Many, Money, Part, Percentage, UtcTime, Version
from contracts.learning import EnrollmentCreated, EnrollmentProgressChanged, LessonCompleted
from contracts.registry import EVENTS, lookup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import ValidationError

NOW = datetime(2026, 11, 22, 19, 30, 0, 123456, tzinfo=UTC)
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
THOROUGH = settings(
    max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def completed() -> LessonCompleted:
    return LessonCompleted(enrollment_id=42, user_id=7, course_id=12, lesson_id=101, completed_at=NOW)


def message(traceparent: str | None = TRACEPARENT) -> tuple[bytes, dict[str, bytes]]:
    envelope = enclose(
        completed(), id=uuid4(), source="/services/learning", time=NOW, traceparent=traceparent
    )
    _, value, headers = to_kafka(envelope)
    return value, dict(headers)


def read(value: bytes | None, headers: dict[str, bytes]) -> Envelope[Any]:
    return from_kafka(list(headers.items()), value, lookup)


# --- declaring


def test_a_declaration_gives_type_topic_kind_key_and_subject() -> None:
    assert LessonCompleted.event_type == "learning.lesson.completed.v1"
    assert LessonCompleted.topic == "learning.events"
    assert LessonCompleted.kind == "fact"
    assert EnrollmentProgressChanged.kind == "state"
    assert completed().event_key() == "7"
    assert completed().event_subject() == "enrollments/42"


@pytest.mark.parametrize(
    "event_type",
    [
        "lesson.completed.v1",
        "learning.lesson.completed",
        "learning.lesson.completed.v0",
        "Learning.lesson.completed.v1",
        "learning.lesson.completed.v1\n",
        "",
    ],
)
def test_a_type_out_of_form_is_refused_at_declaration(event_type: str) -> None:
    with pytest.raises(BadEventDeclaration, match=r"Odd: type .* must read context\.noun\.past_verb\.vN"):

        class Odd(Event, type=event_type, key="user_id", subject="users/{user_id}"):
            user_id: Id


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ({"key": "course_id"}, "key 'course_id' is not one of its fields"),
        ({"key": "nickname"}, "key 'nickname' must be required"),
        ({"subject": "users/{id}"}, r"subject placeholder \{id\} is not one of its required fields"),
        ({"subject": "users/{nickname}"}, r"subject placeholder \{nickname\} is not one of"),
        ({"kind": "state"}, "a state event needs `version: Version`"),
        ({"kind": "rumour"}, "kind 'rumour' is neither 'fact' nor 'state'"),
        ({"keyed_by": "user_id"}, "`keyed_by` is not a keyword of an event"),
    ],
)
def test_an_unsound_declaration_is_refused_by_name(declared: dict[str, Any], complaint: str) -> None:
    keywords: dict[str, Any] = {"type": "test.user.moved.v1", "key": "user_id", "subject": "users/{user_id}"}
    with pytest.raises(BadEventDeclaration, match=f"UserMoved.*{complaint}"):

        class UserMoved(Event, **(keywords | declared)):
            user_id: Id
            nickname: str = ""


def test_a_state_events_version_must_be_a_required_int() -> None:
    with pytest.raises(BadEventDeclaration, match="needs `version: Version`"):

        class UserMoved(
            Event, type="test.user.moved.v1", key="user_id", subject="users/{user_id}", kind="state"
        ):
            user_id: Id
            version: Version | None = None


def test_an_event_without_its_declaration_is_refused() -> None:
    with pytest.raises(
        BadEventDeclaration, match="`key` is missing; `subject` is missing; `type` is missing"
    ):

        class Bare(Event):
            user_id: Id


@pytest.mark.parametrize(
    "name", ["topic", "kind", "event_type", "key_field", "subject_template", "schema_uri"]
)
def test_a_field_may_not_hide_what_the_class_declares(name: str) -> None:
    namespace = {"__annotations__": {"user_id": int, name: str}, "__module__": __name__}
    with pytest.raises((BadEventDeclaration, NameError), match=name):
        new_class(
            "UserMoved",
            (Event,),
            {"type": "test.user.moved.v1", "key": "user_id", "subject": "users/{user_id}"},
            lambda body: body.update(namespace),
        )


def test_fields_named_like_the_keywords_are_safe() -> None:
    class LessonTyped(Event, type="test.lesson.typed.v1", key="key", subject="lessons/{subject}"):
        type: str
        key: str
        subject: int
        version: int
        data: str

    event = LessonTyped(type="video", key="k", subject=3, version=9, data="x")
    assert (event.event_type, event.type) == ("test.lesson.typed.v1", "video")
    assert (event.event_key(), event.event_subject()) == ("k", "lessons/3")
    envelope = enclose(event, id=uuid4(), source="/test", time=NOW)
    key, value, headers = to_kafka(envelope)
    assert key == b"k"
    assert from_kafka(headers, value, lambda _: LessonTyped) == envelope


# --- what a field takes


class Row(Part):
    id: Id


class ThingHappened(Event, type="test.thing.happened.v1", key="id", subject="things/{id}"):
    id: Id
    amount: Money
    share: Percentage
    at: UtcTime
    rows: Many[Row]


GOOD: dict[str, Any] = {
    "id": 1,
    "amount": "12.00",
    "share": "33.33",
    "at": "2026-11-22T19:30:00Z",
    "rows": [{"id": 1}],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "1"),
        ("id", 0),
        ("id", 2**63),
        ("id", 1.0),
        ("id", True),
        ("id", None),
        ("amount", 12),
        ("amount", 12.5),
        ("amount", "-0.01"),
        ("amount", "0.001"),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "12345678901.00"),
        ("share", "100.01"),
        ("share", 50),
        ("at", "2026-11-22T19:30:00"),
        ("at", 1764000000),
        ("at", "yesterday"),
        ("rows", [{"id": "1"}]),
        ("rows", [{}]),
        ("rows", {"id": 1}),
        ("rows", "abc"),
    ],
)
def test_wrong_types_are_refused(field: str, value: object) -> None:
    ThingHappened.model_validate_json(json.dumps(GOOD))
    with pytest.raises(ValidationError) as refused:
        ThingHappened.model_validate_json(json.dumps(GOOD | {field: value}))
    assert {error["loc"][0] for error in refused.value.errors()} == {field}


def test_unknown_fields_are_ignored_also_inside() -> None:
    data = GOOD | {"later": 1, "rows": [{"id": 1, "later": 2}]}
    assert ThingHappened.model_validate_json(json.dumps(data)) == ThingHappened.model_validate_json(
        json.dumps(GOOD)
    )


def test_money_and_times_are_written_in_one_form() -> None:
    event = ThingHappened(
        id=1,
        amount=Decimal(12),
        share=Decimal("5.5"),
        at=datetime(2026, 11, 22, 21, 30, tzinfo=timezone(timedelta(hours=2))),
        rows=(Row(id=1),),
    )
    written = json.loads(event.model_dump_json())
    assert (written["amount"], written["share"]) == ("12.00", "5.50")
    assert written["at"] == "2026-11-22T19:30:00Z"
    assert event.at.tzinfo is UTC


def test_an_event_takes_the_list_a_query_returns_and_cannot_be_changed() -> None:
    event = ThingHappened.model_validate(GOOD | {"at": NOW, "rows": [Row(id=1)]})
    assert event.rows == (Row(id=1),)
    with pytest.raises(ValidationError, match="frozen"):
        event.id = 2  # type: ignore[misc]


# --- through Kafka


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
def test_every_event_comes_back_as_it_was_sent(
    event: type[Event], events_of: Callable[[type[Event]], st.SearchStrategy[Event]]
) -> None:
    validator = Draft202012Validator(event.model_json_schema())

    @THOROUGH
    @given(
        data=events_of(event),
        id=st.uuids(),
        time=st.datetimes(timezones=st.just(UTC)),
        traceparent=st.none() | st.just(TRACEPARENT),
    )
    def comes_back(data: Event, id: UUID, time: datetime, traceparent: str | None) -> None:  # noqa: A002
        envelope = enclose(data, id=id, source="/services/x", time=time, traceparent=traceparent)
        key, value, headers = to_kafka(envelope)
        back: Envelope[Any] = from_kafka(headers, value, lookup)
        assert back == envelope
        assert type(back.data) is event
        assert key == back.data.event_key().encode()
        assert to_kafka(back) == (key, value, headers)
        assert event_type_of(headers) == event.event_type
        validator.validate(json.loads(value))

    comes_back()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
def test_the_cloudevents_sdk_reads_every_event(event: type[Event]) -> None:
    example = event.model_json_schema()["examples"][0]
    data = event.model_validate_json(json.dumps(example))
    envelope = enclose(data, id=uuid4(), source="/services/x", time=NOW, traceparent=TRACEPARENT)
    key, value, headers = to_kafka(envelope)
    assert len(dict(headers)) == len(headers)

    cloud_event = from_binary(KafkaMessage(dict(headers), key, value), JSONFormat())
    assert cloud_event.get_specversion() == "1.0"
    assert cloud_event.get_id() == str(envelope.id)
    assert cloud_event.get_source() == "/services/x"
    assert cloud_event.get_type() == event.event_type
    assert cloud_event.get_subject() == data.event_subject()
    assert cloud_event.get_time() == NOW
    assert cloud_event.get_dataschema() == event.schema_uri
    assert cloud_event.get_datacontenttype() == "application/json"
    assert cloud_event.get_extension("partitionkey") == data.event_key()
    assert cloud_event.get_data() == example


def test_the_headers_are_the_kafka_binding_of_cloudevents() -> None:
    value, headers = message()
    assert headers | {"ce_id": b""} == {
        "ce_specversion": b"1.0",
        "ce_id": b"",
        "ce_source": b"/services/learning",
        "ce_type": b"learning.lesson.completed.v1",
        "ce_subject": b"enrollments/42",
        "ce_time": b"2026-11-22T19:30:00.123456Z",
        "ce_dataschema": b"urn:lyceum:event:learning.lesson.completed.v1",
        "content-type": b"application/json",
        "traceparent": TRACEPARENT.encode(),
    }
    assert json.loads(value)["completed_at"] == "2026-11-22T19:30:00.123456Z"


def test_the_type_is_read_without_touching_the_value() -> None:
    _, headers = message()
    assert event_type_of(headers.items()) == "learning.lesson.completed.v1"
    assert event_type_of([]) is None
    assert event_type_of([("ce_id", b"x")]) is None
    assert event_type_of([("ce_type", b"\xff")]) == "\ufffd"


def test_an_unknown_type_is_told_from_a_malformed_message() -> None:
    value, headers = message()
    with pytest.raises(UnknownEventType, match=r"learning\.lesson\.completed\.v9"):
        read(value, headers | {"ce_type": b"learning.lesson.completed.v9"})
    # Of a type nobody here knows, not even the value's form is known.
    with pytest.raises(UnknownEventType):
        read(b"\x00avro", headers | {"ce_type": b"a.b.c.v1", "content-type": b"avro/binary"})


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"ce_specversion": b"0.3"}, "ce_specversion is '0.3'"),
        ({"ce_specversion": None}, "ce_specversion is None"),
        ({"ce_id": b"42"}, "id: .*valid UUID"),
        ({"ce_id": None}, "id: Field required"),
        ({"ce_source": b""}, "source: "),
        ({"ce_source": None}, "source: Field required"),
        ({"ce_type": None}, "no ce_type header"),
        ({"ce_subject": None}, "subject: Field required"),
        ({"ce_time": None}, "time: Field required"),
        ({"ce_time": b"2026-11-22T19:30:00"}, "time: .*timezone"),
        ({"ce_time": b"1764000000"}, "ce_time is not an RFC 3339 time"),
        ({"ce_time": b"soon"}, "ce_time is not an RFC 3339 time"),
        ({"ce_subject": b"\xff\xfe"}, "not UTF-8"),
        ({"content-type": b"application/avro"}, "content-type is 'application/avro'"),
        ({"content-type": None}, "content-type is ''"),
    ],
)
def test_a_message_that_breaks_the_binding_is_malformed(
    changed: dict[str, bytes | None], complaint: str
) -> None:
    value, headers = message()
    broken = {name: text for name, text in (headers | changed).items() if text is not None}
    with pytest.raises(MalformedEvent, match=complaint):
        read(value, broken)


@pytest.mark.parametrize(
    "value",
    [None, b"", b"{", b"null", b"[]", b'"x"', b"\xff", b"{}", b'{"user_id": 7}', b'{"user_id": NaN}'],
)
def test_a_value_that_is_not_the_events_data_is_malformed(value: bytes | None) -> None:
    _, headers = message()
    with pytest.raises(MalformedEvent, match=r"learning\.lesson\.completed\.v1: "):
        read(value, headers)


def test_an_error_does_not_quote_what_it_refused() -> None:
    value, headers = message()
    secret = json.dumps(json.loads(value) | {"user_id": "ada@example.org"}).encode()
    with pytest.raises(MalformedEvent) as refused:
        read(secret, headers)
    assert "user_id" in str(refused.value)
    assert "ada@example.org" not in str(refused.value)


def test_a_json_content_type_may_have_parameters_and_any_case() -> None:
    value, headers = message()
    assert read(value, headers | {"content-type": b"Application/JSON; charset=utf-8"}).data == completed()


def test_a_broken_trace_context_loses_the_trace_and_not_the_event() -> None:
    value, headers = message()
    assert read(value, headers).traceparent == TRACEPARENT
    assert read(value, headers | {"traceparent": b"garbage"}).traceparent is None
    assert read(*message(traceparent=None)).traceparent is None


def test_a_header_repeated_by_the_broker_side_does_not_change_the_event() -> None:
    value, headers = message()
    assert from_kafka([*headers.items(), ("x-other", b"\x00")], value, lookup).data == completed()


def test_a_newer_emitters_message_is_read_by_this_release() -> None:
    value, headers = message()
    newer = json.dumps(json.loads(value) | {"added_in_2031": {"a": [1]}}).encode()
    assert read(newer, headers | {"ce_later": b"x"}).data == completed()


def test_amounts_keep_their_cents() -> None:
    event = EnrollmentCreated(
        enrollment_id=1,
        user_id=1,
        course_id=1,
        price_paid=Decimal("0.10") + Decimal("0.20"),
        currency="EUR",
        payment_id="p",
        enrolled_at=NOW,
        reactivated=False,
        version=1,
    )
    assert b'"price_paid":"0.30"' in to_kafka(enclose(event, id=uuid4(), source="/s", time=NOW))[1]
