"""Reads photos in a process of its own: `python -m api.awards.evidence.photo_worker`.

A few kilobytes may stand for a picture that takes all memory, and decoders are the oldest way into a server. So
what somebody sends is decoded only here, where memory and time have a limit, and drawn anew: what comes out has
pixels and nothing else of what came in.
"""

from __future__ import annotations

import os
from contextlib import suppress
from io import BytesIO

import msgspec
from PIL import Image, ImageOps

from api.platform.process_limits import OUT_OF_MEMORY_ERRORS, limit_process
from api.platform.worker_process import serve

MAX_PIXELS = 50_000_000
LONG_EDGE = 1280
MIN_EDGE = 64
MAX_RATIO = 10
"""Of the long edge to the short one: panoramas have five."""
FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 80
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# What is resized as it is; other modes have no grey between two values, or other values than eight bits hold.
_SMOOTH = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16")
_LOOK_BITS = 64


class Request(msgspec.Struct, frozen=True):
    content: bytes
    memory: int
    seconds: int


class Reading(msgspec.Struct, frozen=True):
    """`jpeg`: the photo as it is kept. `look`: its perceptual hash, a signed number of 64 bits. `refused`: why it
    isn't taken: heic, not-a-photo, damaged, too-large or too-small."""

    jpeg: bytes = b""
    width: int = 0
    height: int = 0
    look: int = 0
    refused: str = ""


def read(content: bytes) -> Reading:
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return Reading(refused="heic")
    # What a decoder raises over bytes that somebody made up is any error there is.
    try:
        image: Image.Image = Image.open(BytesIO(content), formats=FORMATS)
    except OUT_OF_MEMORY_ERRORS:
        raise
    except Exception:
        return Reading(refused="not-a-photo")
    short, long = sorted(image.size)
    if short * long > MAX_PIXELS:
        return Reading(refused="too-large")
    if short < MIN_EDGE or long > MAX_RATIO * short:
        return Reading(refused="too-small")
    try:
        photo = _draw_anew(image)
    except OUT_OF_MEMORY_ERRORS:
        raise
    except Exception:
        return Reading(refused="damaged")
    output = BytesIO()
    photo.save(output, "JPEG", quality=_QUALITY, optimize=True)
    return Reading(output.getvalue(), photo.width, photo.height, _look_of(photo))


def _draw_anew(image: Image.Image) -> Image.Image:
    """The first picture, upright, on white, as red, green and blue."""
    if image.mode not in _SMOOTH:
        image = image.convert("RGBA")
    # A large JPEG is decoded at a fraction of its size.
    image.thumbnail((LONG_EDGE, LONG_EDGE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    # A photo isn't refused for what is written beside its pixels.
    with suppress(OSError, ValueError, SyntaxError, LookupError, TypeError):
        image = ImageOps.exif_transpose(image)
    if image.mode == "I;16":
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("LA", "RGBA"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    drawn = Image.new("RGB", image.size)
    drawn.paste(image.convert("RGB"))
    return drawn


def _look_of(photo: Image.Image) -> int:
    # One small transform needs no threads, which reserve memory each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import imagehash

    look = int(str(imagehash.phash(photo)), 16)
    return look - (1 << _LOOK_BITS) if look >> (_LOOK_BITS - 1) else look


def _answer_message(message: bytes) -> bytes:
    request = msgspec.msgpack.decode(message, type=Request)
    limit_process(request.memory, request.seconds)
    return msgspec.msgpack.encode(read(request.content))


if __name__ == "__main__":
    # Our own bound is asked before anything is decoded.
    Image.MAX_IMAGE_PIXELS = None
    serve(_answer_message)
