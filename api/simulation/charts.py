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
    return Chart(_drawn(rows, 800, 22), _drawn(rows, 340, 20), f"{told}，数字见下面的表。")


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
    bars = pygal.HorizontalBar(
        style=style,
        width=width,
        height=70 + round(len(rows) * letters * 3.1),
        # The library's own script stays on its own server.
        js=[],
        no_prefix=True,
        disable_xml_declaration=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        legend_box_size=letters,
        truncate_legend=-1,
        truncate_label=-1,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda number: f"{round(number):,}",
        show_x_labels=False,
        show_y_guides=False,
        show_x_guides=False,
        spacing=8,
        margin=4,
        # Room for the number behind the longest bar.
        margin_right=round(longest * letters * 0.62) + 8,
        no_data_text="没有数据",
    )
    # It draws from the bottom up.
    bars.x_labels = [row.label for row in reversed(rows)]
    bars.add(BEFORE, [row.before for row in reversed(rows)])
    bars.add(AFTER, [row.after for row in reversed(rows)])
    bars.add_xml_filter(_without_scripts)
    return f"data:image/svg+xml;base64,{b64encode(bars.render()).decode()}"


def _without_scripts(root: Any) -> Any:
    for parent in list(root.iter()):
        for child in [child for child in parent if str(child.tag).endswith("script")]:
            parent.remove(child)
    return root
