"""What becomes of a cartridge, part by part; every vendor's dialect is in test_dialects."""

from collections.abc import Callable

import pytest
from catalog.cartridges import conversion
from catalog.cartridges.errors import CartridgeEmpty

from .conftest import (
    PDF,
    PNG,
    TEACHERS,
    Members,
    Taken,
    html,
    item,
    manifest,
    resource,
    topic,
    web_link,
)

Take = Callable[[Members], Taken]


def test_folders_are_modules_and_items_lessons(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Hello", "r1")
                + item("Week 1", "", item("Warp", "r2"), item("Deeper", "", item("Weft", "r3")))
                + item("Bye", "r4"),
                "".join(resource(f"r{number}", f"{number}.html") for number in range(1, 5)),
            ),
            **{f"{number}.html": html(f"<p>text {number}</p>") for number in range(1, 5)},
        }
    )
    assert found.outline == [
        ("Weaving", ["Hello"]),
        ("Week 1", ["Warp", "Deeper / Weft"]),
        ("Weaving", ["Bye"]),
    ]
    assert found.lessons["Deeper / Weft"].content == "text 3"
    assert found.report.taken == {"pages": 4}
    assert found.report.left == []
    assert found.report.format == "common-cartridge 1.3.0"


def test_what_the_manifest_says_of_the_course(take: Take) -> None:
    lom = (
        "<lomimscc:language>fr-CA</lomimscc:language>"
        "<lomimscc:description><lomimscc:string>&lt;p&gt;Of &lt;b&gt;cloth&lt;/b&gt;&lt;/p&gt;</lomimscc:string>"
        "</lomimscc:description>"
        "<lomimscc:keyword><lomimscc:string>warp</lomimscc:string></lomimscc:keyword>"
        "<lomimscc:keyword><lomimscc:string>weft</lomimscc:string></lomimscc:keyword>"
    )
    members = {
        "imsmanifest.xml": manifest(item("A", "r"), resource("r", "a.html"), lom=lom),
        "a.html": html("x"),
    }
    course = take(members).bundle.course
    assert (course.title, course.description, course.language) == ("Weaving", "Of **cloth**", "fr")
    assert course.meta_keywords == "warp, weft"
    assert str(course.price) == "0.00"
    plain = members["imsmanifest.xml"].replace(
        "&lt;p&gt;Of &lt;b&gt;cloth&lt;/b&gt;&lt;/p&gt;", "# 1. *cloth*"
    )
    assert take({**members, "imsmanifest.xml": plain}).bundle.course.description == "\\# 1. \\*cloth\\*"
    untitled = members["imsmanifest.xml"].replace("Weaving", " ")
    assert take({**members, "imsmanifest.xml": untitled}).bundle.course.title == "Imported course"
    long = members["imsmanifest.xml"].replace("Weaving", "w" * 5000)
    assert len(take({**members, "imsmanifest.xml": long}).bundle.course.title) == 200


def test_files_go_to_the_first_lesson_that_asks_for_them(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Week", "", item("One", "p1"), item("Two", "p2"), item("The plan", "f2")),
                resource("p1", "pages/one.html", inside='<dependency identifierref="f1"/>')
                + resource("p2", "pages/two.html")
                + resource("f1", "media/loom.png")
                + resource("f2", "media/plan.pdf")
                + resource("css", "media/style.css")
                + resource("f3", "media/spare.pdf")
                + resource("f4", "media/loom.svg"),
            ),
            "pages/one.html": html(
                '<p><img src="../media/loom.png"> <a href="../media/plan.pdf">plan</a></p>'
            ),
            "pages/two.html": html('<p><img src="../media/loom.png"> <a href="one.html">before</a></p>'),
            "media/loom.png": PNG,
            "media/plan.pdf": PDF,
            "media/style.css": "p {}",
            "media/spare.pdf": PDF,
            "media/loom.svg": "<svg/>",
        }
    )
    assert found.outline == [("Week", ["One", "Two", "The plan"]), ("More material", ["Files: media"])]
    assert found.files("One") == ["media/loom.png"]
    assert found.files("Two") == []
    assert found.files("The plan") == ["media/plan.pdf"]
    assert found.files("Files: media") == ["media/spare.pdf"]
    assert found.lessons["One"].content == (
        "[loom.png](<course:/resources/1/1/1>) [plan](<course:/lessons/1/3>)"
    )
    assert found.lessons["Two"].content == (
        "[loom.png](<course:/resources/1/1/1>) [before](<course:/lessons/1/1>)"
    )
    [picture] = found.lessons["One"].resources
    assert (picture.title, picture.type) == ("loom.png", "image")
    assert found.left == {
        "File media/loom.svg": "Files of this kind are not taken.",
        "Styles, scripts and fonts (1)": "Lessons look and act as all lessons do.",
    }


def test_every_kind_of_file_becomes_a_lesson_of_its_kind(take: Take) -> None:
    names = ["film.mp4", "talk.mp3", "plan.pdf", "loom.py", "data.csv", "all.zip"]
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Files", "", *(item(name, f"r{name}") for name in names), item("run.exe", "rrun.exe")),
                "".join(resource(f"r{name}", f"f/{name}") for name in [*names, "run.exe"]),
            ),
            **{f"f/{name}": b"x" for name in [*names, "run.exe"]},
        }
    )
    kinds = {each.title: (each.activity_type, each.resources[0].type) for each in found.lessons.values()}
    assert kinds == {
        "film.mp4": ("video", "video"),
        "talk.mp3": ("reading", "audio"),
        "plan.pdf": ("reading", "document"),
        "loom.py": ("reading", "code"),
        "data.csv": ("reading", "document"),
        "all.zip": ("reading", "document"),
    }
    assert found.left == {"File “run.exe”": "Files of this kind are not taken: f/run.exe"}


def test_links_topics_and_assignments_are_lessons(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item(
                    "Week", "", *(item(title, title) for title in ("Site", "Film", "Talk", "Quiet", "Essay"))
                ),
                resource("Site", "site.xml", "imswl_xmlv1p3")
                + resource("Film", "film.xml", "imswl_xmlv1p3")
                + resource("Talk", "t/talk.xml", "imsdt_xmlv1p3")
                + resource("Quiet", "t/quiet.xml", "imsdt_xmlv1p3")
                + resource("Essay", "e/essay.xml", "assignment_xmlv1p0"),
            ),
            "site.xml": web_link("https://loom.example/a_b"),
            "film.xml": web_link("https://youtu.be/1"),
            "t/talk.xml": topic(
                "&lt;p&gt;&lt;b&gt;Why?&lt;/b&gt;&lt;/p&gt;",
                '<attachments><attachment href="../m/loom.png"/></attachments>',
            ),
            "t/quiet.xml": topic("1. *why*?", kind="text/plain"),
            "m/loom.png": PNG,
            "e/essay.xml": '<assignment xmlns="urn:a"><title>E</title><text texttype="text/html">'
            "&lt;p&gt;Write.&lt;/p&gt;</text><instructor_text>the key</instructor_text>"
            '<attachments><attachment href="plan.pdf" role="All"/>'
            '</attachments><gradable points_possible="10">true</gradable></assignment>',
            "e/plan.pdf": PDF,
        }
    )
    site, film = found.lessons["Site"], found.lessons["Film"]
    assert (site.activity_type, site.content, site.video_url) == (
        "reading",
        "[Site](<https://loom.example/a_b>)",
        None,
    )
    assert (site.resources[0].type, site.resources[0].url) == ("link", "https://loom.example/a_b")
    assert (film.activity_type, film.video_url) == ("video", "https://youtu.be/1")
    assert found.lessons["Talk"].content == "**Why?**"
    assert found.files("Talk") == ["m/loom.png"]
    assert found.lessons["Quiet"].content == "1\\. \\*why\\*?"
    assert found.lessons["Essay"].content == "Write."
    assert "the key" not in str(found.bundle)
    assert found.files("Essay") == ["e/plan.pdf"]
    assert found.report.taken == {"web_links": 2, "discussions": 2, "assignments": 1}
    assert set(found.left) == {
        "The discussion of “Talk”",
        "The discussion of “Quiet”",
        "What is handed in for “Essay”",
    }


LEFT_ITEMS = ("Quiz", "Tool", "Board", "Nowhere", "Lost", "Nothing", "Unread", "Far", "Guarded", "Text")
RIGHTS = (
    "</lomimscc:general><lomimscc:rights><lomimscc:description><lomimscc:string>CC BY</lomimscc:string>"
    "</lomimscc:description></lomimscc:rights><lomimscc:general>"
)


def test_what_has_no_place_here_is_left_and_said(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item(
                    "Week",
                    "",
                    *(item(title, title) for title in LEFT_ITEMS),
                    item("Heading"),
                    item("Again", "Text"),
                )
                + item("Only a quiz", "", item("Q2", "Quiz2")),
                resource("Quiz", "q.xml", "imsqti_xmlv1p2/imscc_xmlv1p3/assessment")
                + resource("Quiz2", "q2.xml", "imsqti_xmlv1p2/imscc_xmlv1p3/assessment")
                + resource("Bank", "b.xml", "imsqti_xmlv1p2/imscc_xmlv1p3/question-bank")
                + resource("Tool", "lti.xml", "imsbasiclti_xmlv1p3")
                + resource("Board", "board.xml", "imsiwb_iwbv1p0")
                + resource("Lost", "lost.html")
                + '<resource identifier="Nothing" type="webcontent"/>'
                + resource("Unread", "unread.xml", "imsdt_xmlv1p3")
                + resource("Far", "far.xml", "imswl_xmlv1p3")
                + resource("Guarded", "guarded.html", protected="true")
                + resource("Text", "text.html"),
                lom=RIGHTS,
                more='<auth:authorizations access="resource"/>',
            ),
            **dict.fromkeys(("q.xml", "q2.xml", "lti.xml", "board.xml"), "<x/>"),
            "b.xml": '<questestinterop><objectbank title="Looms, hard"/></questestinterop>',
            "unread.xml": "<topic>\n<text>",
            "far.xml": web_link("javascript:alert(1)"),
            "guarded.html": html("secret"),
            "text.html": html("<p>text</p>"),
        }
    )
    assert found.outline == [("Week", ["Text"])]
    assert "secret" not in str(found.bundle)
    assert found.left == {
        "Quiz “Quiz”": "Quizzes are not taken: they are made anew, with their questions.",
        "Quiz “Q2”": "Quizzes are not taken: they are made anew, with their questions.",
        "Folder “Only a quiz”": "There is nothing in it that was taken.",
        "Question bank “Looms, hard”": "Questions are not taken: they are made anew, with a quiz.",
        "External tool “Tool”": "External tools (LTI) are not connected to courses here.",
        "Item “Board”": "Nothing here is of this kind: imsiwb_iwbv1p0.",
        "Item “Nowhere”": "It refers to something that the manifest does not have.",
        "Page “Lost”": "There is no such file in the cartridge: lost.html",
        "File “Nothing”": "The manifest names no file for it.",
        "Discussion “Unread”": "unread.xml cannot be read: It is not well-formed: no element found.",
        "Web link “Far”": "Its address is none of the web: javascript:alert(1)",
        "Page “Guarded”": "The publisher asks for a permission before it may be used.",
        "Files that are not for learners (1)": "They are hidden, for teachers only, or the publisher asks for a "
        "permission.",
        "Heading “Heading”": "There is nothing below it.",
        "Item “Again”": "What it shows was taken before, as “Text”.",
        "Authorizations (1)": "The publisher asks for a permission at another place; mind whether you "
        "may use the content.",
        "Rights: CC BY": "Courses keep no statement of rights: mind what it says.",
    }


def test_what_is_for_teachers_reaches_no_learner(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Week", "", item("Open", "open"), item("Key", "key"))
                + f'<item identifier="t"><title>Teachers</title>{TEACHERS}{item("Notes", "notes")}</item>'
                + '<item identifier="h" isvisible="false"><title>Draft</title>'
                + item("Sketch", "sketch")
                + item("PDF", "pdf")
                + item("Open as well", "open")
                + "</item>",
                resource("open", "open.html")
                + resource("key", "key.html", inside=TEACHERS)
                + resource("answers", "answers.pdf", inside=TEACHERS)
                + resource("notes", "notes.html")
                + resource("sketch", "sketch.html")
                + resource("pdf", "sketch.pdf"),
            ),
            "open.html": html('<p>Not <a href="answers.pdf">yet</a><a href="sketch.pdf">!</a></p>'),
            "key.html": html("<p>the key</p>"),
            "answers.pdf": PDF,
            "notes.html": html("<p>the notes</p>"),
            "sketch.html": html("<p>the sketch</p>"),
            "sketch.pdf": PDF,
        }
    )
    assert found.outline == [("Week", ["Open"])]
    assert found.lessons["Open"].content == "Not yet!"
    assert found.files("Open") == []
    assert set(found.left) >= {"Page “Key”", "Folder “Teachers”", "Folder “Draft”"}
    assert found.left["Files that are not for learners (5)"]


def test_of_two_forms_the_one_that_we_know_is_taken(take: Take) -> None:
    plain = '<cpx:variant identifier="v" identifierref="{}"><cpx:metadata/></cpx:variant>'
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Week", "", item("Essay", "a"), item("Board", "b"), item("Plain", "c_plain")),
                resource("a", "a.xml", "assignment_xmlv1p0")
                + resource("a_plain", "a.html", inside=plain.format("a"))
                + resource("b", "b.xml", "imsiwb_iwbv1p0")
                + resource("b_plain", "b.html", inside=plain.format("b"))
                + resource("c", "c.xml", "assignment_xmlv1p0")
                + resource("c_plain", "c.html", inside=plain.format("c")),
            ),
            "a.xml": "<assignment><text texttype='text/html'>the essay</text></assignment>",
            "a.html": html("another form of the essay"),
            "b.xml": "<board/>",
            "b.html": html("<p>what was on the board</p>"),
            "c.xml": "<assignment><text>no</text></assignment>",
            "c.html": html("<p>the plain one</p>"),
        }
    )
    assert {title: each.content for title, each in found.lessons.items()} == {
        "Essay": "the essay",
        "Board": "what was on the board",
        "Plain": "the plain one",
    }
    assert set(found.left) == {"What is handed in for “Essay”"}


TITLES = ("Long", "Empty", "Deep", "Torn", "Huge", "Wordy", "Drawn")


def test_a_page_is_left_where_it_is_too_long_empty_or_missing_something(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "LONGEST_PAGE", 800_000)
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Week", "", *(item(title, title) for title in TITLES)),
                "".join(resource(title, f"{title}.html") for title in TITLES),
            ),
            "Long.html": html("word " * 40_001),
            "Empty.html": html("<script>build()</script>"),
            "Deep.html": html("<p>top</p>" + "<div>" * 1000 + "bottom"),
            "Torn.html": html(
                '<p>a <a href="gone.pdf">b</a> <img src="gone.png"> <img src="data:image/png;base64,AA"></p>'
            ),
            "Huge.html": html("<!--" + "x" * 2**20 + "-->"),
            "Wordy.html": html("<!--" + "x" * 900_000 + "-->"),
            "Drawn.html": html('<p>drawn <img src="data:image/png;base64,' + "A" * 900_000 + '"></p>'),
        }
    )
    assert found.outline == [("Week", ["Deep", "Torn", "Drawn"])]
    assert found.lessons["Drawn"].content == "drawn"
    assert found.lessons["Torn"].content == "a b"
    assert set(found.left) == {
        "Page “Long”",
        "Page “Empty”",
        "A part of Page “Deep”",
        "A reference in “Torn”: gone.pdf",
        "A reference in “Torn”: gone.png",
        "Pictures (1) of Page “Torn”",
        "Page “Huge”",
        "Page “Wordy”",
        "Pictures (1) of Page “Drawn”",
    }
    assert "200000" in found.left["Page “Long”"]


def test_what_the_outline_leaves_out_comes_last(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Week", "", item("One", "p1")),
                resource("p1", "one.html")
                + resource("p2", "two.html")
                + resource("t", "t.xml", "imsdt_xmlv1p3")
                + resource("l", "l.xml", "imswl_xmlv1p3")
                + "".join(resource(f"f{number}", f"{number}.pdf") for number in range(45)),
            ),
            "one.html": html("<p>one</p>"),
            "two.html": html("<p>two</p>", title="The second"),
            "t.xml": topic("said"),
            "l.xml": web_link("https://loom.example/", "The site"),
            "other.txt": "not in the manifest",
            **{f"{number}.pdf": PDF for number in range(45)},
        }
    )
    assert found.outline == [
        ("Week", ["One"]),
        ("More material", ["The second", "A topic", "The site", "Files (1)", "Files (2)", "Files (3)"]),
    ]
    assert [len(found.files(f"Files ({number})")) for number in (1, 2, 3)] == [20, 20, 5]
    assert "Other files of the archive (1), such as other.txt" in found.left


def test_a_cartridge_of_which_nothing_is_left_is_refused(take: Take) -> None:
    with pytest.raises(CartridgeEmpty) as refused:
        take(
            {
                "imsmanifest.xml": manifest(
                    item("Quiz", "q"), resource("q", "q.xml", "imsqti_xmlv1p2/imscc_xmlv1p3/assessment")
                ),
                "q.xml": "<x/>",
            }
        )
    assert refused.value.members["left"][0]["what"] == "Quiz “Quiz”"
    with pytest.raises(CartridgeEmpty):
        take({"imsmanifest.xml": "<manifest/>"})


def test_no_page_writes_a_link_that_is_ours_to_write(take: Take) -> None:
    """What stands for a link meanwhile is no text, wherever a page has it: not of its own, nor within a link."""
    mine, of_none = "\ufdd00\ufdd1evil\ufdd2", "\ufdd0999\ufdd1evil\ufdd2"
    found = take(
        {
            "imsmanifest.xml": manifest(
                item(f"One{of_none}", "a") + item("Two", "b"),
                resource("a", "a.html") + resource("b", "b.html"),
            ),
            "a.html": html(f"{of_none} <a href='b.html'>we\ufdd2ft</a> <a href='b.html'>{of_none}</a>"),
            "b.html": html(f"<img src='https://loom.example/a.png' alt='{of_none}'><pre>{of_none}</pre>"),
        }
    )
    one, two = (lesson.content for module in found.bundle.modules for lesson in module.lessons)
    assert one.startswith("evil [weft](<course:/lessons/1/2>)")
    assert "evil" in two
    assert not set("\ufdd0\ufdd1\ufdd2") & set(one + two)
    assert "999" not in two
    # One that is a number of ours leads where that leads, and nowhere else.
    members = {
        "imsmanifest.xml": manifest(item("One", "a"), resource("a", "a.html")),
        "a.html": html(f"<a href='a.html'>here</a> {mine}"),
    }
    [lesson] = take(members).lessons.values()
    assert lesson.content == "[here](<course:/lessons/1/1>) [evil](<course:/lessons/1/1>)"


def test_paths_that_lead_out_lead_nowhere(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Week", "", item("One", "p"), item("Two", "q"), item("Three", "r")),
                resource("p", "one.html")
                + resource("q", "../../../etc/passwd")
                + resource("r", "file:///etc/passwd"),
            ),
            "one.html": html('<img src="../../../etc/passwd"><img src="file:///etc/passwd"><p>one</p>'),
        }
    )
    assert found.outline == [("Week", ["One"])]
    assert found.left["File “Two”"].startswith("There is no such file")
    assert found.left["Web link “Three”"].startswith("Its address is none of the web")


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 <p>so</p>", b"PK\x03\x04<p>so</p>", b"<p>so</p>" + b"a\x0e" * 500]
)
def test_a_page_that_is_something_else_costs_no_more_than_itself(take: Take, content: bytes) -> None:
    lom = f"<lomimscc:description><lomimscc:string>{'%PDF-1.7 &lt;b&gt;'}</lomimscc:string></lomimscc:description>"
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("One", "a") + item("Two", "b"),
                resource("a", "one.html") + resource("b", "two.html"),
                lom=lom,
            ),
            "one.html": content,
            "two.html": html("<p>two</p>"),
        }
    )
    assert found.outline == [("Weaving", ["Two"])]
    assert found.left == {"Page “One”": "one.html cannot be read: It is no page."}
    assert found.bundle.course.description == "%PDF-1.7 \\<b\\>"
