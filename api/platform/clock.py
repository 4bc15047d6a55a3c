"""Clocks: the server runs on the wall clock, tests and the demo set theirs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_FIRST, _LAST = datetime.min.replace(tzinfo=SHANGHAI), datetime.max.replace(tzinfo=SHANGHAI)


class Clock(Protocol):
    def now(self) -> datetime:
        """The current moment, aware and in UTC."""


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class TravelClock:
    """Stands still until `travel` sets another moment."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def travel(self, to: datetime) -> None:
        self._now = to


def local_time(moment: datetime) -> datetime:
    """In the township's time. A moment at the edge of the calendar, left by a wrong clock, that doesn't exist here
    becomes the nearest that does."""
    try:
        return moment.astimezone(SHANGHAI)
    except (OverflowError, ValueError):
        return _FIRST if moment.year == _FIRST.year else _LAST


def local_date(moment: datetime) -> date:
    """The calendar day in the township."""
    return local_time(moment).date()


def start_of_day(day: date) -> datetime:
    """The first moment of a calendar day in the township."""
    return datetime.combine(day, time(), SHANGHAI)
