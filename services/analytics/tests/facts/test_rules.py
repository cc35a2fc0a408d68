"""What is kept of an event, and whose fact it is."""

from datetime import UTC, datetime

import pytest
from analytics.facts.rules import EVENTS, kept_data, objects_of, owner_of, type_of
from analytics.subscriptions import SUBSCRIPTIONS
from contracts.catalog import ResourceDownloaded
from contracts.identity import UserChanged
from contracts.instructor import InstructorChanged
from contracts.learning import BookmarkCreated

from contracts import registry


def example(event):
    return event.model_validate(event.model_config["json_schema_extra"]["examples"][0], strict=False)


def test_every_event_of_the_contexts_is_listened_to_and_kept():
    told = [event for event in registry.EVENTS if event.topic not in ("schedule.events", "platform.events")]
    assert set(EVENTS) == set(told) == set(SUBSCRIPTIONS)


@pytest.mark.parametrize("event", EVENTS, ids=type_of)
def test_what_is_kept_reads_as_the_event_again(event):
    import json

    kept = kept_data(example(event))
    assert event.model_validate_json(json.dumps(kept)).model_dump(mode="json") == kept


@pytest.mark.parametrize("event", [UserChanged, InstructorChanged])
def test_names_and_faces_are_not_kept(event):
    kept = str(kept_data(example(event)))
    for personal in ("Lovelace", "Babbage", "webp", "engines", "Cambridge", "https"):
        assert personal not in kept


def test_a_guests_download_is_nobodys_activity():
    at = datetime(2026, 11, 22, tzinfo=UTC)
    mine = ResourceDownloaded(resource_id=55, lesson_id=101, course_id=12, user_id=7, downloaded_at=at)
    assert owner_of(mine) == 7
    assert owner_of(mine.model_copy(update={"user_id": None})) is None


def test_a_bookmarked_resource_is_found_by_its_id():
    bookmark = example(BookmarkCreated).model_copy(update={"content_type": "resource", "object_id": 55})
    assert objects_of(bookmark) == {
        "course_id": 12,
        "lesson_id": 101,
        "resource_id": 55,
        "assessment_id": None,
    }
