"""The period that patterns are looked for in: a month, a quarter or a year, as `2026-06`, `2026-q2`, `2026`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.platform.clock import end_of_day, start_of_day

PATTERN = r"^20[0-9]{2}(-(0[1-9]|1[0-2]|q[1-4]))?(?!\n)$"


@dataclass(frozen=True, slots=True)
class Period:
    """From its first to its last day."""

    key: str
    first: date
    last: date

    @property
    def title(self) -> str:
        year, _, part = self.key.partition("-")
        if not part:
            return f"{year}年"
        return f"{year}年第{part[1]}季度" if part.startswith("q") else f"{year}年{int(part)}月"

    @property
    def begins(self) -> datetime:
        return start_of_day(self.first)

    @property
    def ends(self) -> datetime:
        """Its last moment."""
        return end_of_day(self.last)


@dataclass(frozen=True, slots=True)
class OfferedPeriod:
    """A period, and what it is called today."""

    name: str
    period: Period


def read_period(key: str) -> Period:
    """`key` fits `PATTERN`."""
    year, _, part = key.partition("-")
    match part[:1]:
        case "":
            month, months = 1, 12
        case "q":
            month, months = 3 * int(part[1]) - 2, 3
        case _:
            month, months = int(part), 1
    first = date(int(year), month, 1)
    return Period(key, first, _add_months(first, months) - timedelta(days=1))


def offer_periods(today: date) -> list[OfferedPeriod]:
    """This month, the last one, this quarter and this year."""
    month, earlier = today.replace(day=1), _add_months(today.replace(day=1), -1)
    return [
        OfferedPeriod("这个月", read_period(f"{month:%Y-%m}")),
        OfferedPeriod("上个月", read_period(f"{earlier:%Y-%m}")),
        OfferedPeriod("这一季", read_period(f"{today.year}-q{(today.month + 2) // 3}")),
        OfferedPeriod("今年", read_period(f"{today.year}")),
    ]


def _add_months(first: date, months: int) -> date:
    month = first.month - 1 + months
    return first.replace(year=first.year + month // 12, month=month % 12 + 1)
