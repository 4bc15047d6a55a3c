"""Slips as images, for printers without Chinese characters, in the same columns."""

from __future__ import annotations

from collections.abc import Sequence

from escpos.constants import GS
from escpos.image import EscposImage
from PIL import Image, ImageDraw, ImageFont

from kiosk.printing.commands import frame
from kiosk.printing.fonts import find_chinese_font, list_font_folders
from kiosk.printing.layout import PaperLine, count_columns

COLUMN_WIDTH = 12
"""Dots, 8 to the millimetre: 32 columns are the 384 dots of 58 mm paper."""
FONT_SIZE = 24
ROW_HEIGHT = 30
BASELINE = 23
STRIP_HEIGHT = 240
"""Dots sent at once: cheap printers have little memory."""


def build_image_commands(lines: Sequence[PaperLine], width: int) -> bytes:
    """Raises PrinterError if this machine has no Chinese font."""
    return frame(encode_raster(draw_image(lines, width)))


def draw_image(lines: Sequence[PaperLine], width: int) -> Image.Image:
    """Draw `lines` in black on white, `width` columns wide."""
    font = find_chinese_font(list_font_folders(), FONT_SIZE)
    fonts = {1: font, 2: font.font_variant(size=2 * FONT_SIZE)}
    height = sum(ROW_HEIGHT * _get_scale(line) for line in lines)
    image = Image.new("1", (width * COLUMN_WIDTH, height), 255)
    draw = ImageDraw.Draw(image)
    top = 0
    for line in lines:
        scale = _get_scale(line)
        _draw(draw, line.text, top, fonts[scale], scale)
        top += ROW_HEIGHT * scale
    return image


def _get_scale(line: PaperLine) -> int:
    return 2 if line.big else 1


def _draw(draw: ImageDraw.ImageDraw, text: str, top: int, font: ImageFont.FreeTypeFont, scale: int) -> None:
    """Centre each character in its columns, whatever its width in the font."""
    left = 0
    for character in text:
        room = count_columns(character) * COLUMN_WIDTH * scale
        draw.text((left + room // 2, top + BASELINE * scale), character, fill=0, font=font, anchor="ms")
        left += room


def encode_raster(image: Image.Image) -> bytes:
    """GS v 0: width in bytes, height in dots, rows; a set bit is black."""
    return b"".join(_encode_strip(EscposImage(part)) for part in EscposImage(image).split(STRIP_HEIGHT))


def _encode_strip(image: EscposImage) -> bytes:
    width, height = image.width_bytes.to_bytes(2, "little"), image.height.to_bytes(2, "little")
    rows: bytes = image.to_raster_format()
    return bytes(GS + b"v0\x00" + width + height + rows)
