"""Simulates a draft over a village's recorded claims. Pure.

Rules never depend on other villages, so villages are simulated one by one, in any order or process: a
`VillageSimulation` turns a village's claims into a `VillageResult`, and `rules.simulation.summary` combines these.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import msgspec

from rules.book import Campaign, Rule, Rulebook
from rules.claim import Claim
from rules.evaluation import Evaluation, evaluate, evaluate_points
from rules.limits import Period, period_window
from rules.tally import Tally
from rules.text.descriptions import format_limit

NO_SUCH_RULE = "no_such_rule"
"""In addition to the codes of a `Refusal`: the draft has no rule of that id."""


class RecordedClaim(msgspec.Struct, frozen=True):
    """A claim as recorded: its category, its points, how many of these were taken back by corrections, and whether
    its rule was published. `claim.household` is the household's code."""

    claim: Claim
    category: str
    points: int
    taken_back: int = 0
    published: bool = True


class Cell(msgspec.Struct, array_like=True):
    """Sums of the claims under one rule, in one recorded category, with deeds in one month (year × 12 + month -
    1)."""

    rule: str
    category: str
    month: int
    claims: int = 0
    accepted: int = 0
    cut: int = 0
    recorded: int = 0
    simulated: int = 0


class RefusalGroup(msgspec.Struct, kw_only=True):
    """Claims under one rule that the draft refuses for one reason; `recorded` are their recorded points."""

    rule: str
    title: str = ""
    code: str
    message: str
    claims: int = 0
    recorded: int = 0


class VillageResult(msgspec.Struct, kw_only=True):
    """The result for one village. `points` are recorded and simulated points by household, of those with claims;
    `households` is the village's number of households; `outside_period` claims outside the period counted towards
    limits. `unnamed` are households whose change would tell that they have an award kept from publication."""

    village: str
    title: str
    households: int
    cells: list[Cell]
    refusals: list[RefusalGroup]
    points: dict[str, tuple[int, int]]
    outside_period: int
    unnamed: list[str] = []


class BackdatedDraft(NamedTuple):
    """A draft made to apply to a past period; `years` is how far its own dates were moved back."""

    book: Rulebook
    years: int


def backdate(draft: Rulebook, last: date) -> BackdatedDraft:
    """The draft without a beginning and an end. If it starts after the period's `last` day, its campaigns and its
    rules' own dates are moved back by whole years, as few as make it start within the period."""
    years = max(0, draft.effective_from.year - last.year)
    if _move_back(draft.effective_from, years) > last:
        years += 1
    book = replace(
        draft,
        effective_from=date.min,
        effective_until=None,
        rules=MappingProxyType({id: _move_rule_back(rule, years) for id, rule in draft.rules.items()}),
        campaigns=tuple(_move_campaign_back(campaign, years) for campaign in draft.campaigns),
    )
    return BackdatedDraft(book, years)


DateRange: TypeAlias = tuple[date, date]
"""The first day and the last, both inclusive."""

_BY_LENGTH: tuple[Period, ...] = ("day", "month", "quarter", "year", "lifetime")


def relevant_days(book: Rulebook, first: date, last: date) -> DateRange:
    """The days whose awards may count towards limits and totals of claims from `first` to `last`."""
    streaks = any(
        variable.name.endswith(".streak_months") for rule in book.rules.values() for variable in rule.variables
    )
    periods = {count.period for count in book.counts} | ({"lifetime"} if streaks else set())
    longest = max(periods, key=_BY_LENGTH.index, default=None)
    if longest is None:
        return first, last
    if longest == "lifetime":
        return date.min, date.max
    starts, _ = period_window(longest, first)
    _, ends = period_window(longest, last)
    return starts, date.fromordinal(ends.toordinal() - 1)


class VillageSimulation:
    """A draft over one village's claims, in the order in which they were declared and evaluated.

    Claims outside `first` to `last`, both inclusive, only count towards limits, with their recorded points.
    """

    def __init__(self, book: Rulebook, village: str, title: str, households: int, first: date, last: date) -> None:
        self._book, self._first, self._last = book, first, last
        self._village, self._title, self._households = village, title, households
        self._tally = Tally(book)
        self._input_ids = {rule.id: frozenset(input.id for input in rule.inputs) for rule in book.rules.values()}
        self._cells: dict[tuple[str, str, int], Cell] = {}
        self._refusals: dict[tuple[str, str, object], RefusalGroup] = {}
        self._points: dict[str, list[int]] = {}
        self._outside_period = 0
        self._unnamed: set[str] = set()

    def add_claims(self, batch: Iterable[RecordedClaim]) -> None:
        """Simulate the next claims."""
        first, last, tally, input_ids, points = self._first, self._last, self._tally, self._input_ids, self._points
        for each in batch:
            claim, taken_back = each.claim, each.taken_back
            day = claim.deed_on
            recorded = _net_points(each.points, taken_back)
            if recorded == 0:
                continue
            known_ids = input_ids.get(claim.rule)
            if known_ids is not None and not claim.inputs.keys() <= known_ids:
                # Answers to inputs that the draft lacks are ignored.
                inputs = {id: claim.inputs[id] for id in claim.inputs if id in known_ids}
                claim = msgspec.structs.replace(claim, inputs=inputs)
            if not first <= day <= last:
                self._outside_period += 1
                tally.add(claim, recorded)
                continue
            key = (claim.rule, each.category, day.year * 12 + day.month - 1)
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = Cell(*key)
            cell.claims += 1
            cell.recorded += recorded
            simulated = 0
            if known_ids is None:
                self._refuse(claim.rule, NO_SUCH_RULE, None, recorded)
            else:
                offered, cut = evaluate_points(self._book, claim, tally)
                if offered:
                    simulated = _net_points(offered, taken_back)
                    if simulated:
                        tally.add(claim, simulated)
                    cell.accepted += 1
                    cell.cut += cut
                    cell.simulated += simulated
                else:
                    # The full evaluation costs twice as much, so it is done only for refusals.
                    evaluation = evaluate(self._book, claim, tally)
                    self._refuse(claim.rule, evaluation.trace.refusals[0].code, evaluation, recorded)
            if not each.published and simulated != recorded:
                self._unnamed.add(claim.household)
            sums = points.get(claim.household)
            if sums is None:
                points[claim.household] = [recorded, simulated]
            else:
                sums[0] += recorded
                sums[1] += simulated

    def build_result(self) -> VillageResult:
        """The result of the claims so far."""
        return VillageResult(
            village=self._village,
            title=self._title,
            households=self._households,
            cells=list(self._cells.values()),
            refusals=list(self._refusals.values()),
            points={household: (sums[0], sums[1]) for household, sums in self._points.items()},
            outside_period=self._outside_period,
            unnamed=sorted(self._unnamed),
        )

    def _refuse(self, rule: str, code: str, evaluation: Evaluation | None, recorded: int) -> None:
        # Refusals at the same limit, or with the same error in the answers, are grouped.
        detail: object = None
        if evaluation is not None:
            detail = evaluation.trace.refusals[0].message if code == "bad_input" else len(evaluation.trace.limits)
        group = self._refusals.get((rule, code, detail))
        if group is None:
            group = RefusalGroup(rule=rule, code=code, message=_format_reason(evaluation))
            self._refusals[(rule, code, detail)] = group
        group.claims += 1
        group.recorded += recorded


def _format_reason(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return "草案里没有这一项。"
    limits = evaluation.trace.limits
    if limits and limits[-1].after == 0:
        return f"{format_limit(limits[-1].limit)}，已满。"
    return evaluation.trace.refusals[0].message


def _net_points(points: int, taken_back: int) -> int:
    """The points of an award or a deduction after corrections."""
    return max(0, points - taken_back) if points > 0 else min(0, points + taken_back)


def _move_back(day: date, years: int) -> date:
    year = max(date.min.year, day.year - years)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _move_rule_back(rule: Rule, years: int) -> Rule:
    if not years or not (rule.first or rule.last):
        return rule
    return replace(
        rule,
        first=_move_back(rule.first, years) if rule.first else None,
        last=_move_back(rule.last, years) if rule.last else None,
    )


def _move_campaign_back(campaign: Campaign, years: int) -> Campaign:
    return replace(campaign, first=_move_back(campaign.first, years), last=_move_back(campaign.last, years))
