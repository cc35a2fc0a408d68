"""Pictures that people send, made over: what goes out was drawn here from pixels, and carries nothing else.

JPEG, PNG, WebP and GIF, known by their content. What is not one of them whole, or is one with something behind its
end (an archive, a script), is refused; what hides inside of one does not survive being drawn again.
"""

import asyncio
import io
import re
import struct
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.errors import Invalid, NotFound, PayloadTooLarge, Unavailable, UnsupportedMediaType
from chassis.storage import NotStored, Storage

if TYPE_CHECKING:
    from PIL.Image import Image

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
MADE_TYPE, MADE_SUFFIX = "image/webp", ".webp"
_NAME = re.compile(r"[0-9a-f]{32}\.webp")

MAX_PIXELS = 25_000_000
"""As decoded, 100 MB: what a camera of 24 megapixels makes, and as much as a small process can hold."""
LARGEST_SIDE = 16_383
"""What WebP can hold; longer ones are not pictures of anything."""
QUALITY = 82
LARGEST_PROFILE = 2**20
ORIENTATION = 0x0112
WAITING_AT_MOST = 16


class NotAPicture(UnsupportedMediaType):
    slug = "not-a-picture"
    title = "Only JPEG, PNG, WebP and GIF pictures are taken here"


class PictureDamaged(Invalid):
    slug = "picture-damaged"
    title = "This picture is not whole, or it is more than a picture"


class PictureTooLarge(PayloadTooLarge):
    slug = "picture-too-large"
    title = "This picture has more pixels than are taken here"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture is made to fit: scaled down (never up) into width x height, or, with `crop`, cut to that shape
    around its middle."""

    width: int
    height: int
    crop: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A WebP of our own making, in sRGB."""

    content: bytes
    width: int
    height: int


def is_name(text: str) -> bool:
    """Whether this could be the name of a picture that we keep: to be asked of what comes in a URL."""
    return _NAME.fullmatch(text) is not None


async def read(storage: Storage, key: str) -> bytes:
    """A picture that we keep. Raises NotFound, StorageAway."""
    try:
        return await (await storage.open(key)).read()
    except NotStored:
        raise NotFound("There is no such picture.") from None


class Darkroom:
    """Makes pictures over, one at a time, beside the event loop: each takes up to 200 MB while it is worked on."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._waiting = 0

    async def make_over(self, content: bytes, frame: Frame, *, max_pixels: int = MAX_PIXELS) -> Picture:
        """The picture as we keep it. Raises NotAPicture, PictureDamaged, PictureTooLarge, or Unavailable when too
        many wait."""
        if self._waiting >= WAITING_AT_MOST:
            raise Unavailable("Too many pictures are being worked on just now.", retry_after=5)
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, make_over, content, frame, max_pixels)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def make_over(content: bytes, frame: Frame, max_pixels: int = MAX_PIXELS) -> Picture:
    """The same, here and now: for a thread."""
    kind, ends = _kind_and_end(content)
    if content[ends:].strip(b"\x00"):
        raise PictureDamaged("Something follows the end of the picture.")
    image = _opened(content[:ends], kind, max_pixels)
    try:
        return _drawn(image, frame)
    # Whatever a decoder makes of a stranger's bytes, it says of the bytes.
    except Exception as error:
        raise PictureDamaged("It could not be read to its end.") from error


# --- where a picture ends -------------------------------------------------------------------------------------


def _kind_and_end(content: bytes) -> tuple[str, int]:
    """Of what kind the picture is that the content begins with, and where it is over. Raises NotAPicture,
    PictureDamaged."""
    for kind, magic, ends in _FORMATS:
        if magic.match(content):
            try:
                return kind, ends(content)
            except (IndexError, struct.error) as error:
                raise PictureDamaged("It ends in the middle.") from error
    raise NotAPicture


def _need(content: bytes, ends: int) -> int:
    if ends > len(content):
        raise PictureDamaged("It ends in the middle.")
    return ends


def _png_ends(content: bytes) -> int:
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", content, at)
        at = _need(content, at + 12 + length)
        if kind == b"IEND":
            return at


def _webp_ends(content: bytes) -> int:
    (length,) = struct.unpack_from("<I", content, 4)
    return _need(content, 8 + length + length % 2)


def _gif_ends(content: bytes) -> int:
    at = 13 + _colours(content[10])
    while content[at] != 0x3B:
        if content[at] == 0x2C:  # a frame: its place, perhaps its colours, its code size
            at += 10 + _colours(content[at + 9]) + 1
        elif content[at] == 0x21:  # an extension
            at += 2
        else:
            raise PictureDamaged("It is no GIF past its beginning.")
        while content[at]:
            at += 1 + content[at]
        at += 1
    return at + 1


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


# In what is scanned, the next marker: not a stuffed byte, a restart, or filling.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))


def _jpeg_ends(content: bytes) -> int:
    at, further = 2, 0
    while True:
        while content[at] == 0xFF and content[at + 1] == 0xFF:
            at += 1
        if content[at] != 0xFF:
            raise PictureDamaged("It is no JPEG past its beginning.")
        kind = content[at + 1]
        at += 2
        if kind == 0xD9:
            return _need(content, max(at, further))
        if kind in _ALONE:
            continue
        (length,) = struct.unpack_from(">H", content, at)
        if kind == 0xE2 and content[at + 2 : at + 6] == b"MPF\x00":
            further = max(further, _pictures_behind(content, at + 6, at + length))
        at += length
        if kind == 0xDA:
            marker = _MARKER.search(content, at)
            if marker is None:
                raise PictureDamaged("It ends in the middle.")
            at = marker.start()


def _pictures_behind(content: bytes, at: int, until: int) -> int:
    """Where the last picture ends that a JPEG of several (CIPA DC-007: a preview, a depth or a brightness map, as
    telephones make them) declares behind its first; 0 for none. Only the first is ever looked at."""
    order = "<" if content[at : at + 2] == b"II" else ">"
    (first,) = struct.unpack_from(f"{order}I", content, at + 4)
    (count,) = struct.unpack_from(f"{order}H", content, at + first)
    ends = 0
    for entry in range(at + first + 2, min(at + first + 2 + 12 * count, until), 12):
        tag, _, size, place = struct.unpack_from(f"{order}HHII", content, entry)
        if tag == 0xB002:
            for one in range(at + place, min(at + place + size, until - 15), 16):
                length, offset = struct.unpack_from(f"{order}II", content, one + 4)
                start = at + offset
                if offset and content[start : start + 2] == b"\xff\xd8":
                    ends = max(ends, start + length)
    return ends


_FORMATS: tuple[tuple[str, re.Pattern[bytes], Callable[[bytes], int]], ...] = (
    ("JPEG", re.compile(rb"\xff\xd8\xff"), _jpeg_ends),
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n"), _png_ends),
    ("WEBP", re.compile(rb"RIFF....WEBP", re.DOTALL), _webp_ends),
    ("GIF", re.compile(rb"GIF8[79]a"), _gif_ends),
)


# --- what it shows --------------------------------------------------------------------------------------------


def _opened(content: bytes, kind: str, max_pixels: int) -> "Image":
    """The picture, its head read and not one pixel decoded."""
    from PIL import Image  # here, not above: most processes never see a picture

    # We look at the size ourselves, and before anything is decoded.
    Image.MAX_IMAGE_PIXELS = None
    # That a stranger's EXIF is corrupt is nothing to tell the operator.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    try:
        image = Image.open(io.BytesIO(content), formats=(kind,))
    except Exception as error:
        raise PictureDamaged("It could not be read.") from error
    if image.width * image.height > max_pixels or max(image.size) > LARGEST_SIDE:
        raise PictureTooLarge(f"At most {max_pixels} pixels are taken, and {LARGEST_SIDE} on a side.")
    return image


def _drawn(image: "Image", frame: Frame) -> Picture:
    from PIL import Image

    turn = _TURNS.get(_orientation(image), ())
    is_on_its_side = any(name.startswith(("ROTATE_90", "ROTATE_270", "TRANS")) for name in turn)
    # The frame as it lies on the picture before that is turned.
    width, height = (frame.height, frame.width) if is_on_its_side else (frame.width, frame.height)
    small = _shrunk(image, width, height, frame.crop)
    for name in turn:
        small = small.transpose(Image.Transpose[name])
    if frame.crop:
        small = _cropped(small, frame)
    small = _in_srgb(small, image.info.get("icc_profile"))
    # From the pixels alone: whatever else came with the picture stays behind.
    clean = Image.frombytes(small.mode, small.size, small.tobytes())
    made = io.BytesIO()
    clean.save(made, "WEBP", quality=QUALITY, method=4)
    return Picture(made.getvalue(), *clean.size)


_TURNS: dict[Any, tuple[str, ...]] = {
    2: ("FLIP_LEFT_RIGHT",),
    3: ("ROTATE_180",),
    4: ("FLIP_TOP_BOTTOM",),
    5: ("TRANSPOSE",),
    6: ("ROTATE_270",),
    7: ("TRANSVERSE",),
    8: ("ROTATE_90",),
}
"""EXIF's orientations, as what undoes them."""


def _orientation(image: "Image") -> Any:
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # noqa: BLE001 - a picture whose EXIF cannot be read is a picture the right way up
        return None


def _shrunk(image: "Image", width: int, height: int, crop: bool) -> "Image":
    """The picture in colours, as small as it may be for the frame; decoded no larger than need be."""
    from PIL import Image

    ratios = (width / image.width, height / image.height)
    scale = min(1.0, max(ratios) if crop else min(ratios))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if image.format in ("JPEG", "MPO"):
        image.draft(None, (2 * size[0], 2 * size[1]))
    image.load()
    # Colours of a palette, single bits and 16-bit greys cannot be mixed as they are.
    if image.mode not in ("RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"):
        image = _widened(image)
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _widened(image: "Image") -> "Image":
    if image.mode.startswith("I"):
        # 16 bits of grey: the upper 8.
        return image.point(lambda value: value / 256).convert("L")
    is_transparent = "transparency" in image.info or image.mode in ("PA", "La", "RGBa")
    return image.convert("RGBA" if is_transparent else "RGB")


def _cropped(image: "Image", frame: Frame) -> "Image":
    """The middle of the picture, in the frame's shape; smaller than the frame where the picture is."""
    scale = min(1.0, image.width / frame.width, image.height / frame.height)
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _in_srgb(image: "Image", profile: bytes | None) -> "Image":
    """The colours as everybody's screen takes them: what the picture's own profile says is worked in."""
    from PIL import Image, ImageCms

    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    plain = image.convert({"RGBA": "RGB", "LA": "L"}.get(image.mode, image.mode))
    if profile and len(profile) <= LARGEST_PROFILE:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            changed = ImageCms.profileToProfile(plain, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
            plain = changed or plain
        except (ImageCms.PyCMSError, OSError, ValueError):
            # A broken profile, or one for other colours: shown as if there were none, as browsers do.
            pass
    plain = plain.convert("RGB")
    if alpha is None:
        return plain
    whole: Image.Image = plain.copy()
    whole.putalpha(alpha)
    return whole
