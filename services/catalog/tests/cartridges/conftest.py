"""Cartridges built as other platforms build them: their structure, our words."""

import io
import zipfile
from collections.abc import Callable, Mapping

import pytest
from catalog.cartridges.conversion import convert
from catalog.transfer.archives import Archive, Limits
from catalog.transfer.documents import Converted

Members = Mapping[str, bytes | str]
LIMITS = Limits(entries=2000, entry_bytes=2**26, unpacked_bytes=2**28, ratio=2000, document_bytes=2**20)
PDF = b"%PDF-1.7\nthe loom\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
CC = "http://www.imsglobal.org/xsd/imsccv1p3"


def zipped(members: Members) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def manifest(items: str = "", resources: str = "", *, lom: str = "", more: str = "") -> str:
    """Of 1.3, as the specification writes it: one item without a title holds the outline."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="m1" xmlns="{CC}/imscp_v1p1" xmlns:lom="http://ltsc.ieee.org/xsd/imsccv1p3/LOM/resource"
    xmlns:lomimscc="http://ltsc.ieee.org/xsd/imsccv1p3/LOM/manifest"
    xmlns:cpx="{CC}/imscp_extensionv1p2" xmlns:csm="{CC}/imscsmd_v1p0"
    xmlns:auth="{CC}/imsccauth_v1p3">
  <metadata><schema>IMS Common Cartridge</schema><schemaversion>1.3.0</schemaversion>
    <lomimscc:lom><lomimscc:general><lomimscc:title><lomimscc:string language="en-US">Weaving</lomimscc:string>
    </lomimscc:title>{lom}</lomimscc:general></lomimscc:lom></metadata>
  <organizations><organization identifier="o1" structure="rooted-hierarchy"><item identifier="root">
    {items}
  </item></organization></organizations>
  <resources>{resources}</resources>{more}
</manifest>"""


def item(title: str, ref: str = "", *children: str) -> str:
    refers = f' identifierref="{ref}"' if ref else ""
    return f'<item identifier="i_{ref or title}"{refers}><title>{title}</title>{"".join(children)}</item>'


def resource(
    identifier: str, href: str, kind: str = "webcontent", inside: str = "", **attributes: str
) -> str:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<resource identifier="{identifier}" type="{kind}" href="{href}"{given}>'
        f'{inside}<file href="{href}"/></resource>'
    )


TEACHERS = (
    "<metadata><lom:lom><lom:educational><lom:intendedEndUserRole><lom:source>IMSGLC_CC_Rolesv1p3</lom:source>"
    "<lom:value>Instructor</lom:value></lom:intendedEndUserRole></lom:educational></lom:lom></metadata>"
)


def html(body: str, title: str = "A page", head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def web_link(url: str, title: str = "A link") -> str:
    return (
        f'<webLink xmlns="{CC}/imswl_v1p3"><title>{title}</title>'
        f'<url href="{url}" target="_blank" windowFeatures="width=100"/></webLink>'
    )


def topic(text: str, attachments: str = "", kind: str = "text/html") -> str:
    return (
        f'<topic xmlns="{CC}/imsdt_v1p3"><title>A topic</title><text texttype="{kind}">{text}</text>'
        f"{attachments}</topic>"
    )


@pytest.fixture
def archive_of() -> Callable[[Members], Archive]:
    return lambda members: Archive(io.BytesIO(zipped(members)), LIMITS)


class Taken:
    """What became of a cartridge, as tests ask for it."""

    def __init__(self, converted: Converted) -> None:
        self.bundle = converted.bundle
        self.report = converted.report
        self.lessons = {lesson.title: lesson for module in self.bundle.modules for lesson in module.lessons}

    @property
    def outline(self) -> list[tuple[str, list[str]]]:
        return [(module.title, [lesson.title for lesson in module.lessons]) for module in self.bundle.modules]

    def files(self, title: str) -> list[str]:
        """The files of a lesson, by their names in the archive."""
        return [each.file.path for each in self.lessons[title].resources if each.file is not None]

    @property
    def left(self) -> dict[str, str]:
        return {each.what: each.why for each in self.report.left}


@pytest.fixture
def take(archive_of: Callable[[Members], Archive]) -> Callable[[Members], Taken]:
    return lambda members: Taken(convert(archive_of(members)))
