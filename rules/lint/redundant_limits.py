"""Finds redundant limits: those that the other limits and the amounts never let anybody reach.

Only certain cases are reported. A limit bounds another when it counts at least the same awards together (a wider
scope, a larger group, fewer inputs that separate awards).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal, TypeAlias

from rules.limits import Limit, Per, Scope
from rules.parser.locator import KeyPath
from rules.text.descriptions import format_limit

Measure: TypeAlias = Literal["points", "times"]

_WIDTH: Mapping[Scope | Per, int] = {
    "rule": 0,
    "category": 1,
    "total": 2,
    "deductions": 2,
    "person": 0,
    "household": 1,
    "village": 2,
}
_ORDER = ("day", "week", "month", "quarter", "year", "lifetime")
_MAX_PERIODS_WITHIN: Mapping[tuple[str, str], int] = {
    ("day", "week"): 7,
    ("day", "month"): 31,
    ("day", "quarter"): 92,
    ("day", "year"): 366,
    ("week", "month"): 6,
    ("week", "quarter"): 15,
    ("week", "year"): 54,
    ("month", "week"): 2,
    ("month", "quarter"): 3,
    ("month", "year"): 12,
    ("quarter", "week"): 2,
    ("quarter", "year"): 4,
    ("year", "week"): 2,
}
"""The most periods of the former kind that one of the latter overlaps; weeks don't end with months."""


@dataclass(frozen=True, slots=True)
class AwardRange:
    """The smallest and the largest single award of a rule; None where that isn't certain."""

    smallest: int
    largest: int | None


@dataclass(frozen=True, slots=True)
class LimitBound:
    """One measure (times or points) of the limit number `number` at `path`."""

    limit: Limit
    measure: Measure
    value: int
    path: KeyPath
    number: int

    def describe(self, reachable: int) -> str:
        """Why the limit is redundant, in Chinese."""
        points, times = (self.value, None) if self.measure == "points" else (None, self.value)
        text = format_limit(replace(self.limit, points=points, times=times))
        unit = "分" if points is not None else "次"
        return f"「{text}」这条上限用不到：别的规定已经使它最多到 {reachable} {unit}。请删去，或改小。"


def limit_bounds(limits: Iterable[Limit], path: KeyPath) -> list[LimitBound]:
    """The measures of some limits, points first: of two measures that bound each other, points are reported."""
    numbered = list(enumerate(limits))
    points = [
        LimitBound(limit, "points", limit.points, path, n) for n, limit in numbered if limit.points is not None
    ]
    return points + [
        LimitBound(limit, "times", limit.times, path, n) for n, limit in numbered if limit.times is not None
    ]


def find_redundant(
    candidates: Sequence[LimitBound], others: Sequence[LimitBound], award_range: AwardRange
) -> Iterator[tuple[LimitBound, int]]:
    """The `candidates` that the rest and the `others` never let anybody reach, each with what can be reached."""
    remaining = [*candidates, *others]
    for bound in candidates:
        rest = [other for other in remaining if other is not bound]
        reachable = max_reachable(bound.measure, bound.limit, rest, award_range)
        if reachable == bound.value and bound.measure == "times":
            # Twice and ten points, at five points each, say the same: only the points are reported.
            reachable = max_reachable(
                "times", bound.limit, [other for other in rest if other.measure == "times"], award_range
            )
        if reachable is not None and reachable <= bound.value:
            remaining = rest
            yield bound, reachable


def max_reachable(
    measure: Measure, limit: Limit, others: Iterable[LimitBound], award_range: AwardRange
) -> int | None:
    """The most that awards of one rule can come to in a window of `limit`, as far as `others` bound them."""
    others = list(others)
    covering = [
        (other, periods) for other in others if (periods := _covering_periods(other.limit, limit)) is not None
    ]
    points = [other.value * periods for other, periods in covering if other.measure == "points"]
    times = [other.value * periods for other, periods in covering if other.measure == "times"]
    if measure == "points":
        return min(
            points + [award_range.largest * number for number in times if award_range.largest is not None],
            default=None,
        )
    # An award is at least one point, and the full amount where nothing else can cut it.
    smallest = award_range.smallest if sum(other.measure == "points" for other in others) == 1 else 1
    counted = [ceil(other.value / smallest) * periods for other, periods in covering if other.measure == "points"]
    return min(times + counted, default=None)


def sum_reachable(
    measure: Measure, limit: Limit, rules: Iterable[tuple[Sequence[LimitBound], AwardRange]]
) -> int | None:
    """The most that these rules, each with its own bounds, can come to together in a window of `limit`; None when
    one of them is unbounded."""
    total = 0
    for own, award_range in rules:
        reachable = max_reachable(measure, replace(limit, scope="rule"), own, award_range)
        if reachable is None:
            return None
        total += reachable
    return total


def _covering_periods(wide: Limit, narrow: Limit) -> int | None:
    """The most periods of `wide` that one of `narrow` overlaps; None unless `wide` counts at least the same
    awards."""
    if _WIDTH[wide.scope] < _WIDTH[narrow.scope] or _WIDTH[wide.per] < _WIDTH[narrow.per]:
        return None
    if not set(wide.by) <= set(narrow.by):
        return None
    periods = _MAX_PERIODS_WITHIN.get((wide.period, narrow.period))
    if periods is None and _ORDER.index(wide.period) >= _ORDER.index(narrow.period):
        return 1
    return periods
