"""Pictures made over: what people send, crafted here byte by byte, and what comes of it."""

import asyncio
import io
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from typing import Any

import pytest
from chassis.errors import Unavailable
from chassis.pictures import (
    MAX_PIXELS,
    Darkroom,
    Frame,
    NotAPicture,
    Picture,
    PictureDamaged,
    PictureTooLarge,
    make_over,
)
from PIL import Image, ImageCms

SQUARE = Frame(512, 512, crop=True)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SECRET = b"51.5074,-0.1278 home of ada"


def painted(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right, green along the top."""
    image = Image.new("RGB", (width, height), (200, 0, 0))
    image.paste((0, 0, 200), (width // 2, 0, width, height))
    image.paste((0, 200, 0), (0, 0, width, height // 8))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **given: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **given)
    return made.getvalue()


def read(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.content))
    image.load()
    assert image.format == "WEBP"
    assert image.size == (picture.width, picture.height)
    return image


def is_near(pixel: Any, colour: tuple[int, int, int], within: int = 40) -> bool:
    return all(abs(one - other) <= within for one, other in zip(pixel[:3], colour, strict=True))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def exif(orientation: int = 1) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = SECRET.decode()
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[2] = (51.0, 30.0, 26.0)
    return tags.tobytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_each_kind_is_made_a_square(kind: str) -> None:
    made = make_over(encoded(painted(1200, 800), kind), SQUARE)
    image = read(made)
    assert image.size == (512, 512)
    assert is_near(image.getpixel((40, 400)), (200, 0, 0))
    assert is_near(image.getpixel((470, 400)), (0, 0, 200))
    assert is_near(image.getpixel((256, 10)), (0, 200, 0))
    assert len(made.content) < 20_000


@pytest.mark.parametrize(
    ("size", "frame", "expected"),
    [
        ((1200, 800), Frame(600, 600), (600, 400)),
        ((800, 1200), Frame(600, 600), (400, 600)),
        ((100, 50), Frame(600, 600), (100, 50)),
        ((100, 50), SQUARE, (50, 50)),
        ((513, 4000), SQUARE, (512, 512)),
        ((4000, 1000), Frame(1600, 400, crop=True), (1600, 400)),
        ((1000, 1000), Frame(1600, 400, crop=True), (1000, 250)),
        ((3000, 1), Frame(600, 600), (600, 1)),
        ((1, 1), SQUARE, (1, 1)),
    ],
)
def test_it_fits_the_frame_and_is_never_made_larger(
    size: tuple[int, int], frame: Frame, expected: tuple[int, int]
) -> None:
    made = make_over(encoded(painted(*size), "PNG"), frame)
    assert (made.width, made.height) == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_the_camera_knew_is_gone(kind: str) -> None:
    sent = encoded(painted(300, 200), kind, exif=exif(), **({"comment": SECRET} if kind == "JPEG" else {}))
    assert SECRET in sent
    assert b"Exif" in sent or b"EXIF" in sent or b"eXIf" in sent
    made = make_over(sent, SQUARE)
    assert SECRET not in made.content
    assert b"EXIF" not in made.content
    assert not read(made).getexif()
    assert set(read(made).info) <= {"background", "loop", "timestamp", "duration"}


def test_text_and_xmp_of_a_png_are_gone() -> None:
    plain = encoded(painted(64, 64), "PNG")
    text = png_chunk(b"tEXt", b"Comment\0" + SECRET) + png_chunk(
        b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SECRET
    )
    made = make_over(plain[:33] + text + plain[33:], SQUARE)
    assert SECRET not in made.content
    assert b"XMP" not in made.content


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("crop", [True, False])
def test_it_is_turned_as_the_camera_was(orientation: int, crop: bool) -> None:
    upright = painted(640, 400)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = upright.transpose(undo[orientation]) if orientation > 1 else upright
    made = make_over(encoded(held, "JPEG", exif=exif(orientation), quality=95), Frame(320, 200, crop=crop))
    image = read(made)
    assert image.size == (320, 200)
    assert is_near(image.getpixel((20, 150)), (200, 0, 0))
    assert is_near(image.getpixel((300, 150)), (0, 0, 200))
    assert is_near(image.getpixel((160, 8)), (0, 200, 0))


def test_exif_that_is_rubbish_turns_nothing() -> None:
    made = make_over(encoded(painted(64, 64), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"), SQUARE)
    assert is_near(read(made).getpixel((5, 50)), (200, 0, 0))


def test_its_own_colours_are_worked_in() -> None:
    """A profile that swaps red and green: what is sent as red is shown as green everywhere."""
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, green = (swapped.index(b"rXYZ"), swapped.index(b"gXYZ"))
    table = bytearray(swapped)
    table[red : red + 4], table[green : green + 4] = b"gXYZ", b"rXYZ"
    red_ones = Image.new("RGB", (64, 64), (220, 0, 0))
    for kind in ("JPEG", "PNG", "WEBP"):
        made = make_over(encoded(red_ones, kind, icc_profile=bytes(table)), SQUARE)
        assert b"ICCP" not in made.content
        assert is_near(read(made).getpixel((30, 30)), (0, 220, 0), within=60), kind
        broken = make_over(encoded(red_ones, kind, icc_profile=b"rubbish" * 40), SQUARE)
        assert is_near(read(broken).getpixel((30, 30)), (220, 0, 0)), kind


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_pictures_of_every_depth(mode: str) -> None:
    if mode == "I;16":
        image = Image.new("I;16", (64, 64), 200 * 256)
        made = read(make_over(encoded(image, "PNG"), SQUARE))
        assert is_near(made.convert("RGB").getpixel((30, 30)), (200, 200, 200), within=6)
        return
    made = read(make_over(encoded(painted(64, 64, mode), "PNG"), SQUARE))
    assert made.size == (64, 64)


def test_what_was_transparent_stays_so() -> None:
    image = painted(600, 600, "RGBA")
    image.paste((0, 0, 0, 0), (0, 300, 600, 600))
    for kind in ("PNG", "WEBP", "GIF"):
        made = read(make_over(encoded(image, kind), SQUARE)).convert("RGBA")
        assert made.getpixel((250, 500))[3] == 0  # type: ignore[index]
        assert made.getpixel((250, 100))[3] == 255  # type: ignore[index]


def test_a_cmyk_jpeg_is_shown_as_colours() -> None:
    made = read(make_over(encoded(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG"), SQUARE))
    assert is_near(made.getpixel((30, 30)), (255, 0, 0))


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ((200, 0, 0), (0, 0, 200))]
    for kind in ("GIF", "WEBP", "PNG"):
        made = read(make_over(encoded(frames[0], kind, save_all=True, append_images=frames[1:]), SQUARE))
        assert getattr(made, "n_frames", 1) == 1
        assert is_near(made.getpixel((30, 30)), (200, 0, 0))


# --- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello, I am a .png",
        b"\x89PNG",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"<html>GIF89a",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"BM" + bytes(60),
        b"II*\x00" + bytes(60),
        b"\x00\x00\x00\x18ftypheic" + bytes(60),
        b"RIFF\x10\x00\x00\x00WAVE" + bytes(20),
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"\x00\x00\x01\x00" + bytes(60),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        make_over(content, SQUARE)


@pytest.mark.parametrize("kind", FORMATS)
def test_half_a_picture_is_refused(kind: str) -> None:
    whole = encoded(painted(200, 200), kind)
    for end in (len(whole) - 1, len(whole) - 8, len(whole) // 2, 40, 14):
        with pytest.raises(PictureDamaged):
            make_over(whole[:end], SQUARE)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_has_something_behind_it_is_refused(kind: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("evil.sh", "rm -rf /")
    whole = encoded(painted(200, 200), kind)
    for behind in (archive.getvalue(), b"<script>alert(1)</script>", b"x", whole):
        with pytest.raises(PictureDamaged, match="follows the end"):
            make_over(whole + behind, SQUARE)
    make_over(whole + bytes(500), SQUARE)


def test_a_gif_that_is_a_script_too_becomes_a_picture_alone() -> None:
    """GIF89a/*...*/=1;alert(1): the width opens a comment that an extension block of the GIF closes."""
    image = encoded(Image.new("P", (10, 10)), "GIF")
    script = b"*/=1;alert(document.domain)//"
    width = struct.pack("<H", 0x2A2F)
    comment = b"\x21\xfe" + bytes([len(script)]) + script + b"\x00"
    screen = 13 + 3 * 2 ** ((image[10] & 7) + 1) * (image[10] >> 7)
    polyglot = image[:6] + width + image[8:screen] + comment + image[screen:]
    assert polyglot.startswith((b"GIF89a/*", b"GIF87a/*"))
    made = make_over(polyglot, SQUARE)
    assert b"alert" not in made.content
    assert made.content.startswith(b"RIFF")


def test_a_script_in_a_jpeg_comment_does_not_survive() -> None:
    made = make_over(encoded(painted(64, 64), "JPEG", comment=b"<?php system($_GET[0]); ?>"), SQUARE)
    assert b"php" not in made.content


def png_of(width: int, height: int, *, honest: bool = False) -> bytes:
    """A PNG that says it is so large; of nothing but zeros, it is a thousandth of that as a file."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * height), 9) if honest else zlib.compress(b"")
    chunks = png_chunk(b"IHDR", head) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (5001, 5000), (16_384, 1)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    began = time.perf_counter()
    with pytest.raises((PictureTooLarge, PictureDamaged)) as refused:
        make_over(png_of(*size), SQUARE)
    # Decoding 2.5 gigapixels would take minutes and what memory there is.
    assert time.perf_counter() - began < 20
    if size != (2**31 - 1, 2**31 - 1):
        assert refused.type is PictureTooLarge


def test_a_bomb_costs_no_memory() -> None:
    """In a process of its own, that may not grow: 100 megapixels in 100 kB."""
    bomb = png_of(10_000, 10_000, honest=True)
    assert len(bomb) < 200_000
    code = (
        "import sys, resource, PIL.Image, PIL.PngImagePlugin; from chassis import pictures as p\n"
        "bomb = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: p.make_over(bomb, p.Frame(512, 512)); print('made')\n"
        "except p.PictureTooLarge: print('refused')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=bomb, capture_output=True, check=True)
    said, grown = done.stdout.decode().split()
    assert said == "refused"
    assert int(grown) < 20_000, "kilobytes"


def test_a_bomb_of_text_is_refused() -> None:
    plain = encoded(painted(64, 64), "PNG")
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200 * 2**20), 9))
    with pytest.raises(PictureDamaged):
        make_over(plain[:33] + bomb + plain[33:], SQUARE)


def test_a_large_camera_picture_is_taken() -> None:
    made = make_over(encoded(Image.new("RGB", (6000, 4000), (10, 200, 10)), "JPEG"), SQUARE)
    assert (made.width, made.height) == (512, 512)
    assert MAX_PIXELS >= 6000 * 4000


def test_a_jpeg_of_several_pictures_is_taken_as_its_first() -> None:
    """As telephones make them: the further ones are declared, and what is declared is not 'something behind'."""
    several = encoded(
        painted(200, 200), "MPO", save_all=True, append_images=[Image.new("RGB", (200, 200), (255, 255, 0))]
    )
    assert several.count(b"\xff\xd8\xff") == 2
    image = read(make_over(several, SQUARE))
    assert is_near(image.getpixel((20, 150)), (200, 0, 0))
    with pytest.raises(PictureDamaged, match="follows the end"):
        make_over(several + b"PK\x03\x04", SQUARE)
    with pytest.raises(PictureDamaged):
        make_over(several[:-10], SQUARE)


def test_no_spoilt_picture_is_more_than_refused() -> None:
    """Every byte of small pictures spoilt, one at a time: made over or refused, never anything else, never long."""
    for kind in FORMATS:
        whole = encoded(painted(16, 16), kind)
        for at in range(0, len(whole), max(1, len(whole) // 150)):
            for value in (0x00, 0xFF, whole[at] ^ 0x01):
                spoilt = whole[:at] + bytes([value]) + whole[at + 1 :]
                try:
                    made = make_over(spoilt, SQUARE, max_pixels=1_000_000)
                except (NotAPicture, PictureDamaged, PictureTooLarge):
                    continue
                assert made.content.startswith(b"RIFF")


# --- beside the event loop ------------------------------------------------------------------------------------


async def test_the_loop_goes_on_and_only_so_many_wait() -> None:
    darkroom = Darkroom()
    sent = encoded(painted(3000, 2000), "PNG")
    longest, stopped = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not stopped:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began)

    watching = asyncio.create_task(watch())
    answers = await asyncio.gather(
        *(darkroom.make_over(sent, SQUARE) for _ in range(20)), return_exceptions=True
    )
    stopped = True
    await watching
    darkroom.close()
    assert sum(isinstance(answer, Picture) for answer in answers) == 16
    assert sum(isinstance(answer, Unavailable) for answer in answers) == 4
    assert longest < 5


def test_pillow_is_loaded_at_the_first_use_alone() -> None:
    code = "import sys, chassis.pictures; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
