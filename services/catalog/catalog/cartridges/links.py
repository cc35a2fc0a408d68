"""Links within a cartridge, left open while it is read: where a lesson will be is known when all of them are there.

A page's Markdown has a mark for each (`rules.marked`), and at the end every mark becomes a link to where that is in the
document of the course, or the name of what was not taken.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.cartridges import pages, rules
from catalog.cartridges.plan import Place
from catalog.transfer import links as document

LONGEST_LINK = 60
"""What a link takes beside the words it shows, in a document or in a course."""

Target = Place | str
"""A lesson to be, or a file by its name in the archive."""


class Links:
    """The links of one course; `lost` counts those that became names, by the name."""

    def __init__(self) -> None:
        self._numbers: dict[Target, int] = {}
        self._names: list[str] = []
        self.lost: Counter[str] = Counter()

    def open(self, target: Target, name: str) -> str:
        """The name of a target with its mark, for Markdown that is made of it."""
        number = self._numbers.setdefault(target, len(self._names))
        if number == len(self._names):
            self._names.append(name)
        return rules.marked(number, name)

    def settle(
        self, modules: Sequence[dict[str, Any]], lessons: Mapping[Place, document.LessonPlace]
    ) -> None:
        """Have every link of the lessons lead to what it led to in the cartridge."""
        addresses: dict[Target, str] = {at: document.lesson_place(place) for at, place in lessons.items()}
        for part, module in enumerate(modules):
            for number, lesson in enumerate(module["lessons"]):
                for at, resource in enumerate(lesson["resources"]):
                    if "file" in resource:
                        address = document.resource_place((part, number, at))
                        addresses.setdefault(resource["file"]["path"], address)
        by_number = {number: addresses.get(target) for target, number in self._numbers.items()}
        for module in modules:
            for lesson in module["lessons"]:
                lesson["content"] = rules.unmarked(
                    lesson["content"], lambda number, shown: self._settled(by_number, number, shown)
                )

    def _settled(self, addresses: Mapping[int, str | None], number: int, shown: str) -> str:
        if number not in addresses:
            # A stranger's text that looks like a mark.
            return shown
        address = addresses[number]
        if address is not None:
            return f"[{shown}](<{address}>)"
        name = self._names[number]
        self.lost[name] += 1
        return pages.beside(shown, name)


def room(text: str) -> int:
    """How many characters a text may grow by when its marks become links."""
    return LONGEST_LINK * rules.count_marks(text)
