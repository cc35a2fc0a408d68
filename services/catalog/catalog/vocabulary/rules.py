"""Which word was meant. Words are in lower case."""

from collections.abc import Iterable

SHORTEST, LONGEST = 4, 32
"""Letters of a word that is looked up: of a shorter one every neighbour is another word, a longer one is none."""
MOVED_BY = 3


def edits_allowed(word: str) -> int:
    """How many letters may be wrong: added, left out, replaced, or swapped with the next."""
    if not SHORTEST <= len(word) <= LONGEST:
        return 0
    return 1 if len(word) <= 5 else 2


def least_similarity(word: str) -> float:
    """The share of trigrams that a word so far away still has in common with this one, as a rule.

    One letter in the middle changes three of the trigrams of a word, which has one more of them than letters. A letter
    out of place changes more of them than a short word has: see `rearranged`.
    """
    letters = len(word)
    if letters <= SHORTEST:
        return 0.25
    # Two letters that are far apart, less a tenth where trigrams repeat. Below 0.3 a half of the dictionary is alike.
    return max(0.3, round(0.9 * (letters - 5) / (letters + 7), 3))


def rearranged(word: str) -> set[str]:
    """The word with one of its letters elsewhere: next door, or some places further where two edits are allowed."""
    furthest = {0: 0, 1: 1, 2: MOVED_BY}[edits_allowed(word)]
    found = set()
    for place, letter in enumerate(word):
        rest = word[:place] + word[place + 1 :]
        for target in range(max(0, place - furthest), min(len(word), place + furthest + 1)):
            found.add(rest[:target] + letter + rest[target:])
    return found - {word}


def distance(one: str, other: str, most: int) -> int:
    """How many edits lie between two words, a swap of neighbours being one; `most` + 1 for any more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, row, before = before, [i] + [most + 1] * len(other), row
        # Further from the diagonal there are more edits than `most` already.
        for j in range(max(1, i - most), min(len(other), i + most) + 1):
            same = letter == other[j - 1]
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (not same))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == other[j - 1]:
                row[j] = min(row[j], last[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def choose(word: str, known: Iterable[tuple[str, int]]) -> str | None:
    """The word that was meant, of known words with the number of courses that use each: the nearest, and of equally
    near ones the most used. None when all are too far."""
    most = edits_allowed(word)
    near = ((distance(word, other, most), -courses, other) for other, courses in known)
    best = min((one for one in near if 0 < one[0] <= most), default=None)
    return None if best is None else best[2]
