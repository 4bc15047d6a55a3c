"""Bar charts of before and after, as self-contained SVG without scripts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pygal
from pygal.style import Style

BEFORE, AFTER = "原来", "按草案"

# Light and dark, so that they differ in black and white, too.
_COLOURS = ("#d3b878", "#7c1316")
_INK, _LINE = "#2b211a", "#e4d8c0"
_MINUS = "−"
_FONTS = "PingFang SC, Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif"


@dataclass(frozen=True, slots=True)
class BarPair:
    label: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The same bars for a screen and for a phone, as data URLs, with an alternative text."""

    wide: str
    narrow: str
    alt_text: str


def draw_chart(title: str, rows: Sequence[BarPair]) -> Chart:
    """A pair of bars with their numbers for each row, from top to bottom."""
    return Chart(_draw(rows, 800, 22), _draw(rows, 320, 20), f"{title}，数字见下面的表。")


def _draw(rows: Sequence[BarPair], width: int, font_size: int) -> str:
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground=_INK,
        foreground_strong=_INK,
        foreground_subtle=_LINE,
        guide_stroke_color=_LINE,
        colors=_COLOURS,
        value_colors=(_INK, _INK),
        opacity="1",
        font_family=_FONTS,
        label_font_size=font_size,
        major_label_font_size=font_size,
        value_font_size=font_size,
        legend_font_size=font_size,
        no_data_font_size=font_size,
    )
    max_length = max([len(f"{number:,}") for row in rows for number in (row.before, row.after)], default=0)
    # On a phone the two legends don't fit side by side.
    legend_rows = 1 if width > 400 else 2
    bars = pygal.HorizontalBar(
        style=style,
        width=width,
        height=20 + round((len(rows) * 3.1 + legend_rows * 1.6) * font_size),
        # Without the library's script, which would be loaded from its server.
        js=[],
        no_prefix=True,
        disable_xml_declaration=True,
        explicit_size=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=2 // legend_rows,
        legend_box_size=font_size,
        truncate_legend=-1,
        truncate_label=-1,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda number: f"{round(number):,}".replace("-", _MINUS),
        show_x_labels=False,
        show_y_guides=False,
        show_x_guides=False,
        spacing=8,
        margin=4,
        # Room for what the library underestimates: Chinese characters, and the number behind the longest bar.
        margin_left=4 + round(max((_count_wide(row.label) for row in rows), default=0) * font_size * 0.45),
        margin_right=8 + round(max_length * font_size * 0.6),
        no_data_text="没有数据",
    )
    # The library draws from the bottom up.
    bars.x_labels = [_shorten(row.label, 0.36 * width / font_size) for row in reversed(rows)]
    bars.add(BEFORE, [row.before for row in reversed(rows)])
    bars.add(AFTER, [row.after for row in reversed(rows)])
    bars.add_xml_filter(clean_svg)
    svg: str = bars.render(is_unicode=True)
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _count_wide(label: str) -> int:
    return sum(ord(character) > 0x2E7F for character in label)


def _shorten(label: str, width: float) -> str:
    """Cut to a width in Chinese characters; others are half as wide."""
    room = width
    for place, character in enumerate(label):
        room -= 1 if ord(character) > 0x2E7F else 0.5
        if room < 0:
            return f"{label[: place - 1]}…"
    return label


def clean_svg(root: Any) -> Any:
    """Remove scripts and titles (the library's name, the date); put numbers beside their bars instead of across
    the ends."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.endswith(("script", "title")):
                parent.remove(child)
            elif child.get("class") == "value" and child.get("text-anchor"):
                child.set("text-anchor", "end" if child.text.startswith(_MINUS) else "start")
    return root
