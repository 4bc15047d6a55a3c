"""What all charts have in common: self-contained SVG without scripts, in the pages' colours and type."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pygal.graph.graph import Graph
from pygal.style import Style

# Light and dark, so that they differ in black and white, too.
LIGHT, DARK = COLOURS = ("#d3b878", "#7c1316")
MINUS = "−"
_INK, _LINE = "#2b211a", "#e4d8c0"
_FONTS = "PingFang SC, Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif"


@dataclass(frozen=True, slots=True)
class Chart:
    """The same figures for a screen and for a phone, as data URLs, with an alternative text."""

    wide: str
    narrow: str
    alt_text: str


def chart_options(font_size: int, colours: Sequence[str] = COLOURS) -> dict[str, Any]:
    """What every chart is drawn with."""
    return {
        "style": Style(
            background="transparent",
            plot_background="transparent",
            foreground=_INK,
            foreground_strong=_INK,
            foreground_subtle=_LINE,
            guide_stroke_color=_LINE,
            colors=tuple(colours),
            value_colors=(_INK,) * len(colours),
            opacity="1",
            font_family=_FONTS,
            label_font_size=font_size,
            major_label_font_size=font_size,
            value_font_size=font_size,
            legend_font_size=font_size,
            no_data_font_size=font_size,
        ),
        # Without the library's script, which would be loaded from its server.
        "js": [],
        "no_prefix": True,
        "disable_xml_declaration": True,
        "explicit_size": True,
        "legend_at_bottom": True,
        "legend_box_size": font_size,
        "truncate_legend": -1,
        "truncate_label": -1,
        "value_formatter": format_number,
        "margin": 4,
        "no_data_text": "没有数据",
    }


def format_number(number: float) -> str:
    return f"{round(number):,}".replace("-", MINUS)


def widen_for_labels(labels: Iterable[str], font_size: int) -> int:
    """What the library underestimates labels beside bars by: Chinese characters are as wide as they are high."""
    return round(max(map(_count_wide, labels), default=0) * font_size * 0.45)


def _count_wide(label: str) -> int:
    return sum(ord(character) > 0x2E7F for character in label)


def render_chart(graph: Graph) -> str:
    """As a data URL."""
    graph.add_xml_filter(clean_svg)
    svg: str = graph.render(is_unicode=True)
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def clean_svg(root: Any) -> Any:
    """Remove scripts and titles (the library's name, the date); put numbers beside their bars instead of across
    the ends."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.endswith(("script", "title")):
                parent.remove(child)
            elif child.get("class") == "value" and child.get("text-anchor"):
                child.set("text-anchor", "end" if child.text.startswith(MINUS) else "start")
    return root
