"""Which orders are orders of a course."""

from collections import Counter
from collections.abc import Iterable, Sequence

from catalog.outline.errors import NotItsOutline

Places = Sequence[tuple[int, Sequence[int]]]
"""Modules in order, each with its lessons in order; all by id."""


def check_order(places: Places, module_ids: Iterable[int], lesson_ids: Iterable[int]) -> None:
    """Raise NotItsOutline unless these are all modules and all lessons, each once."""
    given_modules = [module_id for module_id, _ in places]
    given_lessons = [lesson_id for _, lessons in places for lesson_id in lessons]
    wrong = {
        "modules": _difference(given_modules, set(module_ids)),
        "lessons": _difference(given_lessons, set(lesson_ids)),
    }
    wrong = {noun: found for noun, found in wrong.items() if found}
    if wrong:
        raise NotItsOutline(None, **wrong)


def _difference(given: list[int], own: set[int]) -> dict[str, list[int]]:
    found = {
        "missing": sorted(own - set(given)),
        "unknown": sorted(set(given) - own),
        "repeated": sorted(key for key, times in Counter(given).items() if times > 1),
    }
    return {what: ids for what, ids in found.items() if ids}
