"""Working days in China: weekends and public holidays aren't, weekends that make up for a holiday are.

Days off are those that the State Council has announced; for a year that isn't announced yet, the holidays that the
law names, moved on from a weekend, and every other weekend.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from api.platform.clock import local_date

if TYPE_CHECKING:
    from holidays import HolidayBase

HOW_RECKONED = (
    "工作日按国务院公布的放假安排算，调休上班的周末也算；还没公布的年份，按法定节假日（逢周末顺延）和周末算。"
)
_DAY = timedelta(days=1)


def find_due_day(raised_on: date, days: int) -> date:
    """The last of so many working days after a day, which itself doesn't count."""
    day = raised_on
    while days:
        day += _DAY
        days -= _is_working_day(day)
    return day


def count_working_days(after: date, until: date) -> int:
    """The working days after one day until another, which counts; 0 where that isn't later."""
    return sum(_is_working_day(after + _DAY * n) for n in range(1, (until - after).days + 1))


def count_days_late(due_on: date, ended_at: datetime | None, today: date) -> int:
    """Working days after the last day to answer, until it was answered or until today."""
    return count_working_days(due_on, today if ended_at is None else local_date(ended_at))


def _is_working_day(day: date) -> bool:
    return _load_calendar().is_working_day(day)


@cache
def _load_calendar() -> HolidayBase:
    # Takes a tenth of a second, which only those who object need.
    from holidays import country_holidays

    return country_holidays("CN")
