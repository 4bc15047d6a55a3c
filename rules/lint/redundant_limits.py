"""Finds limits that can never bind: what the other limits and the amounts allow doesn't reach them.

Said only where it is certain. A limit bounds another when it counts at least the same awards together (a wider
scope, a wider circle, fewer answers that set awards apart).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal, TypeAlias

from rules.limits import Limit, Per, Scope
from rules.parser.locator import Path
from rules.text.descriptions import limit_text

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
_WITHIN: Mapping[tuple[str, str], int] = {
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
"""One of the latter lies in so many of the former at most; weeks don't end with months."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a single award of a rule comes to at least and at most; None where that isn't certain."""

    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Bound:
    """One measure of one limit, which stands as number `number` at `place`."""

    limit: Limit
    measure: Measure
    value: int
    place: Path
    number: int

    def sentence(self, reached: int) -> str:
        """Why the limit is of no use, in Chinese."""
        points, times = (self.value, None) if self.measure == "points" else (None, self.value)
        alone = replace(self.limit, points=points, times=times)
        unit = "分" if points is not None else "次"
        return f"「{limit_text(alone)}」这条上限用不到：别的规定已经使它最多到 {reached} {unit}。请删去，或改小。"


def bounds(limits: Iterable[Limit], place: Path) -> list[Bound]:
    """The measures of some limits, points first: where each of two bounds the other, the points are told."""
    numbered = list(enumerate(limits))
    found = [Bound(limit, "points", limit.points, place, n) for n, limit in numbered if limit.points is not None]
    return found + [
        Bound(limit, "times", limit.times, place, n) for n, limit in numbered if limit.times is not None
    ]


def idle(candidates: Sequence[Bound], beside: Sequence[Bound], amounts: Amounts) -> Iterator[tuple[Bound, int]]:
    """Those of a rule's own bounds that the rest, and those `beside` them, never let anybody reach."""
    left = [*candidates, *beside]
    for bound in candidates:
        others = [other for other in left if other is not bound]
        reached = reach(bound.measure, bound.limit, others, amounts)
        if reached == bound.value and bound.measure == "times":
            # Twice, and ten points together: who writes both for five points each has said the same twice, once.
            reached = reach("times", bound.limit, [other for other in others if other.measure == "times"], amounts)
        if reached is not None and reached <= bound.value:
            left = others
            yield bound, reached


def reach(measure: Measure, limit: Limit, others: Iterable[Bound], amounts: Amounts) -> int | None:
    """The most that awards of one rule can come to where `limit` counts, as far as `others` bound it."""
    others = list(others)
    covering = [(other, many) for other in others if (many := _covers(other.limit, limit)) is not None]
    points = [other.value * many for other, many in covering if other.measure == "points"]
    times = [other.value * many for other, many in covering if other.measure == "times"]
    if measure == "points":
        return min(points + [amounts.most * number for number in times if amounts.most is not None], default=None)
    # Every award is a point at least; it is the whole amount where nothing else can cut it.
    least = amounts.least if sum(other.measure == "points" for other in others) == 1 else 1
    counted = [ceil(other.value / least) * many for other, many in covering if other.measure == "points"]
    return min(times + counted, default=None)


def summed(measure: Measure, limit: Limit, rules: Iterable[tuple[Sequence[Bound], Amounts]]) -> int | None:
    """The most that these rules, each with its own bounds, can come to together where `limit` counts; None when
    one of them has no end."""
    total = 0
    for own, amounts in rules:
        reached = reach(measure, replace(limit, scope="rule"), own, amounts)
        if reached is None:
            return None
        total += reached
    return total


def _covers(wide: Limit, narrow: Limit) -> int | None:
    """In how many periods of `wide` one of `narrow` lies at most; None unless it counts those awards and more."""
    if _WIDTH[wide.scope] < _WIDTH[narrow.scope] or _WIDTH[wide.per] < _WIDTH[narrow.per]:
        return None
    if not set(wide.by) <= set(narrow.by):
        return None
    many = _WITHIN.get((wide.period, narrow.period))
    if many is None and _ORDER.index(wide.period) >= _ORDER.index(narrow.period):
        return 1
    return many
