"""Links from a lesson to the lessons and the files of its own course.

In a course they are addresses of the API, which name ids: `/api/v1/lessons/101`, `/api/v1/resources/55/download`. Ids
belong to a platform, so a document says places instead, counted from 1 as its folders of files are:
`course:/lessons/2/3` is the third lesson of the second module, `course:/resources/2/3/1` the first resource there.
Whatever else a link says stays as it is. One of another course is told of where a document is taken in: the id may be
somebody else's there.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from catalog.lessons.schemas import LONGEST_BODY

LessonPlace = tuple[int, int]
ResourcePlace = tuple[int, int, int]
"""A module, a lesson in it, a resource of that, each counted from 0."""

BODIES = ("content", "guest_content", "registered_content")
"""What of a lesson is Markdown."""

_ID, _NUMBER = r"([1-9]\d{0,17})", r"([1-9]\d{0,5})"
# Where a link of Markdown says its address, and there alone, in front of it and behind it: `[text](address)`, or a line
# `[name]: address` for links that say the name.
_FROM = r"((?:\]\([ \t]*|^[ \t>]*\[[^\[\]\n]{1,999}\]:[ \t]*)<?)"
_TO = r"(?=[>)\s#]|\Z)"
_BY_ID = re.compile(rf"{_FROM}/api/v1/(?:lessons/{_ID}|resources/{_ID}/download){_TO}", re.MULTILINE)
_BY_PLACE = re.compile(
    rf"{_FROM}course:/(?:lessons/{_NUMBER}/{_NUMBER}|resources/{_NUMBER}/{_NUMBER}/{_NUMBER}){_TO}",
    re.MULTILINE,
)
_NOTHING_THERE = "There is nothing at this place."
_TOO_LONG = "The text has no room for addresses."
_OF_ELSEWHERE = (
    "It leads to another course, by a number of the platform that it was written on; here it may be another."
)

Lost = Callable[[str, str], None]
"""Told which link leads nowhere, or may lead astray, and why."""


def lesson_place(place: LessonPlace) -> str:
    """A lesson's address in a document."""
    return "course:/lessons/{}/{}".format(*(number + 1 for number in place))


def resource_place(place: ResourcePlace) -> str:
    """A resource's address in a document."""
    return "course:/resources/{}/{}/{}".format(*(number + 1 for number in place))


def to_places(text: str, lessons: Mapping[int, LessonPlace], resources: Mapping[int, ResourcePlace]) -> str:
    """A text of a course as it stands in a document. What is not of this course stays as it is."""

    def changed(found: re.Match[str]) -> str:
        opening, lesson, resource = found.groups()
        if lesson is not None:
            at = lessons.get(int(lesson))
            return found[0] if at is None else opening + lesson_place(at)
        of = resources.get(int(resource))
        return found[0] if of is None else opening + resource_place(of)

    written = _BY_ID.sub(changed, text)
    # One that nobody could send is worse than one whose links stay behind.
    return text if len(written) > LONGEST_BODY else written


def to_ids(
    text: str,
    lessons: Sequence[Sequence[int]],
    resources: Mapping[ResourcePlace, int | None],
    lost: Lost,
) -> str:
    """A text of a document as it stands in a course of these ids. A resource without one could not be taken: a link to it
    leads to its lesson. What leads nowhere stays as it is, and so does all of a text that has no room for addresses."""
    nowhere: list[str] = []
    for found in _BY_ID.finditer(text):
        lost(_address(found), _OF_ELSEWHERE)

    def changed(found: re.Match[str]) -> str:
        opening, *numbers = found.groups()
        place = tuple(int(number) - 1 for number in numbers if number is not None)
        module = lessons[place[0]] if place[0] < len(lessons) else ()
        if place[1] >= len(module) or (len(place) == 3 and place not in resources):
            nowhere.append(_address(found))
            return found[0]
        resource = resources[place] if len(place) == 3 else None
        if resource is not None:
            return f"{opening}/api/v1/resources/{resource}/download"
        return f"{opening}/api/v1/lessons/{module[place[1]]}"

    written = _BY_PLACE.sub(changed, text)
    if len(written) > LONGEST_BODY:
        for found in _BY_PLACE.finditer(text):
            lost(_address(found), _TOO_LONG)
        return text
    for address in nowhere:
        lost(address, _NOTHING_THERE)
    return written


def _address(found: re.Match[str]) -> str:
    return found[0].removeprefix(found[1])
