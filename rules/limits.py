"""Limits: how often, and for how many points, a household, a person or a village may be rewarded in a period."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

Scope: TypeAlias = Literal["rule", "category", "total", "deductions"]
Per: TypeAlias = Literal["household", "person", "village"]
Period: TypeAlias = Literal["day", "week", "month", "quarter", "year", "lifetime"]

Window: TypeAlias = tuple[date, date]
"""First day inside, first day after it."""


@dataclass(frozen=True, slots=True)
class Count:
    """Which awards are added up together.

    `scope` and `of` select them: those of rule `of`, of category `of`, all without deductions (`total`), or all
    deductions (`deductions`). They are grouped by `per` (household, person or village), `period` and the answers
    to the inputs `by`. `households` counts each household once.
    """

    scope: Scope
    of: str
    per: Per = "household"
    period: Period = "year"
    by: tuple[str, ...] = ()
    households: bool = False
    key: str = field(init=False, compare=False, repr=False)
    """Identifies what is counted: equal counts have equal keys."""
    position: int = field(init=False, compare=False, repr=False)
    """Index of its period in `period_numbers`."""
    plain: bool = field(init=False, compare=False, repr=False)
    """Whether awards are grouped by household and period alone."""

    def __post_init__(self) -> None:
        parts = (self.scope, self.of, self.per, self.period, *self.by, "households" * self.households)
        object.__setattr__(self, "key", "/".join(parts))
        object.__setattr__(self, "position", get_args(Period).index(self.period))
        object.__setattr__(self, "plain", self.per == "household" and not self.by and not self.households)

    def window(self, day: date) -> Window:
        """The period that `day` falls in, half-open."""
        return period_window(self.period, day)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` awards or `points` points in each `period`, `per` household, person or village.

    `scope` says which awards count: those of the same rule, of the rule's category, or all of the book. `by` names
    inputs: awards are counted separately for each answer to them, e.g. once for each matter; `by_note` is their
    titles in Chinese. At least one of `times`, `points` and `highest` is set. When `times` is used up, a claim is
    refused; when `points` is, the award is cut to what is left and refused when nothing is. With `highest` the
    awards counted together come to no more than the largest of them: a higher honour for the same deed adds the
    difference.

    Stored traces contain limits and their counts, so the names of the fields are part of the stored format.
    """

    scope: Scope = "rule"
    per: Per = "household"
    period: Period = "year"
    times: int | None = None
    points: int | None = None
    by: tuple[str, ...] = ()
    by_note: str = field(default="", compare=False)
    highest: bool = False
    of: str = field(default="", compare=False)
    count: Count = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", Count(self.scope, self.of, self.per, self.period, self.by))

    def window(self, day: date) -> Window:
        """The period that `day` falls in, half-open."""
        return period_window(self.period, day)


@dataclass(frozen=True, slots=True)
class Usage:
    """What is already used of a limit within a window: number of awards and their points."""

    times: int = 0
    points: int = 0


def merge_limits(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Limits that count the same awards as one, with the smallest of their bounds."""
    merged: dict[tuple[Count, bool], Limit] = {}
    for limit in limits:
        same = merged.get((limit.count, limit.highest), limit)
        times, points = _smaller(same.times, limit.times), _smaller(same.points, limit.points)
        merged[limit.count, limit.highest] = replace(same, times=times, points=points)
    return tuple(merged.values())


def _smaller(one: int | None, other: int | None) -> int | None:
    return min(one, other) if one is not None and other is not None else one if other is None else other


@lru_cache(maxsize=8192)
def period_window(period: Period, day: date) -> Window:
    """The calendar day, week (from Monday), month, quarter or year of `day`, or all time; half-open."""
    if period == "day":
        return day, _days_after(day, 1)
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, _days_after(monday, 7)
    if period == "month":
        return day.replace(day=1), _first_of_month(day.year, day.month + 1)
    if period == "quarter":
        first = (day.month - 1) // 3 * 3 + 1
        return date(day.year, first, 1), _first_of_month(day.year, first + 3)
    if period == "year":
        return date(day.year, 1, 1), _first_of_month(day.year, 13)
    return date.min, date.max


@lru_cache(maxsize=8192)
def period_numbers(day: date) -> tuple[int, int, int, int, int, int]:
    """The numbers of the day, week, month, quarter, year and lifetime of `day`; those of following periods are
    consecutive."""
    ordinal, month = day.toordinal(), day.year * 12 + day.month - 1
    # date.min is a Monday.
    return ordinal, (ordinal - 1) // 7, month, month // 3, day.year, 0


def _days_after(day: date, days: int) -> date:
    return day + timedelta(days=days) if (date.max - day).days >= days else date.max


def _first_of_month(year: int, month: int) -> date:
    if month > 12:
        year, month = year + 1, month - 12
    return date(year, month, 1) if year <= date.max.year else date.max
