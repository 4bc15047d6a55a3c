"""A chart of a run's measurements, relative to their targets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pygal
from pygal.style import Style

from api.web.charts import clean_svg
from bench.measurement import Measurement

MET, MISSED = "#2f7d4f", "#d08a2e"
MAX_RATIO = 2.0
"""Bars are cut off at this multiple of the target."""
ROW_HEIGHT = 26


def draw_chart(figures: Sequence[Measurement], path: Path) -> None:
    """Write an SVG of the measurements that have a target, the first on top; a bar to 1 has just reached it."""
    # The library draws from the bottom up.
    shown = [figure for figure in reversed(figures) if figure.reached is not None]
    bars = pygal.HorizontalStackedBar(
        style=Style(background="white", plot_background="white", colors=(MET, MISSED), opacity="1"),
        width=1000,
        height=80 + ROW_HEIGHT * len(shown),
        js=[],
        explicit_size=True,
        legend_at_bottom=True,
        truncate_label=-1,
        truncate_legend=-1,
        range=(0, MAX_RATIO),
        y_labels=[0, 0.5, 1, 1.5, MAX_RATIO],
        x_title="times the target",
        spacing=6,
    )
    bars.x_labels = [
        f"{figure.name}: {_format(figure.value)} {figure.unit} ({_format(figure.target or 0)})" for figure in shown
    ]
    for title, ok in (("target met", True), ("missed", False)):
        bars.add(title, [min(figure.reached or 0, MAX_RATIO) if figure.ok is ok else None for figure in shown])
    bars.add_xml_filter(clean_svg)
    bars.render_to_file(str(path))


def _format(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
