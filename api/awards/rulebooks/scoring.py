"""What a rulebook makes of deeds in a table, and how `jimei rules score` prints it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from api.awards.rulebooks.events import Event
from api.platform.table_file import escape_formulas
from rules import Evaluation, Rulebook, Tally, evaluate, explain

HEADINGS = ("row", "household", "rule", "title", "deed_on", "points", "accepted", "explanation")
_WRONG = ("bad_input", "person_required")
"""Refusals that are the row's own fault."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A row with what it came to; without an outcome where the row makes no claim."""

    event: Event
    title: str = ""
    outcome: Evaluation | None = None

    @property
    def points(self) -> int:
        return self.outcome.points if self.outcome else 0

    @property
    def accepted(self) -> bool:
        return self.outcome is not None and self.outcome.accepted

    @property
    def explanation(self) -> list[str]:
        return explain(self.outcome) if self.outcome else [self.event.wrong]

    @property
    def wrong(self) -> bool:
        """Whether the row has to be mended, not just earns nothing."""
        if self.outcome is None:
            return True
        return any(refusal.code in _WRONG for refusal in self.outcome.trace.refusals)


def score(book: Rulebook, events: Sequence[Event]) -> list[Scored]:
    """Each event's outcome, in the order of `events`. Limits fill up in the order of the deeds' days."""
    tally = Tally(book)
    outcomes: dict[int, Evaluation] = {}
    for event in sorted(events, key=lambda event: event.deed_on):
        if event.claim is None:
            continue
        outcome = outcomes[event.row] = evaluate(book, event.claim, tally)
        if outcome.accepted:
            tally.add(event.claim, outcome.points)
    return [
        Scored(event, book.rules[event.rule].title if event.rule in book.rules else "", outcomes.get(event.row))
        for event in events
    ]


def as_text(scored: Iterable[Scored]) -> Iterator[str]:
    """A line for each row, its explanation below, and what each household has at the end."""
    totals: dict[str, list[int]] = {}
    for one in scored:
        event = one.event
        title = f"「{one.title}」" if one.title else ""
        yield f"第 {event.row} 行　{event.household or '？'}　{event.rule}{title}　{one.points} 分"
        yield from (f"    {sentence}" for sentence in one.explanation)
        if event.household:
            sums = totals.setdefault(event.household, [0, 0, 0])
            sums[0] += 1
            sums[1] += one.accepted
            sums[2] += one.points
    for household, (rows, accepted, points) in totals.items():
        yield f"合计　{household}　{rows} 行，记分 {accepted} 次，共 {points} 分"


def as_json(scored: Iterable[Scored]) -> Iterator[str]:
    """A JSON object for each row; `trace` is null where the row makes no claim."""
    for one in scored:
        event = one.event
        fields = {
            "row": event.row,
            "household": event.household,
            "rule": event.rule,
            "deed_on": event.deed_on,
            "points": one.points,
            "accepted": one.accepted,
            "explanation": one.explanation,
            "trace": one.outcome.trace if one.outcome else None,
        }
        yield msgspec.json.encode(fields).decode()


def as_csv(scored: Iterable[Scored]) -> Iterator[str]:
    """A row for each row, behind a row of headings."""
    yield _csv_line(HEADINGS)
    for one in scored:
        e, told = one.event, "".join(one.explanation)
        yield _csv_line((e.row, e.household, e.rule, one.title, e.deed_on, one.points, int(one.accepted), told))


def _csv_line(cells: Sequence[object]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="").writerow(escape_formulas(cells))
    return line.getvalue()


FORMATS = {"text": as_text, "json": as_json, "csv": as_csv}
