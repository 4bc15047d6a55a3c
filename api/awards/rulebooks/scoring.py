"""Evaluates deeds of a table under a rulebook, and formats the results for `jimei rules score`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from api.awards.rulebooks.deed_table import Deed
from api.platform.table_files.formulas import escape_formulas
from rules import Evaluation, Rulebook, Tally, evaluate, explain

HEADINGS = ("row", "household", "rule", "title", "deed_on", "points", "accepted", "explanation")
_INVALID = ("bad_input", "person_required")
"""Refusals because of errors in the row."""


@dataclass(frozen=True, slots=True)
class ScoredDeed:
    """A row with its evaluation; None if the row has an error."""

    deed: Deed
    title: str = ""
    evaluation: Evaluation | None = None

    @property
    def points(self) -> int:
        return self.evaluation.points if self.evaluation else 0

    @property
    def accepted(self) -> bool:
        return self.evaluation is not None and self.evaluation.accepted

    @property
    def explanation(self) -> list[str]:
        return explain(self.evaluation) if self.evaluation else [self.deed.error]

    @property
    def is_invalid(self) -> bool:
        """Whether the row has to be corrected, rather than just earning nothing."""
        if self.evaluation is None:
            return True
        return any(refusal.code in _INVALID for refusal in self.evaluation.trace.refusals)


def score_deeds(book: Rulebook, deeds: Sequence[Deed]) -> list[ScoredDeed]:
    """Evaluate the deeds by their days, so that limits are used up in that order; the result is in the order of
    `deeds`."""
    tally = Tally(book)
    evaluations: dict[int, Evaluation] = {}
    for deed in sorted(deeds, key=lambda deed: deed.deed_on):
        if deed.claim is None:
            continue
        evaluation = evaluations[deed.row] = evaluate(book, deed.claim, tally)
        if evaluation.accepted:
            tally.add(deed.claim, evaluation.points)
    return [
        ScoredDeed(deed, book.rules[deed.rule].title if deed.rule in book.rules else "", evaluations.get(deed.row))
        for deed in deeds
    ]


def format_text(scored: Iterable[ScoredDeed]) -> Iterator[str]:
    """A line for each row with its explanation below, and totals of the households at the end."""
    totals: dict[str, list[int]] = {}
    for one in scored:
        deed = one.deed
        title = f"「{one.title}」" if one.title else ""
        yield f"第 {deed.row} 行　{deed.household or '？'}　{deed.rule}{title}　{one.points} 分"
        yield from (f"    {sentence}" for sentence in one.explanation)
        if deed.household:
            sums = totals.setdefault(deed.household, [0, 0, 0])
            sums[0] += 1
            sums[1] += one.accepted
            sums[2] += one.points
    for household, (rows, accepted, points) in totals.items():
        yield f"合计　{household}　{rows} 行，记分 {accepted} 次，共 {points} 分"


def format_json(scored: Iterable[ScoredDeed]) -> Iterator[str]:
    """A JSON object for each row; `trace` is null if the row has an error."""
    for one in scored:
        deed = one.deed
        fields = {
            "row": deed.row,
            "household": deed.household,
            "rule": deed.rule,
            "deed_on": deed.deed_on,
            "points": one.points,
            "accepted": one.accepted,
            "explanation": one.explanation,
            "trace": one.evaluation.trace if one.evaluation else None,
        }
        yield msgspec.json.encode(fields).decode()


def format_csv(scored: Iterable[ScoredDeed]) -> Iterator[str]:
    """A row of headings, and a row for each deed."""
    yield _csv_line(HEADINGS)
    for one in scored:
        deed, explanation = one.deed, "".join(one.explanation)
        yield _csv_line(
            (
                deed.row,
                deed.household,
                deed.rule,
                one.title,
                deed.deed_on,
                one.points,
                int(one.accepted),
                explanation,
            )
        )


def _csv_line(cells: Sequence[object]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="").writerow(escape_formulas(cells))
    return line.getvalue()


FORMATS = {"text": format_text, "json": format_json, "csv": format_csv}
