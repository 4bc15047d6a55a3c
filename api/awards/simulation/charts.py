"""Bar charts of before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pygal

from api.web.charts import Chart, chart_options, render_chart, widen_for_labels

BEFORE, AFTER = "原来", "按草案"


@dataclass(frozen=True, slots=True)
class BarPair:
    label: str
    before: int
    after: int


def draw_chart(title: str, rows: Sequence[BarPair]) -> Chart:
    """A pair of bars with their numbers for each row, from top to bottom."""
    return Chart(_draw(rows, 800, 22), _draw(rows, 320, 20), f"{title}，数字见下面的表。")


def _draw(rows: Sequence[BarPair], width: int, font_size: int) -> str:
    max_length = max([len(f"{number:,}") for row in rows for number in (row.before, row.after)], default=0)
    # On a phone the two legends don't fit side by side.
    legend_rows = 1 if width > 400 else 2
    options = chart_options(font_size) | {
        "width": width,
        "height": 20 + round((len(rows) * 3.1 + legend_rows * 1.6) * font_size),
        "legend_at_bottom_columns": 2 // legend_rows,
        "print_values": True,
        "print_values_position": "top",
        "show_x_labels": False,
        "show_y_guides": False,
        "show_x_guides": False,
        "spacing": 8,
        # Room for what the library underestimates, also for the number behind the longest bar.
        "margin_left": 4 + widen_for_labels((row.label for row in rows), font_size),
        "margin_right": 8 + round(max_length * font_size * 0.6),
    }
    bars = pygal.HorizontalBar(**options)
    # The library draws from the bottom up.
    bars.x_labels = [_shorten(row.label, 0.36 * width / font_size) for row in reversed(rows)]
    bars.add(BEFORE, [row.before for row in reversed(rows)])
    bars.add(AFTER, [row.after for row in reversed(rows)])
    return render_chart(bars)


def _shorten(label: str, width: float) -> str:
    """Cut to a width in Chinese characters; others are half as wide."""
    room = width
    for place, character in enumerate(label):
        room -= 1 if ord(character) > 0x2E7F else 0.5
        if room < 0:
            return f"{label[: place - 1]}…"
    return label
