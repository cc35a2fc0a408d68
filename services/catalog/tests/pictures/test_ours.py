"""Pictures that come back: which of them stay as they are, and that nothing rides along with one."""

import io
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from catalog.pictures import rules, service
from chassis.pictures import Darkroom, PictureDamaged, make_over
from PIL import Image

FRAME = rules.FRAMES[rules.COURSES]


def noise(mode: str = "RGB", size: tuple[int, int] = (900, 700)) -> Image.Image:
    picture = Image.effect_noise(size, 60).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(size))
    return picture


def saved(picture: Image.Image, kind: str = "WEBP", **how: Any) -> bytes:
    made = io.BytesIO()
    picture.save(made, kind, **how)
    return made.getvalue()


def ours(mode: str = "RGB") -> bytes:
    return make_over(saved(noise(mode), "PNG"), FRAME).content


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(content)) + content + b"\x00" * (len(content) % 2)


def with_chunks(content: bytes, *more: bytes) -> bytes:
    inside = content[8:] + b"".join(more)
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def swollen(content: bytes, by: int) -> bytes:
    """The same picture, its only chunk longer than its pixels need."""
    kind, size = struct.unpack_from("<4sI", content, 12)
    inside = b"WEBP" + chunk(kind, content[20 : 20 + size] + b"<?php " * by)
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


@pytest.fixture
async def darkroom() -> AsyncIterator[Darkroom]:
    darkroom = Darkroom()
    yield darkroom
    darkroom.close()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_what_we_drew_stays_as_it_is(darkroom: Darkroom, mode: str) -> None:
    content = ours(mode)
    kept = await service.make_thumbnail(darkroom, content)
    assert kept.content == content
    assert (kept.width, kept.height) == rules.size_if_ours(content)


OTHERS: dict[str, bytes] = {
    "a png": saved(noise(), "PNG"),
    "a jpeg": saved(noise(), "JPEG"),
    "lossless": saved(noise(), lossless=True),
    "from a camera": saved(noise(), exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"),
    "with a profile": saved(noise(), icc_profile=bytes(200)),
    "moving": saved(noise(), save_all=True, append_images=[noise()]),
    "too large for its frame": saved(noise(size=(1600, 900)), quality=82),
    "with a chunk of its own": with_chunks(ours(), chunk(b"JUNK", b"<script>alert(1)</script>")),
    "with a chunk of pixels twice": with_chunks(ours(), ours()[12:]),
    "with room in its pixels": swollen(ours(), 200_000),
}


@pytest.mark.parametrize("what", OTHERS)
async def test_whatever_else_comes_is_drawn_again(darkroom: Darkroom, what: str) -> None:
    content = OTHERS[what]
    drawn = await service.make_thumbnail(darkroom, content)
    assert drawn.content != content
    assert b"<script" not in drawn.content
    assert b"<?php" not in drawn.content
    assert (drawn.width, drawn.height) == rules.size_if_ours(drawn.content)
    assert drawn.width <= FRAME.width
    assert drawn.height <= FRAME.height


@pytest.mark.parametrize("at", [12, 16, 20, 23, 26, 60])
async def test_one_whose_head_is_broken_does_not_stay(darkroom: Darkroom, at: int) -> None:
    content = ours()
    broken = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
    try:
        drawn = await service.make_thumbnail(darkroom, broken)
    except PictureDamaged:
        return
    # What can be read in spite of it is a picture like any other.
    assert rules.size_if_ours(drawn.content) == (drawn.width, drawn.height)


@pytest.mark.parametrize("cut", [1, 2, 100, 1000])
def test_one_that_is_cut_short_is_not_ours(cut: int) -> None:
    assert rules.size_if_ours(ours()[:-cut]) is None


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\x04\x00\x00\x00WEBP", b"RIFF\x0c\x00\x00\x00WEBPVP8 \x00\x00\x00\x00"]
)
def test_hardly_anything_is_not_ours(content: bytes) -> None:
    assert rules.size_if_ours(content) is None
