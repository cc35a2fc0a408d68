import time

import pytest
from catalog.resources import rules
from catalog.resources.errors import FileNameUnknown, FileTypeRefused
from hypothesis import example, given
from hypothesis.strategies import text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\cmd.txt", "cmd.txt"),
        ("C:\\notes.txt", "notes.txt"),
        ("/absolute.pdf", "absolute.pdf"),
        ("a\x00b\r\nSet-Cookie: x=1.pdf", "abSet-Cookie_ x=1.pdf"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("console.txt", "console.txt"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        ("trailing. . .", "trailing"),
        ("  .hidden", "hidden"),
        ("invoice\u202efdp.exe.pdf", "invoicefdp.exe.pdf"),
        ("re\u0301sume\u0301.pdf", "r\u00e9sum\u00e9.pdf"),
        ("\u65e5\u672c\u8a9e.pdf", "\u65e5\u672c\u8a9e.pdf"),
        ("%2e%2e%2fx.pdf", "_2e_2e_2fx.pdf"),
    ],
)
def test_a_name_is_a_name_and_no_path(given: str, kept: str) -> None:
    assert rules.name_of(given) == kept


@given(text(max_size=200))
@example("e\u200d\u0301.pdf")
@example("\u00a0a.pdf")
@example(f"{'x' * 149} {'y' * 20}")
@example(f"{'x' * 149}.{'y' * 20}")
@example("\u3000.a.pdf")
def test_the_name_of_a_name_is_the_same(called: str) -> None:
    """Else the archive of a course that came as one is another."""
    try:
        name = rules.name_of(called)
    except FileNameUnknown:
        return
    assert rules.name_of(name) == name
    assert len(name) <= 150


def test_a_long_name_keeps_its_ending() -> None:
    name = rules.name_of("x" * 900 + ".pdf")
    assert len(name) == rules.MAX_NAME
    assert name.endswith("x.pdf")


@pytest.mark.parametrize("given", ["", "..", "/", "a/..", "\x00", " . ", "\u202e"])
def test_what_is_no_name_is_refused(given: str) -> None:
    with pytest.raises(FileNameUnknown):
        rules.name_of(given)


@pytest.mark.parametrize(
    ("head", "ending", "mime_type"),
    [
        (b"%PDF-1.7", "pdf", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
        (b"\xff\xd8\xff\xe0", "jpeg", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WAVE", "wav", "audio/wav"),
        (b"\x00\x00\x00\x20ftypisom", "mp4", "video/mp4"),
        (b"\x00\x00\x00\x20ftypM4A ", "m4a", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "webm", "video/webm"),
        (b"ID3\x04", "mp3", "audio/mpeg"),
        (b"OggS\x00", "ogv", "video/ogg"),
        (b"OggS\x00", "ogg", "audio/ogg"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"a.txt", "zip", "application/zip"),
        (
            b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml",
            "docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/epub+zipPK\x03\x04",
            "epub",
            "application/epub+zip",
        ),
        (b"\x00" * 257 + b"ustar", "tar", "application/x-tar"),
        (b"print('hello')\n", "py", "text/plain; charset=utf-8"),
        ("ol\u00e1".encode(), "txt", "text/plain; charset=utf-8"),
        (b"<div align=center>", "md", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_is_what_its_content_and_its_name_say(head: bytes, ending: str, mime_type: str) -> None:
    assert rules.kind_of(head, ending).mime_type == mime_type


@pytest.mark.parametrize(
    ("head", "ending"),
    [
        (b"MZ\x90\x00\x03\x00\x00\x00", "exe"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "pdf"),
        (b"\x7fELF\x02\x01\x01\x00", "txt"),
        (b"\x89PNG\r\n\x1a\n", "pdf"),
        (b"%PDF-1.7", "png"),
        (b"<!DOCTYPE html><script>", "txt"),
        (b"\xef\xbb\xbf \n<!-- x --><HTML>", "md"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'>", "txt"),
        (b"<svg onload=alert(1)>", "png"),
        (b"hello", "html"),
        (b"hello", "svg"),
        (b"@echo off", "bat"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"META-INF/", "jar"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"a.exe", "docx"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml", "docm"),
        (b"hello", ""),
    ],
)
def test_what_says_two_things_or_is_no_kind_of_ours_is_refused(head: bytes, ending: str) -> None:
    with pytest.raises(FileTypeRefused):
        rules.kind_of(head, ending)


def test_looking_for_markup_takes_no_time() -> None:
    before = time.perf_counter()
    rules.kind_of(b"<!-- -->" * 1000 + b"x", "txt")
    rules.kind_of(b" \n" * 4000 + b"x", "txt")
    assert time.perf_counter() - before < 0.5


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=a.pdf", "a.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf", "r\u00e9sum\u00e9.pdf"),
        ('attachment; filename="a\\"b.pdf"', 'a"b.pdf'),
        ("attachment", None),
    ],
)
def test_the_name_that_a_header_gives(header: str, name: str | None) -> None:
    assert rules.name_in(header) == name


def test_the_header_that_gives_a_name() -> None:
    assert rules.attachment('r\u00e9s"um\u00e9; x.pdf') == (
        "attachment; filename=\"res_ume_ x.pdf\"; filename*=UTF-8''r%C3%A9s%22um%C3%A9%3B%20x.pdf"
    )
    assert rules.attachment("\u65e5\u672c").startswith('attachment; filename="file"; ')


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, (0, 100, False)),
        ("bytes=0-9", (0, 10, True)),
        ("bytes=90-", (90, 100, True)),
        ("bytes=90-999", (90, 100, True)),
        ("bytes=-5", (95, 100, True)),
        ("bytes=-500", (0, 100, True)),
        ("bytes=0-0,5-9", (0, 100, False)),
        ("bytes=9-5", (0, 100, False)),
        ("bytes=-", (0, 100, False)),
        ("lines=1-2", (0, 100, False)),
        ("bytes=a-b", (0, 100, False)),
        ("bytes=" + "9" * 400 + "-", (0, 100, False)),
    ],
)
def test_the_part_that_is_asked_for(header: str | None, part: tuple[int, int, bool]) -> None:
    found = rules.part_of(100, header)
    assert (found.start, found.end, found.is_partial) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_part_that_is_not_there(header: str) -> None:
    with pytest.raises(rules.RangeUnsatisfiable):
        rules.part_of(100, header)


def test_a_range_goes_with_the_file_it_was_begun_of() -> None:
    assert rules.still_applies(None, '"a"')
    assert rules.still_applies('"a"', '"a"')
    assert not rules.still_applies('W/"a"', '"a"')
    assert not rules.still_applies("Wed, 21 Oct 2026 07:28:00 GMT", '"a"')


@pytest.mark.parametrize(
    ("given", "unlock"),
    [
        ({"is_premium": True, "is_entitled": True}, ()),
        ({"is_premium": True}, ("login", "enroll", "subscribe")),
        ({"is_premium": True, "is_known": True}, ("enroll", "subscribe")),
        ({"is_premium": True, "is_open": True, "is_known": True}, ("enroll", "subscribe")),
        ({}, ("login",)),
        ({"is_known": True}, ()),
        ({"lesson_access": "guest"}, ()),
        ({"is_open": True}, ()),
        ({"lesson_access": "premium", "is_known": True}, ("enroll", "subscribe")),
        ({"lesson_access": "premium", "is_open": True}, ()),
    ],
)
def test_what_would_unlock_it(given: dict[str, object], unlock: tuple[str, ...]) -> None:
    reader = {
        "is_premium": False,
        "lesson_access": "registered",
        "is_open": False,
        "is_known": False,
        "is_entitled": False,
    }
    assert rules.unlock(**{**reader, **given}) == unlock  # type: ignore[arg-type]
