"""How often, and for how many points, a household, a person or a village may be rewarded in a period."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

Scope: TypeAlias = Literal["rule", "category", "total", "deductions"]
Per: TypeAlias = Literal["household", "person", "village"]
Period: TypeAlias = Literal["day", "week", "month", "quarter", "year", "lifetime"]

Window: TypeAlias = tuple[date, date]
"""First day inside, first day outside."""


@dataclass(frozen=True, slots=True)
class Count:
    """Which awards are added up together.

    `scope` and `of` say which: those of rule `of`, of category `of`, all that give (`total`), or all that take
    (`deductions`). `per` and `period` keep those of different households (persons, villages) and periods
    apart, `by` those that differ in the answers to these inputs. `households` counts households once each.
    """

    scope: Scope
    of: str
    per: Per = "household"
    period: Period = "year"
    by: tuple[str, ...] = ()
    households: bool = False
    key: str = field(init=False, compare=False, repr=False)
    """A name for what is counted: equal counts have equal keys."""
    position: int = field(init=False, compare=False, repr=False)
    """Where the number of its period stands in `period_numbers`."""
    plain: bool = field(init=False, compare=False, repr=False)
    """Whether all awards of a household in a period count together."""

    def __post_init__(self) -> None:
        parts = (self.scope, self.of, self.per, self.period, *self.by, "households" * self.households)
        object.__setattr__(self, "key", "/".join(parts))
        object.__setattr__(self, "position", get_args(Period).index(self.period))
        object.__setattr__(self, "plain", self.per == "household" and not self.by and not self.households)

    def window(self, day: date) -> Window:
        """The period that `day` falls in, half-open: day, week from Monday, month, quarter, year, or all time."""
        return window(self.period, day)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` awards or `points` points in each `period`, `per` household, person or village.

    `scope` says which awards count: those of the same rule, of the rule's category, or all of the book.
    `by` names inputs: awards are counted apart for each answer to them, e.g. once for each matter; `by_note`
    says these inputs in Chinese. At least one of `times`, `points` and `highest` is set. Running out of times
    refuses a claim; running out of points cuts the award to what is left and refuses it when nothing is left.
    `highest` lets the awards counted together come to no more than the largest of them: a higher honour for
    the same deed adds the difference.
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
        return window(self.period, day)


@dataclass(frozen=True, slots=True)
class Used:
    """What has been awarded already within a window: number of awards and their points."""

    times: int = 0
    points: int = 0


def tightest(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """What these limits come to: of those that count the same awards one, with the least of their bounds."""
    found: dict[tuple[Count, bool], Limit] = {}
    for limit in limits:
        same = found.get((limit.count, limit.highest), limit)
        times, points = _least(same.times, limit.times), _least(same.points, limit.points)
        found[limit.count, limit.highest] = replace(same, times=times, points=points)
    return tuple(found.values())


def _least(one: int | None, other: int | None) -> int | None:
    return min(one, other) if one is not None and other is not None else one if other is None else other


@lru_cache(maxsize=8192)
def window(period: Period, day: date) -> Window:
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
    """Day, week, month, quarter, year and lifetime of `day` as numbers: the next period has the next number."""
    ordinal, month = day.toordinal(), day.year * 12 + day.month - 1
    # The first of all days is a Monday.
    return ordinal, (ordinal - 1) // 7, month, month // 3, day.year, 0


def _days_after(day: date, days: int) -> date:
    return day + timedelta(days=days) if (date.max - day).days >= days else date.max


def _first_of_month(year: int, month: int) -> date:
    if month > 12:
        year, month = year + 1, month - 12
    return date(year, month, 1) if year <= date.max.year else date.max
