"""Which word was meant, without a database."""

import pytest
from catalog.courses import search_rules
from catalog.vocabulary import rules


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [
        ("python", "python", 0),
        ("pyhton", "python", 1),
        ("pyton", "python", 1),
        ("pythhon", "python", 1),
        ("pithon", "python", 1),
        ("phyton", "python", 2),
        ("machne lerning", "machine learning", 2),
        ("python", "monty", 3),
        ("a", "abcd", 3),
        ("", "ab", 2),
        ("ab", "", 2),
        ("λογος", "λόγος", 1),
        ("abcdefgh", "hgfedcba", 3),
    ],
)
def test_edits_between_two_words(one, other, edits):
    assert rules.distance(one, other, 2) == edits
    assert rules.distance(other, one, 2) == edits


def test_edits_beyond_the_bound_are_not_counted():
    assert [rules.distance("abc", "abcdefgh", most) for most in (0, 1, 2)] == [1, 2, 3]
    assert rules.distance("abcd", "badc", 1) == 2


@pytest.mark.parametrize(
    ("word", "edits"),
    [("sql", 0), ("java", 1), ("brass", 1), ("python", 2), ("x" * 32, 2), ("x" * 33, 0), ("", 0)],
)
def test_a_longer_word_may_have_more_wrong_letters(word, edits):
    assert rules.edits_allowed(word) == edits


def test_a_letter_elsewhere():
    assert rules.rearranged("java") == {"ajva", "jvaa", "jaav"}
    found = rules.rearranged("phyton")
    assert {"python", "hpyton", "phyotn"} <= found
    assert "phyton" not in found
    assert all(rules.distance("phyton", word, 6) <= 6 and sorted(word) == sorted("phyton") for word in found)
    assert rules.rearranged("sql") == set()
    assert len(rules.rearranged("abcdefghijklmnopqrstuvwxyzabcdef")) < 6 * 32


def test_the_nearest_is_meant_and_of_equally_near_ones_the_most_used():
    assert rules.choose("pyhton", [("pythons", 90), ("python", 3)]) == "python"
    assert rules.choose("hose", [("house", 2), ("horse", 7), ("nose", 7)]) == "horse"
    assert rules.choose("java", [("lava", 1), ("kava", 1)]) == "kava", "by letter, where nothing else decides"
    assert rules.choose("java", [("javascript", 1000), ("jazzy", 4)]) is None
    assert rules.choose("java", []) is None
    assert rules.choose("sql", [("sqls", 4)]) is None
    assert rules.choose("java", [("java", 9), ("lava", 1)]) == "lava", "what was typed is not what was meant"


def test_long_words_have_to_be_more_alike():
    least = [rules.least_similarity("x" * letters) for letters in range(4, 33)]
    assert least[0] == 0.25
    assert least == sorted(least)
    assert least[-1] < 0.7


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("Pyhton for Beginers", ["pyhton", "for", "beginers"]),
        ('-pyhton "machne lerning" looms -"a b" c', ["looms", "c"]),
        ("pyhton, (looms)! 'brass' “leaves”…", ["pyhton", "looms", "brass", "leaves"]),
        ("c++ c# python3 node.js a@b.c http://x.org/pyhton 1843 a_b", []),
        ("end-to-end l'informatque l’eau", ["end", "to", "end", "l", "informatque", "l", "eau"]),
        ("--pyhton - -- ' .", []),
        ('"open words', ["open", "words"]),
        ("Übung λόγος МАШИНА हिन्दी", ["übung", "λόγος", "машина", "हिन्दी"]),
        ("%_%' OR 1=1; -- |&!:*() <->", ["or"]),
        ("", []),
    ],
)
def test_the_words_that_could_be_mistyped(q, words):
    assert search_rules.words(q) == words


@pytest.mark.parametrize(
    ("q", "corrected"),
    [
        ("Pyhton", "python"),
        ("(pyhton),  looms", "(python),  looms"),
        ('pyhton -pyhton "pyhton" -"pyhton"', 'python -pyhton "pyhton" -"pyhton"'),
        ("pyhton3 pyhton.org machine-pyhton", "pyhton3 pyhton.org machine-python"),
        ("pyhton or pyhton", "python or python"),
        ("pyhtons", "pyhtons"),
    ],
)
def test_a_word_is_replaced_where_it_stands(q, corrected):
    assert search_rules.with_words(q, {"pyhton": "python"}) == corrected
