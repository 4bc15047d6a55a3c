"""Slips as images, in the same columns: for printers without Chinese characters, and for names in any script."""

from __future__ import annotations

import re
from collections.abc import Sequence

from escpos.constants import GS
from escpos.image import EscposImage
from PIL import Image, ImageDraw, ImageFont

from api.wire.text import split_clusters
from kiosk.printing.commands import frame
from kiosk.printing.fonts import can_draw, find_chinese_font, find_script_font, list_font_folders
from kiosk.printing.layout import PaperLine, count_columns, wrap
from kiosk.printing.scripts import Script, Zone, split_zones

COLUMN_WIDTH = 12
"""Dots, 8 to the millimetre: 32 columns are the 384 dots of 58 mm paper."""
FONT_SIZE = 24
SCRIPT_SIZE = 22
"""Of scripts that reach further above and below the line."""
ROW_HEIGHT = 30
BASELINE = 23
_PLAIN = frozenset(" ·*")
_GAP = re.compile(" {2,}")
STRIP_HEIGHT = 240
"""Dots sent at once: cheap printers have little memory."""


def build_image_commands(lines: Sequence[PaperLine], width: int) -> bytes:
    """Raises PrinterError if this machine has no Chinese font."""
    return frame(encode_raster(draw_image(lines, width)))


def draw_image(lines: Sequence[PaperLine], width: int) -> Image.Image:
    """Draw `lines` in black on white, `width` columns wide."""
    pen = Pen()
    spelled = [piece for line in lines for piece in _spell_line(line, width, pen)]
    height = sum(ROW_HEIGHT * _get_scale(line) for line in spelled)
    image = Image.new("1", (width * COLUMN_WIDTH, height), 255)
    draw = ImageDraw.Draw(image)
    top = 0
    for line in spelled:
        scale = _get_scale(line)
        _draw_line(draw, line.text, top, pen, scale)
        top += ROW_HEIGHT * scale
    return image


class Pen:
    """The fonts of this machine. Raises PrinterError if it has no Chinese one."""

    def __init__(self) -> None:
        self._folders = tuple(list_font_folders())
        self._chinese = find_chinese_font(self._folders, FONT_SIZE)

    def get_font(self, script: Script | None, scale: int) -> ImageFont.FreeTypeFont | None:
        if script is None:
            return self._chinese.font_variant(size=scale * FONT_SIZE)
        return find_script_font(self._folders, script, scale * SCRIPT_SIZE)

    def spell(self, zone: Zone) -> str:
        """`zone` as it can be drawn: of signs that no font has, the numbers that Unicode gives them."""
        font = self._chinese if zone.script is None else self.get_font(zone.script, 1)
        return "".join(
            cluster
            if cluster in _PLAIN or (font is not None and can_draw(font, cluster))
            else f"[{' '.join(f'{ord(sign):04X}' for sign in cluster)}]"
            for cluster in split_clusters(zone.text)
        )

    def measure(self, word: str, script: Script, scale: int) -> tuple[ImageFont.FreeTypeFont, float]:
        """The font for a word of this script, and how wide it is."""
        font = self.get_font(script, scale)
        assert font is not None, "what can't be drawn was spelled"
        return font, font.getlength(word, direction=get_direction(script))


def get_direction(script: Script) -> str | None:
    """None where letters are drawn as they come, which needs no shaping."""
    if not script.value.shaped:
        return None
    return "rtl" if script.value.from_right else "ltr"


def _spell_line(line: PaperLine, width: int, pen: Pen) -> list[PaperLine]:
    """As lines that can be drawn; one, unless spelling made it too long."""
    text = "".join(pen.spell(zone) for zone in split_zones(line.text))
    if text == line.text:
        return [line]
    room = width // _get_scale(line)
    # What it became longer by is taken from the gap between its two ends.
    excess = count_columns(text) - room
    gap = max(_GAP.finditer(text), key=lambda found: len(found[0]), default=None)
    if excess > 0 and gap is not None:
        left = max(len(gap[0]) - excess, 1)
        text = text[: gap.start()] + " " * left + text[gap.end() :]
    return [PaperLine(piece, line.big) for piece in wrap(text, room)]


def _get_scale(line: PaperLine) -> int:
    return 2 if line.big else 1


def _draw_line(draw: ImageDraw.ImageDraw, text: str, top: int, pen: Pen, scale: int) -> None:
    left = 0
    zones = split_zones(text)
    for place, zone in enumerate(zones):
        room = count_columns(zone.text) * COLUMN_WIDTH * scale
        if zone.script is None:
            _draw_in_columns(draw, zone.text, (left, top), pen, scale)
        else:
            # At the right edge like a figure; anywhere else from the left.
            to_right = place > 0 and place == len(zones) - 1
            _draw_zone(draw, zone, (left, top), room, pen, scale, to_right=to_right)
        left += room


def _draw_in_columns(
    draw: ImageDraw.ImageDraw, text: str, place: tuple[float, float], pen: Pen, scale: int
) -> None:
    """Centre each sign in its columns, whatever its width in the font."""
    left, top = place
    font = pen.get_font(None, scale)
    for cluster in split_clusters(text):
        room = count_columns(cluster) * COLUMN_WIDTH * scale
        draw.text((left + room // 2, top + BASELINE * scale), cluster, fill=0, font=font, anchor="ms")
        left += room


def _draw_zone(
    draw: ImageDraw.ImageDraw,
    zone: Zone,
    place: tuple[int, int],
    room: int,
    pen: Pen,
    scale: int,
    *,
    to_right: bool,
) -> None:
    """Draw words as the script joins and directs them, never wider than `room`."""
    assert zone.script is not None
    direction = get_direction(zone.script)
    parts: list[tuple[str, ImageFont.FreeTypeFont | None, float]] = []
    for word in zone.words:
        if word[0] in _PLAIN:
            parts.append((word, None, float(count_columns(word) * COLUMN_WIDTH * scale)))
        else:
            parts.append((word, *pen.measure(word, zone.script, scale)))
    whole = sum(width for _word, _font, width in parts)
    if whole > room:
        # Letters of this script are wider than the columns that they were given.
        parts = [
            (word, font and font.font_variant(size=max(int(font.size * room / whole), 8)), width * room / whole)
            for word, font, width in parts
        ]
        whole = room
    left, top = place
    start = left + (room - whole if to_right else 0)
    for word, font, width in parts:
        if font is None:
            _draw_in_columns(draw, word, (start, top), pen, scale)
        else:
            draw.text((start, top + BASELINE * scale), word, fill=0, font=font, anchor="ls", direction=direction)
        start += width


def encode_raster(image: Image.Image) -> bytes:
    """GS v 0: width in bytes, height in dots, rows; a set bit is black."""
    return b"".join(_encode_strip(EscposImage(part)) for part in EscposImage(image).split(STRIP_HEIGHT))


def _encode_strip(image: EscposImage) -> bytes:
    width, height = image.width_bytes.to_bytes(2, "little"), image.height.to_bytes(2, "little")
    rows: bytes = image.to_raster_format()
    return bytes(GS + b"v0\x00" + width + height + rows)
