"""Slips as images, for printers without Chinese characters."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFont

from kiosk.printing.errors import PrinterError
from kiosk.printing.fonts import find_chinese_font, list_font_folders
from kiosk.printing.image import COLUMN_WIDTH, ROW_HEIGHT, STRIP_HEIGHT, build_image_commands, draw_image
from kiosk.printing.layout import PaperLine, make_rule
from kiosk.printing.slip import lay_out_slip
from tests.kiosk.printing.slips import SLIP


def _fonts_here() -> bool:
    try:
        find_chinese_font(list_font_folders(), 24)
    except PrinterError:
        return False
    return True


# Never skipped in CI.
needs_font = pytest.mark.skipif(
    os.environ.get("CI") != "true" and not _fonts_here(), reason="no Chinese font is installed"
)


def unpacked(sent: bytes) -> Image.Image:
    """The image that a printer makes of raster commands."""
    rest = sent.removeprefix(b"\x1b@").removesuffix(b"\x1bd\x06\x1dV\x01")
    strips = []
    while rest:
        assert rest.startswith(b"\x1dv0\0")
        width, height = int.from_bytes(rest[4:6], "little"), int.from_bytes(rest[6:8], "little")
        assert height <= STRIP_HEIGHT
        end = 8 + width * height
        strips.append(Image.frombytes("1", (width * 8, height), rest[8:end], "raw", "1;I"))
        rest = rest[end:]
    whole = Image.new("1", (strips[0].width, sum(strip.height for strip in strips)))
    top = 0
    for strip in strips:
        whole.paste(strip, (0, top))
        top += strip.height
    return whole


def ink(image: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.invert(image).getbbox()


@needs_font
@pytest.mark.parametrize("width", [32, 48])
def test_the_printer_gets_what_was_drawn(width: int) -> None:
    lines = lay_out_slip(SLIP, width, reprint=True)
    image = draw_image(lines, width)
    assert image.size == (width * 12, sum(60 if line.big else 30 for line in lines))
    assert ImageChops.logical_xor(unpacked(build_image_commands(lines, width)), image).getbbox() is None


@needs_font
def test_characters_are_in_their_columns() -> None:
    image = draw_image(
        [PaperLine(" " * 28 + "积分"), PaperLine(" " * 31 + "8"), PaperLine("补打", big=True), make_rule(32)], 32
    )
    rows = [image.crop((0, top, image.width, bottom)) for top, bottom in ((0, 30), (30, 60), (60, 120))]
    for row, (first, last) in zip(rows, [(28, 32), (31, 32), (0, 8)], strict=True):
        box = ink(row)
        assert box is not None
        left, top, right, bottom = box
        assert first * COLUMN_WIDTH <= left < first * COLUMN_WIDTH + 6
        assert last * COLUMN_WIDTH - 6 < right <= last * COLUMN_WIDTH
        # Nothing is cut off above or below.
        assert top > 0
        assert bottom < row.height
    assert ink(image.crop((0, image.height - ROW_HEIGHT, image.width, image.height))) is not None


@needs_font
def test_characters_are_drawn_and_not_boxes() -> None:
    soap, cup, none = (draw_image([PaperLine(text)], 32) for text in ("皂", "杯", "\U0010fffd"))
    assert len({image.tobytes() for image in (soap, cup, none)}) == 3


def test_no_chinese_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "shared"))
    fonts = tmp_path / "shared" / "fonts" / "truetype"
    fonts.mkdir(parents=True)
    (fonts / "broken.ttf").write_bytes(b"nothing")
    latin = ImageFont.load_default(24)
    assert isinstance(latin, ImageFont.FreeTypeFont)
    (fonts / "NotoSansCJK-Regular.ttf").write_bytes(latin.font_bytes)
    with pytest.raises(PrinterError, match="中文字体") as away:
        build_image_commands([PaperLine("肥皂")], 32)
    assert not away.value.maybe_printed


@needs_font
def test_simplified_chinese_is_chosen_from_a_collection() -> None:
    family, _ = find_chinese_font(list_font_folders(), 24).getname()
    assert family is not None
    assert not family.endswith((" JP", " KR", " TC", " HK"))
