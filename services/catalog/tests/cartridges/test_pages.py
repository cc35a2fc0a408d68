"""HTML as Markdown that our own renderer shows alike, and safely."""

from html.parser import HTMLParser

import pytest
from catalog.cartridges import pages, rules
from catalog.markdown import render


def nowhere(_: str) -> str | None:
    return None


def text(html: str, names: dict[str, str] | None = None) -> str:
    return pages.markdown(html, (names or {}).get).text


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>Warp</h2><p>and <b>weft</b>, <i>woven</i></p>", "## Warp\n\nand **weft**, *woven*"),
        ("<ol start=3><li>c<li>d</ol><ul><li>x<ul><li>y</ul></ul>", "3. c\n4. d\n\n- x\n  - y"),
        ("<table><tr><th>a<th>b|c<tr><td>1<td>2</table>", "| a | b\\|c |\n| --- | --- |\n| 1 | 2 |"),
        ('<pre><code class="language-python">a_b * c\n  d</code></pre>', "```python\na_b * c\n  d\n```"),
        ("<p>10<sup>-2</sup> H<sub>2</sub>O e<sup>ix</sup></p>", "10⁻² H₂O e^(ix)"),
        ("<blockquote>so</blockquote><hr>", "> so\n---"),
        ("<p>a<br>b</p>", "a  \nb"),
        ("<p>a - b (c) = 1. + 2</p>", "a - b (c) = 1. + 2"),
        (
            "<p>1. no list</p><p>- nor this</p><p># nor this</p>",
            "1\\. no list\n\n\\- nor this\n\n\\# nor this",
        ),
        ("<p>*a* _b_ [c](d) `e` &lt;i&gt; &amp;amp;</p>", None),
        ("<p>\\(x_1 - \\frac{a}{b}\\)</p>", None),
        ("<p>a \\- b</p>", None),
    ],
)
def test_what_is_written_is_shown(html: str, markdown: str | None) -> None:
    found = text(html)
    if markdown is not None:
        assert found == markdown
    else:
        # Words that would mean something in Markdown come back as the words that they were.
        assert render(found).strip() == html


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<p>a<script>alert(1)</script></p><style>p{}</style>",
        "<a href='javascript:alert(1)'>x</a><a href=' java\nscript:alert(1)'>y</a>",
        "<img src=x onerror=alert(1)><svg onload=alert(1)><script>alert(1)</script></svg>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<iframe src='javascript:alert(1)'></iframe><object data='data:text/html,<script>'></object>",
        "<a href='https://loom.example/\"onmouseover=alert(1)//'>x</a>",
        "<img alt='](javascript:alert(1))' src='https://loom.example/a.png'>",
        "<a href='https://loom.example/>)[x](javascript:alert(1))'>x</a>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    ],
)
def test_nothing_of_it_runs(html: str) -> None:
    found = Found()
    found.feed(render(text(html)))
    assert found.tags <= {"p", "a", "img", "em", "strong", "br"}
    assert not any(name.startswith("on") for name, _ in found.attributes)
    leads = [value or "" for name, value in found.attributes if name in ("href", "src")]
    assert all(value.startswith(("https://loom.example/", "x")) for value in leads)


class Found(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.extend(attrs)


def test_links_that_lead_out_stay_links() -> None:
    assert text("<a href='https://loom.example/a b'>the <b>loom</b></a>") == (
        "[the **loom**](<https://loom.example/a%20b>)"
    )
    assert text("<a href='mailto:ada@loom.example'>write</a>") == "[write](<mailto:ada@loom.example>)"
    assert text("<a href='https://loom.example/'><div>a</div><div>b</div></a>").startswith("[a")
    assert text("<img src='https://loom.example/a.png' alt='a [loom]'>") == (
        "![a \\[loom\\]](<https://loom.example/a.png>)"
    )
    assert text("<iframe src='https://www.youtube.com/embed/1'></iframe>") == (
        "[https://www.youtube.com/embed/1](<https://www.youtube.com/embed/1>)"
    )
    assert text("<a href='#top'>up</a> <a name=x>here</a> <a href=''>there</a>") == "up here there"


def test_what_leads_to_the_cartridge_is_named() -> None:
    names = {"a.pdf": "a_b.pdf", "i.png": "i.png", "p.html": "Warp", "v.mp4": "v.mp4"}
    found = text(
        "<p>See <a href='a.pdf'>the plan</a>, <img src='i.png' alt='a loom'>, <img src='i.png'>, "
        "<a href='p.html'>Warp</a>, <a href='gone.pdf'>gone</a></p>"
        "<video src='v.mp4'></video><video><source src='v.mp4'></video><object data='a.pdf'>x</object>",
        names,
    )
    assert found.splitlines()[0] == ("See the plan (*a\\_b.pdf*), a loom (*i.png*), *i.png*, *Warp*, gone")
    assert found.count("*v.mp4*") == 2
    assert found.endswith("*a\\_b.pdf*")


def test_what_may_become_a_link_is_marked() -> None:
    marks = {name: rules.marked(number, name) for number, name in enumerate(("a_b.pdf", "i.png"))}

    def linked(number: int, shown: str) -> str:
        return f"[{shown}](<{number}>)"

    def read(html: str) -> str:
        return rules.unmarked(text(html, marks), linked)

    assert read(
        "<a href='a_b.pdf'>the <b>plan</b></a> <a href='a_b.pdf'>a_b.pdf</a> <a href='a_b.pdf'></a>"
    ) == ("[the **plan**](<0>) [a\\_b.pdf](<0>) [a\\_b.pdf](<0>)")
    assert read("<img src='i.png' alt='a [loom]'>") == "[a \\[loom\\]](<1>)"
    assert read("<table><tr><th>a<tr><td><a href='a_b.pdf'>x|y</a></table>") == (
        "| a |\n| --- |\n| [x\\|y](<0>) |"
    )
    # No link stands in another.
    assert read("<a href='a_b.pdf'><img src='i.png'></a>") == "[i.png](<1>) ([a\\_b.pdf](<0>))"
    assert read("<a href='https://a.example/'><img src='i.png'></a>") == (
        "[i.png](<1>) ([https://a.example/](<https://a.example/>))"
    )
    assert read("<a href='a_b.pdf'><img src='https://a.example/i.png'></a>") == (
        "![](<https://a.example/i.png>) ([a\\_b.pdf](<0>))"
    )
    # Nor in code: there it would be read as it is written.
    assert read("<pre>cat <a href='a_b.pdf'>the_plan</a> | <b>x</b></pre><p><a href='a_b.pdf'>b</a></p>") == (
        "```\ncat the_plan | x\n```\n\n[b](<0>)"
    )
    assert read("<code><a href='a_b.pdf'>plan</a></code>") == "[`plan`](<0>)"
    # Nor does a page say what is one.
    assert rules.unmarked(text("x &#xfdd0;7&#xfdd1;y&#xfdd2; &#xfdd0;z"), lambda _, shown: shown) == "x y z"


def test_pictures_within_the_page_are_taken_out_and_counted() -> None:
    given = "<img alt=dot src='data:image/png;base64,AA'> <IMG SRC = \" data:,x\"> <img src='a.png'>"
    read, number = pages.without_inlined(given)
    assert number == 2
    assert "base64" not in read
    assert text(read, {"a.png": "a.png"}).split() == ["dot", "*a.png*"]
    assert text("<img alt=dot src=data:image/png;base64,AA>") == "dot"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "x",
        "<b>" * 100_000 + "x",
        "<ul><li>" * 5_000 + "x",
        "<table><tr><td>" * 2_000 + "x",
        "<blockquote>" * 20_000 + "x",
    ],
    ids=["div", "b", "li", "td", "blockquote"],
)
def test_what_is_nested_beyond_reason_is_cut_and_said(html: str) -> None:
    page = pages.markdown(f"<p>before</p>{html}", nowhere)
    assert page.is_cut
    assert page.text.startswith("before")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("<p>tissé".encode(), "tissé"),
        ("<p>tissé".encode("utf-8-sig"), "tissé"),
        ("<p>tissé".encode("utf-16"), "tissé"),
        ('<meta charset="iso-8859-2"><p>tkaný'.encode("iso-8859-2"), "tkaný"),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=shift_jis"><p>織機'.encode(
                "shift_jis"
            ),
            "織機",
        ),
        ('<meta charset="no-such"><p>“warp”'.encode("cp1252"), "“warp”"),
        ("<p>“warp”".encode("cp1252"), "“warp”"),
        (b'<meta charset="rot13"><p>\xff\x81', "ÿ"),
    ],
)
def test_pages_are_read_in_their_own_encoding(document: bytes, words: str) -> None:
    assert words in pages.decode(document)


def test_plain_text_stays_as_it_is() -> None:
    given = "  # no heading\n1. no list\n- nor this\n\n\n\n<b>\\a_b_c* &amp; [x](y) 2 - 1"
    shown = render(pages.plain(given))
    assert shown == (
        "<p># no heading<br>\n1. no list<br>\n- nor this</p>\n"
        "<p>&lt;b&gt;\\a_b_c* &amp;amp; [x](y) 2 - 1</p>\n"
    )


def test_the_title_of_a_page() -> None:
    assert pages.title_of("<html><head><title>\n Warp &amp; weft </title>") == "Warp & weft"
    assert pages.title_of("<p>none</p>") == ""
    assert pages.title_of("<title>" * 5000) == ""
