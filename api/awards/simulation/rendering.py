"""A simulation as text, as JSON, or as a self-contained HTML page."""

from __future__ import annotations

from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader

import rules
from api.awards.simulation import text_report
from api.awards.simulation.figures import Figures
from api.web.page import STYLE, show

_TEMPLATES = Path(__file__).parents[2]


def render(simulation: rules.Simulation, format: str) -> str:
    """`format` is text, json or html."""
    if format == "json":
        return msgspec.json.format(msgspec.json.encode(simulation), indent=2).decode() + "\n"
    if format == "html":
        templates = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, finalize=show)
        page = templates.get_template("awards/simulation/file.html")
        return page.render(figures=Figures(simulation), style=STYLE.decode())
    return text_report.render(simulation)
