"""imsmanifest.xml of every version, and of those who read the specification in their own way."""

import pytest
from catalog.cartridges import manifest
from catalog.cartridges.errors import CartridgeBroken, NotACartridge
from catalog.cartridges.manifest import Item

from .conftest import TEACHERS, item, resource
from .conftest import manifest as written

NAMESPACES = {
    "1.0.0": "http://www.imsglobal.org/xsd/imscc/imscp_v1p1",
    "1.1.0": "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1",
    "1.2.0": "http://www.imsglobal.org/xsd/imsccv1p2/imscp_v1p1",
    "1.3.0": "http://www.imsglobal.org/xsd/imsccv1p3/imscp_v1p1",
}
LOM = """<lom:general><lom:title><lom:string language="en-US">Weaving</lom:string></lom:title>
 <lom:language>en-US</lom:language>
 <lom:description><lom:string/><lom:string>Of cloth.</lom:string></lom:description>
 <lom:description><lom:string>Of thread.</lom:string></lom:description>
 <lom:keyword><lom:string>warp</lom:string></lom:keyword><lom:keyword><lom:string>weft</lom:string></lom:keyword>
 </lom:general>
 <lom:educational><lom:typicalLearningTime><lom:duration>PT10H</lom:duration></lom:typicalLearningTime></lom:educational>
 <lom:rights><lom:description><lom:string>CC BY 4.0</lom:string></lom:description></lom:rights>"""


def shape(items: tuple[Item, ...]) -> list[tuple[str, str | None, object]]:
    return [(each.title, each.refers_to, shape(each.children)) for each in items]


@pytest.mark.parametrize("version", sorted(NAMESPACES))
def test_every_version_is_read_alike(version: str) -> None:
    document = f"""<manifest xmlns="{NAMESPACES[version]}" xmlns:lom="urn:lom-of-{version}">
      <metadata><schema>IMS Common Cartridge</schema><schemaversion>{version}</schemaversion>
        <lom:lom>{LOM}</lom:lom></metadata>
      <organizations><organization structure="rooted-hierarchy"><item identifier="root">
        <item identifier="i1"><title>Looms</title>
          <item identifier="i2" identifierref="r1"><title>Warp</title></item></item>
      </item></organization></organizations>
      <resources><resource identifier="r1" type="webcontent" href="warp.html" intendeduse="syllabus">
        <file href="warp.html"/><file href="warp.png"/><dependency identifierref="r2"/></resource></resources>
    </manifest>"""
    found = manifest.read(document.encode())
    assert found.version == version
    assert found.metadata == manifest.Metadata(
        title="Weaving",
        description="Of cloth.\n\nOf thread.",
        language="en",
        keywords=("warp", "weft"),
        minutes=600,
        rights="CC BY 4.0",
    )
    assert shape(found.items) == [("Looms", None, [("Warp", "r1", [])])]
    [only] = found.resources
    assert (only.identifier, only.type, only.href) == ("r1", "webcontent", "warp.html")
    assert only.files == ("warp.html", "warp.png")
    assert only.dependencies == ("r2",)


def test_the_older_binding_of_metadata_is_read() -> None:
    document = """<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
      xmlns:imsmd="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1">
      <metadata><schema>IMS Content</schema><schemaversion>1.1.3</schemaversion><imsmd:lom><imsmd:general>
      <imsmd:title><imsmd:langstring xml:lang="es-mx">Telares</imsmd:langstring></imsmd:title>
      <imsmd:language>es-mx</imsmd:language></imsmd:general></imsmd:lom></metadata></manifest>"""
    found = manifest.read(document.encode())
    assert (found.metadata.title, found.metadata.language) == ("Telares", "es")
    assert found.items == ()
    assert found.resources == ()


def test_an_outline_without_the_one_item_that_holds_it() -> None:
    document = """<manifest><organizations default="second">
      <organization identifier="first"><item identifierref="x"><title>Not this</title></item></organization>
      <organization identifier="second"><title>Cloth</title>
        <item identifierref="r1"><title>One</title></item><item identifierref="r2"><title>Two</title></item>
      </organization></organizations></manifest>"""
    found = manifest.read(document.encode())
    assert found.root_title == "Cloth"
    assert shape(found.items) == [("One", "r1", []), ("Two", "r2", [])]
    assert found.version == "unknown"


def test_a_root_with_a_title() -> None:
    document = written(item("Week 1", "", item("Warp", "r1"))).replace(
        '<item identifier="root">', '<item identifier="root"><title>Cloth</title>'
    )
    found = manifest.read(document.encode())
    assert found.root_title == "Cloth"
    assert [each.title for each in found.items] == ["Week 1"]


def test_paths_are_below_their_bases() -> None:
    document = """<manifest xmlns:xml2="x" xml:base="all/"><resources xml:base="some">
      <resource identifier="a" type="webcontent" href="a.html" xml:base="these"><file href="a.html"/></resource>
      <resource identifier="b" type="webcontent"><file href="b.pdf"/><file href=""/></resource>
      <resource identifier="c" type="webcontent" href="https://loom.example/c"/>
      <resource identifier="d" type="webcontent"/></resources></manifest>"""
    found = {each.identifier: each for each in manifest.read(document.encode()).resources}
    assert found["a"].href == "all/some/these/a.html"
    assert found["b"].href == "all/some/b.pdf"
    assert found["b"].files == ("all/some/b.pdf",)
    assert found["c"].href == "https://loom.example/c"
    assert found["d"].href is None


def test_what_learners_are_not_to_see_is_known() -> None:
    learners = TEACHERS.replace("Instructor", "Learner")
    both = (
        TEACHERS.replace("</lom:intendedEndUserRole>", "</lom:intendedEndUserRole>" + "<!-- -->") + learners
    )
    document = written(
        '<item identifier="x" isvisible="false"><title>Hidden</title></item>'
        f'<item identifier="y"><title>Key</title>{TEACHERS}</item>',
        resource("a", "a.html", inside=TEACHERS)
        + resource("b", "b.html", inside=learners)
        + resource("c", "c.html", inside=both)
        + resource("d", "d.html", protected="true")
        + resource("e", "e.html", inside='<cpx:variant identifier="v" identifierref="a"/>'),
    )
    found = manifest.read(document.encode())
    assert [(each.is_hidden, each.for_teachers) for each in found.items] == [(True, False), (False, True)]
    told = {
        each.identifier: (each.for_teachers, each.is_protected, each.instead_of) for each in found.resources
    }
    assert told == {
        "a": (True, False, None),
        "b": (False, False, None),
        "c": (False, False, None),
        "d": (False, True, None),
        "e": (False, False, "a"),
    }


def test_what_courses_have_no_place_for_is_counted() -> None:
    document = written(
        '<item identifier="x"><title>A</title><prerequisites>y</prerequisites></item>',
        resource("a", "a.html", inside="<metadata><csm:curriculumStandardsMetadataSet/></metadata>"),
        more='<auth:authorizations access="resource"/>',
    )
    found = manifest.read(document.encode())
    assert found.mentions == {"prerequisites": 1, "curriculumStandardsMetadataSet": 1, "authorizations": 1}


@pytest.mark.parametrize(
    ("document", "line", "reason"),
    [
        (b"<manifest>\n <resources>\n</manifest>", 3, "mismatched tag"),
        (b"<html>\n</html>", 1, "<html>, not <manifest>"),
        (b"", 1, "no element found"),
        (b'<!DOCTYPE manifest SYSTEM "x">\n<manifest/>', 1, "document type"),
    ],
)
def test_a_broken_manifest_is_told_with_its_line(document: bytes, line: int, reason: str) -> None:
    with pytest.raises(CartridgeBroken) as refused:
        manifest.read(document)
    assert refused.value.members["line"] == line
    assert reason in refused.value.members["reason"]
    assert reason in (refused.value.detail or "")


@pytest.mark.parametrize(
    ("schema", "version"), [("ADL SCORM", "1.2"), ("ADL SCORM", "2004 4th Edition"), ("", "CAM 1.3 SCORM")]
)
def test_a_program_is_no_cartridge(schema: str, version: str) -> None:
    said = f"<schema>{schema}</schema><schemaversion>{version}</schemaversion>"
    document = f"<manifest><metadata>{said}</metadata></manifest>"
    with pytest.raises(NotACartridge):
        manifest.read(document.encode())
