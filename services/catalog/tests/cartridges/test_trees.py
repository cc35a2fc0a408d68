"""XML that means harm, and XML that is merely odd."""

import tracemalloc

import pytest
from catalog.cartridges import trees
from catalog.cartridges.trees import Unreadable, parse

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol">
 <!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
 <!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">]>
<manifest>&lol2;</manifest>"""
EXTERNAL = b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><manifest>&x;</manifest>'
PARAMETER = b'<!DOCTYPE m [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]><manifest/>'
QUADRATIC = b'<!DOCTYPE m [<!ENTITY a "' + b"a" * 50_000 + b'">]><m>' + b"&a;" * 50_000 + b"</m>"
SYSTEM = b'<!DOCTYPE manifest SYSTEM "http://127.0.0.1:1/imscp.dtd"><manifest/>'


@pytest.mark.parametrize(
    "document",
    [LAUGHS, EXTERNAL, PARAMETER, QUADRATIC, SYSTEM, LAUGHS.decode().encode("utf-16")],
    ids=["laughs", "external", "parameter", "quadratic", "system", "utf-16"],
)
def test_a_document_type_is_refused_before_it_is_read(document: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match="document type") as refused:
            parse(document)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2**20, "nothing was made larger"
    assert refused.value.line in (1, 2)


@pytest.mark.parametrize(
    ("document", "reason", "line"),
    [
        (b"", "no element found", 1),
        (b"no markup", "syntax error", 1),
        (b"<manifest>\n<title>", "no element found", 2),
        (b"<manifest>\n</manifes>", "mismatched tag", 2),
        (b"<manifest/>\n<manifest/>", "junk after document element", 2),
        (b"<manifest>\n\n&nbsp;</manifest>", "undefined entity", 3),
        (b"<manifest>\n<a b='1' b='2'/></manifest>", "duplicate attribute", 2),
        (b"<manifest>\n<x:a/></manifest>", "unbound prefix", 2),
        (b"<manifest>\x00</manifest>", "invalid token", 1),
        (b"<manifest>\xff\xfe\xfd</manifest>", "invalid token", 1),
        (b'<?xml version="1.0" encoding="utf-8"?>\n<m>caf\xe9</m>', "invalid token", 2),
        (b'<?xml version="1.0" encoding="utf-16"?><m/>', "encoding", 1),
        (b'<?xml version="1.0" encoding="no-such"?><m/>', "encoding", 1),
        (b'<?xml version="1.0" encoding="shift_jis"?><m/>', "encoding", 1),
        (b'<?xml version="1.0" encoding="rot13"?><m/>', "encoding", 1),
    ],
)
def test_what_is_no_xml_is_told_with_its_place(document: bytes, reason: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        parse(document)
    assert reason in refused.value.reason
    assert refused.value.line == line
    assert refused.value.column is not None
    assert refused.value.column >= 1


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16", "utf-16"),
        ("iso-8859-1", "iso-8859-1"),
        ("cp1252", "windows-1252"),
        ("koi8-r", "koi8-r"),
    ],
)
def test_the_encodings_that_exporters_use_are_read(encoding: str, declared: str | None) -> None:
    words = "ткань" if encoding == "koi8-r" else "tissé"
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    assert parse(f"{head}<m>{words}</m>".encode(encoding)).text == words


def test_depth_number_and_length_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deepest = b"<a>" * trees.MAX_DEPTH + b"</a>" * trees.MAX_DEPTH
    assert sum(1 for _ in parse(deepest).walk()) == trees.MAX_DEPTH
    with pytest.raises(Unreadable, match="nested more than"):
        parse(b"<a>" + deepest + b"</a>")
    with pytest.raises(Unreadable, match="nested more than"):
        parse(b"<a>" * 1_000_000)
    with pytest.raises(Unreadable, match="longer than"):
        parse(b"<a>" + b" " * trees.MAX_BYTES + b"</a>")
    monkeypatch.setattr(trees, "MAX_ELEMENTS", 1000)
    assert len(parse(b"<a>" + b"<b/>" * 999 + b"</a>").children) == 999
    with pytest.raises(Unreadable, match="more than 1000 elements"):
        parse(b"<a>" + b"<b/>" * 1000 + b"</a>")


def test_an_element_is_known_by_its_local_name() -> None:
    root = parse(
        b'<x:m xmlns:x="urn:x" xmlns:y="urn:y" y:identifier="1"><x:a>one<y:b/> two</x:a><![CDATA[<&]]></x:m>'
    )
    assert (root.name, root.attributes, root.text) == ("m", {"identifier": "1"}, "<&")
    assert [each.name for each in root.walk()] == ["m", "a", "b"]
    found = root.first("a")
    assert found is not None
    assert (found.text, found.line) == ("one two", 1)
    assert root.first("a", "c") is None


@pytest.mark.parametrize("around", ["<a {}/>", "<a><!--{}--></a>", "<a><?p {}?></a>", "<{}/>"])
def test_a_tag_without_an_end_is_refused_before_it_is_looked_at(around: str) -> None:
    many = " ".join(f'a{number}="x"' for number in range(200_000))
    with pytest.raises(Unreadable, match="a tag of more than"):
        parse(around.format(many if " {}" in around or "--" in around else "a" * 2_000_000).encode())
    for text in ("<a>{}</a>", "<a><![CDATA[{}]]></a>"):
        assert len(parse(text.format(many[: 2**20]).encode()).text) == 2**20, "a text may be long"
    few = " ".join(f'a{number}="x"' for number in range(10_000))
    assert len(parse(f"<a {few}/>".encode()).attributes) == 10_000
