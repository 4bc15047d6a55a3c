"""The plots of unusual patterns: what is in the tables below is dark, all else is light and has no name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pygal

from api import wire
from api.web.charts import DARK, LIGHT, Chart, chart_options, render_chart, widen_for_labels

_OTHERS, _LISTED = "其余", "列出的"


@dataclass(frozen=True, slots=True)
class Charts:
    pairs: Chart
    times: Chart
    grids: Chart
    bodies: Chart


def draw_all(found: wire.PatternsView, villages: Mapping[str, str]) -> Charts:
    """`villages`: their names by code."""
    return Charts(
        pairs=_draw_bars("申报人占这户积分的几成，各有几对", found.pairs_by_share),
        times=_draw_bars("多久就通过，各有几件", found.approvals_by_time),
        grids=_draw_spreads(found, villages),
        bodies=_draw_bars("一名成员最多占几成，各有几个机构", found.bodies_by_share),
    )


def _draw_bars(title: str, bins: Sequence[wire.PatternBin]) -> Chart:
    def draw(width: int, font_size: int) -> str:
        bars = pygal.HorizontalStackedBar(
            **chart_options(font_size)
            | {
                "width": width,
                "height": round((len(bins) * 1.6 + 4.5) * font_size),
                "legend_at_bottom_columns": 2,
                "show_y_guides": False,
                "spacing": 6,
                "margin_left": 4 + widen_for_labels((each.label for each in bins), font_size),
                "margin_right": 16,
                "max_scale": 5,
                "min_scale": 2,
                "include_x_axis": True,
            }
        )
        # The library draws from the bottom up.
        bars.x_labels = [each.label for each in reversed(bins)]
        bars.add(_OTHERS, [each.number - each.listed for each in reversed(bins)])
        bars.add(_LISTED, [each.listed for each in reversed(bins)])
        return render_chart(bars)

    return Chart(draw(800, 20), draw(320, 15), f"{title}，数字见下面的表。")


def _draw_spreads(found: wire.PatternsView, villages: Mapping[str, str]) -> Chart:
    """A line of dots for each village, a dot for each grid, and a stroke at the median."""
    # From one on: at zero the library draws an axis.
    rows = dict(enumerate(reversed(found.spreads), start=1))
    far: dict[str, set[float]] = {each.village: set() for each in rows.values()}
    for each in found.grids:
        far[each.village].add(each.per_household)

    def draw(width: int, font_size: int) -> str:
        graph = pygal.XY(
            **chart_options(font_size, (LIGHT, DARK, DARK))
            | {
                "width": width,
                "height": round((max(len(rows), 2) * 1.8 + 5) * font_size),
                "stroke": False,
                "dots_size": font_size / 4,
                "legend_at_bottom_columns": 3,
                "show_x_guides": False,
                "margin_left": 4 + widen_for_labels((villages[each.village] for each in rows.values()), font_size),
                "margin_right": 16,
                "range": (0.4, len(rows) + 0.6),
                "y_labels_major": [],
                "allow_interruptions": True,
                "max_scale": 5,
            }
        )
        graph.y_labels = [{"value": n, "label": villages[each.village]} for n, each in rows.items()]
        graph.add(
            _OTHERS,
            [(x, n) for n, each in rows.items() for x in each.per_household if x not in far[each.village]],
        )
        graph.add(_LISTED, [(x, n) for n, each in rows.items() for x in sorted(far[each.village])])
        strokes = [
            point
            for n, each in rows.items()
            for point in ((each.median, n - 0.3), (each.median, n + 0.3), (None, None))
        ]
        graph.add("中位数", strokes, stroke=True, show_dots=False, stroke_style={"width": 3})
        return render_chart(graph)

    return Chart(draw(800, 20), draw(320, 15), "各网格户均积分，数字见下面的表。")
