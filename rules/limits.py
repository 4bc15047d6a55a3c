"""How often, and for how many points, a household or a person may be rewarded in a period."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

Scope: TypeAlias = Literal["rule", "category", "total"]
Per: TypeAlias = Literal["household", "person"]
Period: TypeAlias = Literal["day", "month", "quarter", "year", "lifetime"]

Window: TypeAlias = tuple[date, date]
"""First day inside, first day outside."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` awards or `points` points in each `period`, `per` household or person.

    `scope` says which awards count: those of the same rule, of the rule's category, or all of the book.
    At least one of `times` and `points` is set. Running out of times refuses a claim; running out of
    points cuts the award to what is left and refuses it when nothing is left.
    """

    scope: Scope = "rule"
    per: Per = "household"
    period: Period = "year"
    times: int | None = None
    points: int | None = None

    def window(self, day: date) -> Window:
        """The period that `day` falls in, half-open: calendar day, month, quarter or year."""
        if self.period == "day":
            return day, day + timedelta(days=1) if day < date.max else date.max
        if self.period == "month":
            return day.replace(day=1), _first_of_month(day.year, day.month + 1)
        if self.period == "quarter":
            first = (day.month - 1) // 3 * 3 + 1
            return date(day.year, first, 1), _first_of_month(day.year, first + 3)
        if self.period == "year":
            return date(day.year, 1, 1), _first_of_month(day.year, 13)
        return date.min, date.max


@dataclass(frozen=True, slots=True)
class Used:
    """What has been awarded already within a limit's window: number of awards and their points."""

    times: int = 0
    points: int = 0


def _first_of_month(year: int, month: int) -> date:
    if month > 12:
        year, month = year + 1, month - 12
    return date(year, month, 1) if year <= date.max.year else date.max
