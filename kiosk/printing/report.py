"""Reports on paper: sections of rows, with figures at the right edge."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.printing.layout import PaperLine, centre, format_row, make_rule, wrap_lines
from kiosk.printing.slip import REPRINT


@dataclass(frozen=True, slots=True)
class ReportRow:
    """`figure` includes its unit; empty for a remark."""

    label: str
    figure: str = ""


@dataclass(frozen=True, slots=True)
class ReportSection:
    """Rows between two rules, under an optional heading."""

    rows: tuple[ReportRow, ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    supermarket: str
    sections: tuple[ReportSection, ...]


def lay_out_report(report: Report, width: int, *, reprint: bool) -> list[PaperLine]:
    """Lay `report` out in lines of at most `width` columns."""
    mark = centre(REPRINT, width, big=True) if reprint else []
    lines = [*mark, *centre(report.supermarket, width), *centre(report.title, width, big=True)]
    for section in report.sections:
        lines.append(make_rule(width))
        if section.heading:
            lines += wrap_lines(section.heading, width)
        for each in section.rows:
            lines += format_row(each.label, each.figure, width) if each.figure else wrap_lines(each.label, width)
    return [*lines, make_rule(width), *mark]
