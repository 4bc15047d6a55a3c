"""Whatever is sent as a photo becomes one of ours or one sentence, within its memory and time."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from api.awards.evidence.photo_reader import MAX_BYTES, MAX_MEMORY, MAX_SECONDS, PhotoReader
from api.awards.evidence.photo_worker import LONG_EDGE, Reading, Request
from api.platform.errors import ErrorCode, Refused
from tests.api.awards.evidence.conftest import encode, photo, picture
from tests.profile import many

READER = PhotoReader()
DAMAGED, NO_PHOTO, TOO_SMALL = "打不开", "不是照片", "太小或太窄"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b"", before: bytes = b"") -> bytes:
    """Whatever its pixels are, it says that it has so many."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def grey_of_16_bits() -> bytes:
    image = Image.new("I;16", (300, 200), 30_000)
    return encode(image, "PNG")


def animated(format: str) -> bytes:
    first, second = Image.new("RGB", (100, 100), "#c03030"), Image.new("RGB", (100, 100), "#3030c0")
    return encode(first, format, save_all=True, append_images=[second], duration=100)


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (encode(Image.new("RGB", (300, 200), "#c03030")), (192, 48, 48)),
        (encode(Image.new("CMYK", (300, 200), (0, 0, 0, 128))), (127, 127, 127)),
        (grey_of_16_bits(), (117, 117, 117)),
        (encode(Image.new("RGBA", (300, 200), (0, 0, 0, 0)), "PNG"), (255, 255, 255)),
        (encode(Image.new("RGB", (300, 200), "#c03030").convert("P"), "PNG"), (192, 48, 48)),
        (encode(Image.new("1", (300, 200), 1), "PNG"), (255, 255, 255)),
        (encode(Image.new("RGB", (300, 200), "#c03030"), "WEBP"), (192, 48, 48)),
        (animated("PNG"), (192, 48, 48)),
        (animated("WEBP"), (192, 48, 48)),
        # Another file behind the picture.
        (encode(Image.new("RGB", (300, 200), "#c03030")) + b"PK\x03\x04<script>", (192, 48, 48)),
    ],
)
async def test_any_picture_becomes_a_plain_one(content: bytes, colour: tuple[int, int, int]) -> None:
    reading = await READER.read(content)
    with Image.open(BytesIO(reading.jpeg)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (reading.width, reading.height))
        middle = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(middle, tuple)
    assert all(abs(is_ - was) <= 12 for is_, was in zip(middle, colour, strict=True)), middle
    assert b"script" not in reading.jpeg


async def test_a_large_photo_becomes_small() -> None:
    reading = await READER.read(encode(picture(1, (4000, 3000))))
    assert (reading.width, reading.height) == (LONG_EDGE, 960)
    assert len(reading.jpeg) < 400_000


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", NO_PHOTO),
        ("这是一段文字".encode(), NO_PHOTO),
        (b"%PDF-1.7 ", NO_PHOTO),
        (b"GIF89a" + bytes(100), NO_PHOTO),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
        (photo()[: len(photo()) // 2], DAMAGED),
        (png(300, 200), DAMAGED),
        (png(0, 0), NO_PHOTO),
        (png(20_000, 1), TOO_SMALL),
        (png(20, 20), TOO_SMALL),
        (png(60_000, 60_000), "像素太多"),
        # A megabyte of nothing in a kilobyte of text.
        (png(300, 200, before=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000)))), "照片"),
        (bytes(MAX_BYTES + 1), "最多 16 兆字节"),
    ],
)
async def test_what_is_none_is_told_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        await READER.read(content)
    assert refused.value.code in (ErrorCode.UNREADABLE, ErrorCode.TOO_LARGE)
    assert sentence in refused.value.detail


async def test_one_that_takes_too_much_memory_harms_no_other() -> None:
    reader = PhotoReader(memory=256 << 20)
    bomb = encode(Image.new("RGBA", (6000, 6000)), "PNG")
    with pytest.raises(Refused) as refused:
        await reader.read(bomb)
    assert "太费内存" in refused.value.detail
    assert (await PhotoReader().read(photo())).jpeg


ORIGINALS = [
    encode(picture(), format, **more)
    for format, more in (("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}))
]


@settings(max_examples=many(60, 3000), suppress_health_check=list(HealthCheck))
@given(
    original=st.sampled_from(ORIGINALS),
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=12),
    end=st.integers(0, 1 << 20),
)
def test_a_mutated_picture_is_read_or_refused(original: bytes, changes: list[tuple[int, int]], end: int) -> None:
    content = bytearray(original)
    for place, value in changes:
        content[place % len(content)] = value
    request = Request(bytes(content[: len(content) - end % 3000 * (end % 2)]), MAX_MEMORY, MAX_SECONDS)
    answer = READER._worker.ask_in_turn(msgspec.msgpack.encode(request), MAX_SECONDS)
    assert answer is not None, "a picture of this size has room"
    reading = msgspec.msgpack.decode(answer, type=Reading)
    assert bool(reading.jpeg) != bool(reading.refused)
    assert max(reading.width, reading.height) <= LONG_EDGE
