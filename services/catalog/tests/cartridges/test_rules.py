"""What a resource is, where a reference leads, and how things are called."""

import pytest
from catalog.cartridges import rules
from catalog.resources.rules import FAMILY_BY_ENDING, TAKES


@pytest.mark.parametrize("version", ["0", "1", "2", "3"])
@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("imswl_xmlv1p{}", "link"),
        ("imsdt_xmlv1p{}", "topic"),
        ("imsqti_xmlv1p2/imscc_xmlv1p{}/assessment", "quiz"),
        ("imsqti_xmlv1p2/imscc_xmlv1p{}/question-bank", "question bank"),
        ("imsbasiclti_xmlv1p{}", "tool"),
        ("associatedcontent/imscc_xmlv1p{}/learning-application-resource", "settings"),
        ("assignment_xmlv1p{}", "assignment"),
        ("imsiwb_iwbv1p{}", "other"),
    ],
)
def test_a_type_is_known_in_every_version(kind: str, found: str, version: str) -> None:
    assert rules.kind_of(kind.format(version), "a/b.xml") == found
    assert rules.kind_of(kind.format(version).upper(), "a/b.xml") == found


@pytest.mark.parametrize(
    ("kind", "href", "material", "found"),
    [
        ("webcontent", "a.html", "", "page"),
        ("webcontent", "A.XHTML", "", "page"),
        ("webcontent", "a.pdf", "", "file"),
        ("", "a.pdf", "", "file"),
        ("webcontent", None, "", "file"),
        ("webcontent", "https://loom.example/", "", "link"),
        ("associatedcontent/imscc_xmlv1p1/learning-application-resource", "x/essay.html", "", "page"),
        ("associatedcontent/imscc_xmlv1p1/learning-application-resource", "x/a.qti", "", "settings"),
        (
            "associatedcontent/imscc_xmlv1p1/learning-application-resource",
            "course_settings/a.txt",
            "",
            "settings",
        ),
        ("associatedcontent/imscc_xmlv1p1/learning-application-resource", "x/a.png", "", "file"),
        ("webcontent", "", "contentmodule", "folder"),
        ("webcontent", "a.html", "content", "page"),
        ("webcontent", "https://loom.example/", "contentlink", "link"),
        ("webcontent", "quiz_d2l_1.xml", "d2lquiz", "quiz"),
        ("webcontent", "dropbox_d2l.xml", "d2ldropbox", "settings"),
        ("resource/x-bb-document", "res1.dat", "", "other"),
    ],
)
def test_a_resource_is_known_by_its_file_too(kind: str, href: str | None, material: str, found: str) -> None:
    assert rules.kind_of(kind, href, material) == found


@pytest.mark.parametrize("ending", sorted(FAMILY_BY_ENDING))
def test_every_file_becomes_a_resource_that_takes_it(ending: str) -> None:
    family = FAMILY_BY_ENDING[ending]
    assert family in TAKES[rules.resource_type(family, ending)]


@pytest.mark.parametrize(
    ("reference", "folder", "likeliest", "all_of_them"),
    [
        ("pic.png", "pages", "pages/pic.png", {"pages/pic.png", "pic.png"}),
        ("../media/a%20b.png?x=1#y", "pages", "media/a b.png", {"media/a b.png"}),
        ("%24IMS-CC-FILEBASE%24/Media/a.pdf?canvas_download=1", "wiki", "wiki/Media/a.pdf", None),
        ("$IMS-CC-FILEBASE$../i_2/a.png", "i_1", "i_2/a.png", {"i_2/a.png"}),
        ("$IMS_CC_FILEBASE$/a.png", "", "a.png", {"a.png", "web_resources/a.png"}),
        ("$WIKI_REFERENCE$/pages/first-steps", "wiki_content", "wiki_content/first-steps.html", None),
        ("%24CANVAS_OBJECT_REFERENCE%24/pages/x", "a", "wiki_content/x.html", {"wiki_content/x.html"}),
        ("..\\media\\a.png", "pages", "media/a.png", None),
        ("/top.png", "pages", "top.png", {"top.png"}),
    ],
)
def test_where_a_reference_may_lead(
    reference: str, folder: str, likeliest: str, all_of_them: set[str] | None
) -> None:
    found = list(rules.places(reference, folder))
    assert found[0] == likeliest
    assert all_of_them is None or set(found) == all_of_them


@pytest.mark.parametrize(
    "reference",
    [
        "../../../etc/passwd",
        "..%2f..%2f..%2fetc/passwd",
        "$IMS-CC-FILEBASE$../../../x",
        "..",
        ".",
        "",
        "#top",
    ],
)
def test_nothing_leads_out_of_the_archive(reference: str) -> None:
    assert not any(place.startswith(("..", "/")) for place in rules.places(reference, "pages"))


def test_canvas_names_resources() -> None:
    reference = "%24CANVAS_OBJECT_REFERENCE%24/assignments/i707c?wrap=1"
    assert rules.canvas_identifier(reference) == "i707c"
    assert rules.canvas_identifier("assignments/i707c") is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://loom.example/a?b=c#d", "https://loom.example/a?b=c#d"),
        (" http://loom.example/a b(c)<d>\n", "http://loom.example/a%20b(c)%3Cd%3E"),
        ("//loom.example/x", "https://loom.example/x"),
        ("https://loom.example/é", "https://loom.example/%C3%A9"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("ftp://loom.example/", None),
        ("https://", None),
        ("http://[", None),
        ("loom.example", None),
        ("https://loom.example/" + "a" * 2000, None),
    ],
)
def test_addresses_of_the_web_alone_are_kept(given: str, kept: str | None) -> None:
    assert rules.web_address(given) == kept


@pytest.mark.parametrize(
    ("url", "is_watched"),
    [
        ("https://www.youtube.com/watch?v=1", True),
        ("https://youtu.be/1", True),
        ("https://player.vimeo.com/video/1", True),
        ("https://loom.example/film.MP4?x", True),
        ("https://youtube.com.evil.example/", False),
        ("https://loom.example/?f=a.mp4", False),
        ("http://[", False),
    ],
)
def test_what_is_watched(url: str, is_watched: bool) -> None:
    assert rules.is_video(url) is is_watched


@pytest.mark.parametrize(
    ("path", "title", "expected"),
    [
        ([], "Warp", "Warp"),
        (["Week 1", "Looms"], "Warp", "Week 1 / Looms / Warp"),
        (["", "Looms"], "Warp", "Looms / Warp"),
        (["a" * 100, "b" * 100], "Warp", f"… / {'b' * 100} / Warp"),
        (["a" * 100, "b" * 198], "Warp", "… / Warp"),
        (["a" * 100, "b" * 100], "c" * 200, "c" * 200),
        (["a"], "c" * 300, f"{'c' * 199}…"),
    ],
)
def test_a_title_keeps_its_path_as_far_as_it_fits(path: list[str], title: str, expected: str) -> None:
    found = rules.title_of(path, title)
    assert found == expected
    assert len(found) <= rules.MAX_TITLE


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  The\n loom\t of  \x00Jacquard\x07", "The loom of Jacquard"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\ufeffکتاب\u200cها", "کتاب\u200cها"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("\u3000", ""),
    ],
)
def test_titles_are_one_line_of_what_is_seen(given: str, shown: str) -> None:
    assert rules.cleaned(given) == shown


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [
        ("PT1H30M", 90),
        ("P1DT2H", 1560),
        ("PT45M10.5S", 45),
        ("P", None),
        ("PT", None),
        ("P1Y", None),
        ("1 hour", None),
        ("PT99999999H", None),
    ],
)
def test_durations(duration: str, minutes: int | None) -> None:
    assert rules.minutes_of(duration) == minutes


@pytest.mark.parametrize(
    ("tag", "language"),
    [("en-US", "en"), ("FR", "fr"), ("de_AT", "de"), ("eng", None), ("", None), ("x-none", None)],
)
def test_languages(tag: str, language: str | None) -> None:
    assert rules.language_of(tag) == language
