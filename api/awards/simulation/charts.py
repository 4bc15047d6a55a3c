"""Bars of before and after, as pictures that ask nothing of any server and run no script."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pygal
from pygal.style import Style

BEFORE, AFTER = "原来", "按草案"

# Light and dark, so that they are told apart in grey as well.
_COLOURS = ("#d3b878", "#7c1316")
_INK, _LINE = "#2b211a", "#e4d8c0"
_MINUS = "−"
_FONTS = "PingFang SC, Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif"


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The same bars for a screen and for a phone, as addresses that hold the whole picture. `told` says it to
    those who don't see it."""

    wide: str
    narrow: str
    told: str


def chart(told: str, rows: Sequence[Row]) -> Chart:
    """A pair of bars for each row, from the top down, each with its number."""
    return Chart(_drawn(rows, 800, 22), _drawn(rows, 320, 20), f"{told}，数字见下面的表。")


def _drawn(rows: Sequence[Row], width: int, letters: int) -> str:
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
        label_font_size=letters,
        major_label_font_size=letters,
        value_font_size=letters,
        legend_font_size=letters,
        no_data_font_size=letters,
    )
    longest = max([len(f"{number:,}") for row in rows for number in (row.before, row.after)], default=0)
    # Two titles don't stand side by side below the bars of a phone.
    legend_rows = 1 if width > 400 else 2
    bars = pygal.HorizontalBar(
        style=style,
        width=width,
        height=20 + round((len(rows) * 3.1 + legend_rows * 1.6) * letters),
        # The library's own script stays on its own server.
        js=[],
        no_prefix=True,
        disable_xml_declaration=True,
        explicit_size=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=2 // legend_rows,
        legend_box_size=letters,
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
        # Room for what it takes for narrower than it is: Chinese letters, and the number behind the longest bar.
        margin_left=4 + round(max((_wide(row.label) for row in rows), default=0) * letters * 0.45),
        margin_right=8 + round(longest * letters * 0.6),
        no_data_text="没有数据",
    )
    # It draws from the bottom up.
    bars.x_labels = [_shortened(row.label, 0.36 * width / letters) for row in reversed(rows)]
    bars.add(BEFORE, [row.before for row in reversed(rows)])
    bars.add(AFTER, [row.after for row in reversed(rows)])
    bars.add_xml_filter(cleaned)
    drawn: str = bars.render(is_unicode=True)
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"


def _wide(label: str) -> int:
    return sum(ord(letter) > 0x2E7F for letter in label)


def _shortened(label: str, letters: float) -> str:
    """Cut to so many Chinese letters; others are half as wide."""
    room = letters
    for place, letter in enumerate(label):
        room -= 1 if ord(letter) > 0x2E7F else 0.5
        if room < 0:
            return f"{label[: place - 1]}…"
    return label


def cleaned(root: Any) -> Any:
    """Without scripts, the library's name and the day of drawing; numbers beside their bars instead of across the
    ends."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.endswith(("script", "title")):
                parent.remove(child)
            elif child.get("class") == "value" and child.get("text-anchor"):
                child.set("text-anchor", "end" if child.text.startswith(_MINUS) else "start")
    return root
