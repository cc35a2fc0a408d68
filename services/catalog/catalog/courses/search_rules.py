"""What somebody looks for, as they typed it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

_TERM = re.compile(r'(-*)("[^"]*"|[^\s"]+)')
# What PostgreSQL may take for an "or" or a "not" beside a term, whatever it takes for letters.
_OPERATOR = re.compile(r"or(?![a-z0-9_-])|-|.*[!&|()]-", re.IGNORECASE | re.ASCII)
_PIECE = re.compile(r"[^-'’]+")
_AROUND = ".,;:!?…()[]{}«»“”„‘’'"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`text` in websearch syntax without exclusions, the words or phrases that may not occur, and the phrases that
    every match has: none where any of them may be one of several, or what is not looked for."""

    text: str
    excluded: tuple[str, ...]
    phrases: tuple[str, ...] = ()


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
    # "Or," and "or!" are one too, and "- " and "(-" exclude what follows.
    loose = any(_OPERATOR.match(term) for term in terms)
    phrases = () if loose else tuple(term.strip('"') for term in terms if term.startswith('"'))
    return Wanted(" ".join(terms), tuple(excluded), phrases)


def words(q: str) -> list[str]:
    """The words that could be mistyped, in lower case: neither excluded nor in a phrase, and letters alone, for C++ and
    python3 are no words."""
    return [
        piece.lower()
        for minus, term in _TERM.findall(q)
        if not minus and not term.startswith('"')
        for piece in _pieces(term)
    ]


def with_words(q: str, meant: Mapping[str, str]) -> str:
    """`q` with these of its `words` replaced, and all else as it stands."""

    def rewrite(term: re.Match[str]) -> str:
        text = term[2]
        if term[1] or text.startswith('"') or not _pieces(text):
            return term[0]
        return _PIECE.sub(lambda piece: _replaced(piece[0], meant), text)

    return _TERM.sub(rewrite, q)


def _replaced(piece: str, meant: Mapping[str, str]) -> str:
    word = piece.strip(_AROUND)
    return piece.replace(word, meant[word.lower()], 1) if word.lower() in meant else piece


def _pieces(term: str) -> list[str]:
    """The words of a term, more than one where they are joined by hyphens or apostrophes."""
    pieces = _PIECE.findall(term.strip(_AROUND))
    return pieces if all(_is_word(piece) for piece in pieces) else []


def _is_word(piece: str) -> bool:
    # Marks too: without its vowel signs a Hindi word would be several.
    return all(unicodedata.category(character)[0] in "LM" for character in piece)
