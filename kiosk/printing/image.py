"""Slips as pictures, for printers without Chinese characters: the same columns, drawn."""

from __future__ import annotations

from collections.abc import Sequence

from escpos.constants import GS
from escpos.image import EscposImage
from PIL import Image, ImageDraw, ImageFont

from kiosk.printing.commands import whole
from kiosk.printing.fonts import chinese_font, font_folders
from kiosk.printing.layout import Line, columns

COLUMN = 12
"""Dots that a column is wide, 8 to the millimetre: 32 columns are the 384 dots that 58 mm paper has."""
SIZE = 24
ROW = 30
BASELINE = 23
STRIP = 240
"""Dots of height sent at once: cheap printers have little memory."""


def as_picture(lines: Sequence[Line], width: int) -> bytes:
    """Raises PrinterError when this machine has no Chinese font."""
    return whole(raster(drawn(lines, width)))


def drawn(lines: Sequence[Line], width: int) -> Image.Image:
    """`lines` in black on white, `width` columns wide."""
    font = chinese_font(font_folders(), SIZE)
    fonts = {1: font, 2: font.font_variant(size=2 * SIZE)}
    height = sum(ROW * _scale(line) for line in lines)
    image = Image.new("1", (width * COLUMN, height), 255)
    draw = ImageDraw.Draw(image)
    top = 0
    for line in lines:
        scale = _scale(line)
        _draw(draw, line.text, top, fonts[scale], scale)
        top += ROW * scale
    return image


def _scale(line: Line) -> int:
    return 2 if line.big else 1


def _draw(draw: ImageDraw.ImageDraw, text: str, top: int, font: ImageFont.FreeTypeFont, scale: int) -> None:
    """Each character in the middle of its columns, whatever widths the font has."""
    left = 0
    for character in text:
        room = columns(character) * COLUMN * scale
        draw.text((left + room // 2, top + BASELINE * scale), character, fill=0, font=font, anchor="ms")
        left += room


def raster(image: Image.Image) -> bytes:
    """GS v 0: a strip's width in bytes, its height in dots, its rows; a set bit is black."""
    return b"".join(_strip(EscposImage(part)) for part in EscposImage(image).split(STRIP))


def _strip(image: EscposImage) -> bytes:
    width, height = image.width_bytes.to_bytes(2, "little"), image.height.to_bytes(2, "little")
    rows: bytes = image.to_raster_format()
    return bytes(GS + b"v0\x00" + width + height + rows)
