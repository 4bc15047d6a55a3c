"""A simulation as a text for terminals, as JSON for programs, and as a page that needs nothing beside itself."""

from __future__ import annotations

from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader

import rules
from api.awards.simulation import text
from api.awards.simulation.figures import Figures
from api.web.page import STYLE

_PAGES = Path(__file__).parents[2]


def rendered(simulation: rules.Simulation, format: str) -> str:
    """`format` is text, json or html."""
    if format == "json":
        return msgspec.json.format(msgspec.json.encode(simulation), indent=2).decode() + "\n"
    if format == "html":
        pages = Environment(loader=FileSystemLoader(_PAGES), autoescape=True)
        page = pages.get_template("awards/simulation/file.html")
        return page.render(figures=Figures(simulation), style=STYLE.decode())
    return text.rendered(simulation)
