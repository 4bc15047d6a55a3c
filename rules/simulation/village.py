"""What a draft would have given for claims that were recorded already, before anybody adopts it. Pure.

Nothing in a book reaches beyond a village, so villages are simulated one by one, in any order or process: a
`VillageRun` takes a village's claims and gives a `VillagePart`; `rules.comparison` puts the parts together.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import msgspec

from rules.book import Campaign, Rule, Rulebook
from rules.claim import Claim
from rules.evaluation import Outcome, award, evaluate
from rules.limits import Period, window
from rules.tally import Tally
from rules.text.descriptions import limit_text

NO_SUCH_RULE = "no_such_rule"
"""Why a claim earns nothing, beside the codes of a `Refusal`: the draft has no rule of that id."""


class Recorded(msgspec.Struct, frozen=True):
    """A claim as it stands in the records: under which category, with how many points, and how many of those
    corrections took back. `claim.household` is the household's code."""

    claim: Claim
    category: str
    points: int
    taken_back: int = 0


class Cell(msgspec.Struct, array_like=True):
    """Claims under one rule, recorded in one category, with deeds in one month (year × 12 + month - 1)."""

    rule: str
    category: str
    month: int
    claims: int = 0
    accepted: int = 0
    cut: int = 0
    recorded: int = 0
    simulated: int = 0


class Refusals(msgspec.Struct, kw_only=True):
    """Claims under one rule that earn nothing for one reason; `recorded` are the points they have."""

    rule: str
    title: str = ""
    code: str
    message: str
    claims: int = 0
    recorded: int = 0


class VillagePart(msgspec.Struct, kw_only=True):
    """One village simulated. `points` are recorded and simulated ones by household, of those that have claims;
    `households` is how many the village has; `around` claims outside the period counted towards limits."""

    village: str
    title: str
    households: int
    cells: list[Cell]
    refusals: list[Refusals]
    points: dict[str, tuple[int, int]]
    around: int


class AsIf(NamedTuple):
    """A draft as if it had been in force in a period: `years` is how far its own dates were put back."""

    book: Rulebook
    years: int


def as_if(draft: Rulebook, last: date) -> AsIf:
    """The draft without a beginning and an end. One that starts after the period's `last` day has its campaigns
    and its rules' own dates put back by whole years, the fewest that make it start within the period."""
    years = max(0, draft.effective_from.year - last.year)
    if _back(draft.effective_from, years) > last:
        years += 1
    book = replace(
        draft,
        effective_from=date.min,
        effective_until=None,
        rules=MappingProxyType({id: _rule_back(rule, years) for id, rule in draft.rules.items()}),
        campaigns=tuple(_campaign_back(campaign, years) for campaign in draft.campaigns),
    )
    return AsIf(book, years)


Days: TypeAlias = tuple[date, date]
"""The first day and the last, both inclusive."""

_BY_LENGTH: tuple[Period, ...] = ("day", "month", "quarter", "year", "lifetime")


def reach(book: Rulebook, first: date, last: date) -> Days:
    """The days whose awards may count towards the limits and totals of claims from `first` to `last`."""
    streaks = any(fact.name.endswith(".streak_months") for rule in book.rules.values() for fact in rule.facts)
    asked = {count.period for count in book.counts} | ({"lifetime"} if streaks else set())
    longest = max(asked, key=_BY_LENGTH.index, default=None)
    if longest is None:
        return first, last
    if longest == "lifetime":
        return date.min, date.max
    starts, _ = window(longest, first)
    _, ends = window(longest, last)
    return starts, date.fromordinal(ends.toordinal() - 1)


class VillageRun:
    """A draft over one village's claims, taken in the order in which they were judged when they were declared.

    Claims outside `first` to `last`, both inclusive, only count towards limits, at their recorded points.
    """

    def __init__(self, book: Rulebook, village: str, title: str, households: int, first: date, last: date) -> None:
        self._book, self._first, self._last = book, first, last
        self._village, self._title, self._households = village, title, households
        self._tally = Tally(book)
        self._asked = {rule.id: frozenset(asked.id for asked in rule.inputs) for rule in book.rules.values()}
        self._cells: dict[tuple[str, str, int], Cell] = {}
        self._refusals: dict[tuple[str, str, object], Refusals] = {}
        self._points: dict[str, list[int]] = {}
        self._around = 0

    def take(self, batch: Iterable[Recorded]) -> None:
        """Simulate the next claims."""
        first, last, tally, asked, points = self._first, self._last, self._tally, self._asked, self._points
        for each in batch:
            claim, taken_back = each.claim, each.taken_back
            day = claim.deed_on
            recorded = _net(each.points, taken_back)
            if recorded == 0:
                continue
            wanted = asked.get(claim.rule)
            if wanted is not None and not claim.inputs.keys() <= wanted:
                # What the draft no longer asks for spoils nothing.
                inputs = {id: claim.inputs[id] for id in claim.inputs if id in wanted}
                claim = msgspec.structs.replace(claim, inputs=inputs)
            if not first <= day <= last:
                self._around += 1
                tally.add(claim, recorded)
                continue
            key = (claim.rule, each.category, day.year * 12 + day.month - 1)
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = Cell(*key)
            cell.claims += 1
            cell.recorded += recorded
            simulated = 0
            if wanted is None:
                self._refuse(claim.rule, NO_SUCH_RULE, None, recorded)
            else:
                offered, cut = award(self._book, claim, tally)
                if offered:
                    simulated = _net(offered, taken_back)
                    if simulated:
                        tally.add(claim, simulated)
                    cell.accepted += 1
                    cell.cut += cut
                    cell.simulated += simulated
                else:
                    # Why not is asked for only where it is told.
                    outcome = evaluate(self._book, claim, tally)
                    self._refuse(claim.rule, outcome.trace.refusals[0].code, outcome, recorded)
            sums = points.get(claim.household)
            if sums is None:
                points[claim.household] = [recorded, simulated]
            else:
                sums[0] += recorded
                sums[1] += simulated

    def part(self) -> VillagePart:
        """What the claims taken so far come to."""
        return VillagePart(
            village=self._village,
            title=self._title,
            households=self._households,
            cells=list(self._cells.values()),
            refusals=list(self._refusals.values()),
            points={household: (sums[0], sums[1]) for household, sums in self._points.items()},
            around=self._around,
        )

    def _refuse(self, rule: str, code: str, outcome: Outcome | None, recorded: int) -> None:
        # Claims that stopped at the same limit, or whose answers lack the same, go together.
        apart: object = None
        if outcome is not None:
            apart = outcome.trace.refusals[0].message if code == "bad_input" else len(outcome.trace.limits)
        refusals = self._refusals.get((rule, code, apart))
        if refusals is None:
            refusals = Refusals(rule=rule, code=code, message=_reason(outcome))
            self._refusals[(rule, code, apart)] = refusals
        refusals.claims += 1
        refusals.recorded += recorded


def _reason(outcome: Outcome | None) -> str:
    if outcome is None:
        return "草案里没有这一项。"
    limits = outcome.trace.limits
    if limits and limits[-1].after == 0:
        return f"{limit_text(limits[-1].limit)}，已满。"
    return outcome.trace.refusals[0].message


def _net(points: int, taken_back: int) -> int:
    """What is left of an award, or of a deduction, after corrections."""
    return max(0, points - taken_back) if points > 0 else min(0, points + taken_back)


def _back(day: date, years: int) -> date:
    year = max(date.min.year, day.year - years)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _rule_back(rule: Rule, years: int) -> Rule:
    if not years or not (rule.first or rule.last):
        return rule
    return replace(
        rule,
        first=_back(rule.first, years) if rule.first else None,
        last=_back(rule.last, years) if rule.last else None,
    )


def _campaign_back(campaign: Campaign, years: int) -> Campaign:
    return replace(campaign, first=_back(campaign.first, years), last=_back(campaign.last, years))
