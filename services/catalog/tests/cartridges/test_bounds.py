"""However much a cartridge asks for, reading it costs what its size allows."""

from collections.abc import Callable
from typing import Any

import pytest
from catalog.cartridges import apart, conversion, pages
from catalog.cartridges.errors import CartridgeEmpty
from catalog.transfer.errors import UnpacksTooLarge

from .conftest import PDF, Members, Taken, html, item, manifest, resource

Take = Callable[[Members], Taken]


def test_a_page_asks_for_more_files_than_a_lesson_may_have(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Week", "", item("One", "p1")),
                resource("p1", "one.html")
                + "".join(resource(f"f{number}", f"{number}.pdf") for number in range(110)),
            ),
            "one.html": html("".join(f'<a href="{number}.pdf">{number}</a>' for number in range(110))),
            **{f"{number}.pdf": PDF for number in range(110)},
        }
    )
    assert len(found.files("One")) == 100
    assert len(found.files("Files")) == 10


def test_texts_are_bounded_in_all(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is below its own limit, and all together are more than a course's document may be."""
    pages_of = {f"{number}.html": html("word " * 30_000) for number in range(12)}
    members: dict[str, Any] = {
        "imsmanifest.xml": manifest(
            item("Week", "", *(item(name, name) for name in pages_of)),
            "".join(resource(name, name) for name in pages_of),
        ),
        **pages_of,
    }
    with pytest.raises(UnpacksTooLarge):
        take(members)
    # And what is read for them, if nothing is left of it.
    monkeypatch.setattr(apart.Reader, "markdown", lambda *_: pages.Page("x", is_cut=False))
    take(members)
    monkeypatch.setattr(conversion, "READ_PER_WRITTEN", 1)
    with pytest.raises(UnpacksTooLarge):
        take(members)


def test_the_texts_of_a_course_have_room_for_their_links(take: Take) -> None:
    """All together too: what is written of them is bounded with the addresses in it."""

    def members(many: int) -> Members:
        links = html("<a href='a.pdf'>x</a>" * 2_500)
        names = [f"{number}.html" for number in range(many)]
        return {
            "imsmanifest.xml": manifest(
                item("Week", "", *(item(name, name) for name in names)),
                "".join(resource(name, name) for name in names),
            ),
            "a.pdf": PDF,
            **dict.fromkeys(names, links),
        }

    assert len(take(members(5)).lessons) == 5
    with pytest.raises(UnpacksTooLarge):
        take(members(7))


def test_a_text_has_room_for_its_links(take: Take) -> None:
    """They grow when what they lead to has an address, and the whole must be a text that an author can send back."""
    words = html("word " * 39_980 + "<a href='a.pdf'>x</a>" * 4)
    members = {"imsmanifest.xml": manifest(item("One", "p"), resource("p", "one.html")), "a.pdf": PDF}
    with pytest.raises(CartridgeEmpty) as refused:
        take({**members, "one.html": words})
    assert refused.value.members["left"][0]["why"] == "It has more than the 200000 characters of a lesson."
    fits = take({**members, "one.html": words.replace("word " * 80, "")})
    assert fits.lessons["One"].content.endswith("[x](<course:/resources/1/1/1>)" * 4)


def test_however_often_it_is_named_a_text_is_taken_once(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("One", "a") + item("Two", "b") + item("Plan", "f") + item("Plan again", "g"),
                resource("a", "one.html", inside='<dependency identifierref="many"/>')
                + resource("b", "one.html", inside='<dependency identifierref="many"/>')
                + resource("f", "plan.pdf")
                + resource("g", "plan.pdf")
                + resource("many", "x.pdf", inside='<file href="x.pdf"/><file href="y.pdf"/>' * 50),
            ),
            "one.html": html("<p>one</p>"),
            **dict.fromkeys(("plan.pdf", "x.pdf", "y.pdf"), PDF),
        }
    )
    assert found.outline == [("Weaving", ["One", "Plan"])]
    assert found.files("One") == ["x.pdf", "y.pdf"]
    assert found.left == {
        "Page “Two”": "Its text was taken before: one.html",
        "File “Plan again”": "Its file was taken before: plan.pdf",
    }


def test_titles_are_looked_for_in_so_many_bytes(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    page = html("<p>text</p>", "What it says")
    monkeypatch.setattr(conversion, "MOST_FOR_TITLES", 2 * len(page))
    found = take(
        {
            "imsmanifest.xml": manifest(
                resources="".join(resource(f"r{number}", f"page-{number}.html") for number in range(4))
            ),
            **{f"page-{number}.html": page for number in range(4)},
        }
    )
    titles = [lesson.title for module in found.bundle.modules for lesson in module.lessons]
    assert titles == ["What it says", "What it says", "page-2", "page-3"]


@pytest.mark.parametrize("blank", ["\u2028", "\x0b", "\u00a0", "<br>\n", " \n "])
def test_blanks_without_an_end_in_a_link_are_read_once(blank: str) -> None:
    """A pattern that tried each of them anew would keep every other thread waiting for hours."""
    many = 1_000 if blank == "<br>\n" else 300_000
    found = pages.markdown(f'<a href="https://a.example/">warp{blank * many}weft</a>', lambda _: None)
    assert found.text.startswith("[warp")
    assert found.text.endswith("weft](<https://a.example/>)")
    assert "\n" not in found.text


def test_the_report_is_bounded(take: Take) -> None:
    quizzes = "".join(item(f"Quiz {number}", "q") for number in range(700))
    found = take(
        {
            "imsmanifest.xml": manifest(item("One", "p") + quizzes, resource("p", "one.html")),
            "one.html": html("<p>one</p>"),
        }
    )
    assert len(found.report.left) == 500
    assert found.report.left_untold == 200
