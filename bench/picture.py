"""The figures of a run as a picture: how much of its target each has reached."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pygal
from pygal.style import Style

from api.awards.simulation.charts import clean_svg
from bench.measurement import Measurement

MET, MISSED = "#2f7d4f", "#d08a2e"
MOST = 2.0
"""Times the target at which a bar ends, however much further it is."""
ROW = 26


def draw(figures: Sequence[Measurement], path: Path) -> None:
    """Write an SVG of those that have a target, the first on top; a bar to 1 has just reached it."""
    # It draws from the bottom up.
    aimed = [figure for figure in reversed(figures) if figure.reached is not None]
    bars = pygal.HorizontalStackedBar(
        style=Style(background="white", plot_background="white", colors=(MET, MISSED), opacity="1"),
        width=1000,
        height=80 + ROW * len(aimed),
        js=[],
        explicit_size=True,
        legend_at_bottom=True,
        truncate_label=-1,
        truncate_legend=-1,
        range=(0, MOST),
        y_labels=[0, 0.5, 1, 1.5, MOST],
        x_title="times the target",
        spacing=6,
    )
    bars.x_labels = [
        f"{figure.name}: {_told(figure.value)} {figure.unit} ({_told(figure.target or 0)})" for figure in aimed
    ]
    for title, ok in (("target met", True), ("missed", False)):
        bars.add(title, [min(figure.reached or 0, MOST) if figure.ok is ok else None for figure in aimed])
    bars.add_xml_filter(clean_svg)
    bars.render_to_file(str(path))


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
