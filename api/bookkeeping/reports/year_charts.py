"""The plots of the year's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pygal
from pygal.graph.graph import Graph

from api.bookkeeping.reports.year import YearReport
from api.web.charts import COLOURS, DARK, Chart, chart_options, render_chart


def draw_points(report: YearReport) -> Chart:
    """What was issued and redeemed in each month."""
    series = {
        "发放": [month.points["issued"] for month in report.months],
        "兑换": [month.points["redeemed"] for month in report.months],
    }
    return _draw(pygal.Bar, report, series, "各月发放和兑换的积分")


def draw_held(report: YearReport) -> Chart:
    """What households hold at the end of each month."""
    return _draw(pygal.Line, report, {"月末未兑换": [month.held for month in report.months]}, "各月末未兑换的积分")


def draw_cover(report: YearReport) -> Chart | None:
    """Goods and fund in percent of what the points will cost; None where that was never known."""
    if all(month.cover is None for month in report.months):
        return None
    return _draw(pygal.Line, report, {"保障率（%）": [month.cover for month in report.months]}, "各月末的保障率")


def _draw(kind: type[Graph], report: YearReport, series: Mapping[str, Sequence[int | None]], title: str) -> Chart:
    def draw(width: int, height: int, font_size: int) -> str:
        graph = kind(
            # A line alone is a dark one.
            **chart_options(font_size, COLOURS if len(series) > 1 else (DARK,)),
            width=width,
            height=height,
            legend_at_bottom_columns=len(series),
            show_x_guides=False,
            include_x_axis=True,
            min_scale=3,
            max_scale=5,
            margin_right=16,
            dots_size=4,
        )
        graph.x_labels = [str(month.month.month) for month in report.months]
        for name, numbers in series.items():
            graph.add(name, numbers, stroke_style={"width": 3})
        return render_chart(graph)

    return Chart(draw(800, 300, 20), draw(320, 240, 15), f"{title}，数字见下面的表。")
