"""Figures on paper, such as the report of a shift: headings, and rows with their figures at the right edge."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.printing.layout import Line, centred, plain, row, rule
from kiosk.printing.slip import REPRINT


@dataclass(frozen=True, slots=True)
class Row:
    """`figure` is ready to be read, its unit with it; empty for a remark."""

    label: str
    figure: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows between two rules, with a heading if it has one."""

    rows: tuple[Row, ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    supermarket: str
    sections: tuple[Section, ...]


def report_lines(report: Report, width: int, *, reprint: bool) -> list[Line]:
    """`report` in lines of at most `width` columns."""
    mark = centred(REPRINT, width, big=True) if reprint else []
    lines = [*mark, *centred(report.supermarket, width), *centred(report.title, width, big=True)]
    for section in report.sections:
        lines.append(rule(width))
        if section.heading:
            lines += plain(section.heading, width)
        for each in section.rows:
            lines += row(each.label, each.figure, width) if each.figure else plain(each.label, width)
    return [*lines, rule(width), *mark]
