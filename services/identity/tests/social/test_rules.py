import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from identity.accounts.rules import USERNAME
from identity.passwords.rules import is_usable
from identity.social import rules
from identity.social.rules import Step

PUBLIC = "https://lyceum.example"
ORIGINS = {"https://lyceum.example:443", "https://app.example:443", "https://dev.example:8443"}


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("/", "https://lyceum.example/"),
        ("/courses?sort=new&x=%2F%2Fy", "https://lyceum.example/courses?sort=new&x=%2F%2Fy"),
        ("https://lyceum.example/in", "https://lyceum.example/in"),
        ("https://APP.example/in", "https://APP.example/in"),
        ("https://app.example:443/", "https://app.example:443/"),
        ("https://dev.example:8443/", "https://dev.example:8443/"),
        ("https://dev.example/", None),
        ("http://app.example/", None),
        ("https://app.example./", None),
        ("https://app.example\uff0eevil.example/", None),
        ("https://user@app.example/", None),
        ("https://app.example:443@evil.example/", None),
        ("https://evil.example/?https://app.example/", None),
        ("///evil.example", None),
        ("/ /evil.example", None),
        ("https://app.example/#x", None),
        ("", None),
        ("?x", None),
        ("/" + "x" * 2000, None),
    ],
)
def test_where_a_login_may_lead(wanted: str, meant: str | None) -> None:
    assert rules.landing(wanted, PUBLIC, ORIGINS) == meant


def test_usernames_are_no_addresses_and_the_last_ones_are_random() -> None:
    tried = list(rules.usernames(["ada@example.com", "Ada Lovelace", "Łada", "..", "ab", "x" * 40]))
    assert tried[:2] == ["Ada-Lovelace", "Lada"]
    assert tried[2] == "x" * 30
    assert len(tried) == 6
    assert all(name.startswith("Ada-Lovelace-") for name in tried[3:])
    assert next(iter(rules.usernames([]))).startswith("learner-")


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("Анна Иванова", "Anna-Ivanova"),
        ("王小明", "WangXiaoMing"),
        ("김민수", "GimMinSu"),
        # The same, as some systems write it: letter by letter.
        (unicodedata.normalize("NFD", "김민수"), "GimMinSu"),
        ("محمد علي", "mhmd-ly"),
        ("Jürgen Groß", "Jurgen-Gross"),
        # An address, in the wide letters of Japanese keyboards.
        ("ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", None),
    ],
)
def test_a_name_in_any_alphabet_makes_a_username(name: str, username: str | None) -> None:
    first = next(iter(rules.usernames([name])))
    assert first == username or (username is None and first.startswith("learner-"))


@pytest.mark.parametrize(
    "wish", ["a" * 29 + ".", "-_.ada.-", "ÅÄÖ name", "名前", "🚀🚀", "\ud800ada", "a\x00da", "x" * 300]
)
def test_every_username_is_one(wish: str) -> None:
    assert all(re.fullmatch(USERNAME, name) for name in rules.usernames([wish]))


def test_codes_are_long_and_read_as_they_are_typed() -> None:
    codes = {rules.new_code() for _ in range(50)}
    assert len(codes) == 50
    for code in codes:
        assert len(rules.typed(code)) * 5 >= 128
        assert rules.typed(f" {code.upper().replace('-', ' ')}\n") == rules.typed(code)


def test_a_secret_on_record_is_of_one_kind() -> None:
    secret = rules.new_secret()
    assert rules.is_secret(secret)
    assert rules.is_same(rules.stored("browser", secret), "browser", secret)
    assert not rules.is_same(rules.stored("browser", secret), "AUTHORIZE", secret)
    assert not rules.is_same(rules.stored("browser", secret), "browser", None)


def test_each_step_has_its_time() -> None:
    since = datetime(2026, 11, 23, tzinfo=UTC)
    for step in Step:
        assert not rules.is_over(step, since, since + rules.LIVES[step] - timedelta(seconds=1))
        assert rules.is_over(step, since, since + rules.LIVES[step])


@pytest.mark.parametrize(
    ("given", "announced", "right"),
    [
        ("https://a", True, True),
        ("https://b", False, False),
        (None, False, True),
        (None, True, False),
        ("", False, False),
    ],
)
def test_the_issuer_of_an_answer(given: str | None, announced: bool, right: bool) -> None:
    assert rules.is_issuer_right(given, "https://a", announced=announced) is right


def test_no_password_is_none() -> None:
    assert not is_usable(rules.unusable_password())
