"""What somebody looks for, as they typed it."""

import re
from dataclasses import dataclass

_TERM = re.compile(r'(-*)("[^"]*"|[^\s"]+)')


@dataclass(frozen=True, slots=True)
class Wanted:
    """`text` in websearch syntax without exclusions, and the words or phrases that may not occur."""

    text: str
    excluded: tuple[str, ...]


def parse(q: str) -> Wanted:
    """Part what is looked for from what is not.

    A course is matched in its own language or word by word; what is excluded has to be missing either way, so it
    cannot stay within each of the two questions.
    """
    terms: list[str] = []
    excluded: list[str] = []
    for minus, term in _TERM.findall(q):
        if minus:
            excluded.append(term.strip('"'))
        else:
            terms.append(term)
    # An `or` that has lost a side is no word to look for.
    while terms and terms[-1].lower() == "or":
        terms.pop()
    while terms and terms[0].lower() == "or":
        del terms[0]
    return Wanted(" ".join(terms), tuple(excluded))
