"""Clocks: the server runs on the machine's clock while that is to be trusted, tests and the demo set theirs."""

from __future__ import annotations

import ctypes
import time as system
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

log = structlog.get_logger()

SHANGHAI = ZoneInfo("Asia/Shanghai")
_FIRST, _LAST = datetime.min.replace(tzinfo=SHANGHAI), datetime.max.replace(tzinfo=SHANGHAI)

CLOCK_SLACK = timedelta(minutes=10)
"""How far clocks that are right may be apart, and how far one may be set while it is followed."""

_TIMEX_SIZE = 512
"""More than the kernel writes."""


class Clock(Protocol):
    @property
    def jump(self) -> timedelta | None:
        """By how much the machine's clock is ahead (below zero: behind) while it isn't followed; else None."""

    def now(self) -> datetime:
        """The current moment, aware and in UTC."""

    def compare(self, witness: datetime) -> None:
        """Take note of what the database's clock says at this moment."""


def _read_wall() -> datetime:
    return datetime.now(UTC)


def _read_elapsed() -> timedelta:
    # Where there is one, a clock that nobody can set and that goes on while the machine sleeps.
    clock = getattr(system, "CLOCK_BOOTTIME", system.CLOCK_MONOTONIC)
    return timedelta(seconds=system.clock_gettime(clock))


def _read_synchronised() -> bool:
    """Whether the kernel says that time servers keep its clock; it stops saying so when a person sets it."""
    try:
        # Asks alone, since the fields that say what to change are zero. 5: nobody keeps the clock.
        return ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_SIZE)) in range(5)
    except (AttributeError, OSError, TypeError):
        return False


class WallClock:
    """The machine's clock, as long as it runs evenly.

    Where somebody sets it by more than `CLOCK_SLACK`, time goes on as before until it is set back; until a
    database whose own clock has run evenly says the same; until time servers keep the clock that nobody kept
    before, as on a machine that starts without knowing the time; or until the program is started anew. It starts
    no later than the database's clock, which is another one if the database is on another machine.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = _read_wall,
        elapsed: Callable[[], timedelta] = _read_elapsed,
        synchronised: Callable[[], bool] = _read_synchronised,
    ) -> None:
        self._wall, self._elapsed, self._synchronised = wall, elapsed, synchronised
        self._unkept = not synchronised()
        # What this clock and the database's said when `elapsed` was zero.
        self._zero = wall() - elapsed()
        self._witness_zero: datetime | None = None
        self._jump: timedelta | None = None

    @property
    def jump(self) -> timedelta | None:
        self.now()
        return self._jump

    def now(self) -> datetime:
        wall, even = self._wall(), self._zero + self._elapsed()
        if abs(wall - even) <= CLOCK_SLACK or self._is_kept_now():
            if self._jump is not None or abs(wall - even) > CLOCK_SLACK:
                log.warning("the machine's clock is followed again", now=wall.isoformat())
            self._jump, self._zero = None, wall - self._elapsed()
            return wall
        if self._jump is None:
            log.warning("the machine's clock isn't followed", clock=wall.isoformat(), now=even.isoformat())
        self._jump = wall - even
        return even

    def _is_kept_now(self) -> bool:
        """Whether time servers have begun to keep a clock that was seen without them."""
        synchronised = self._synchronised()
        begun, self._unkept = synchronised and self._unkept, not synchronised
        return begun

    def compare(self, witness: datetime) -> None:
        wall, zero = self._wall(), witness - self._elapsed()
        if self._witness_zero is None:
            self._witness_zero = zero
            if abs(wall - witness) > CLOCK_SLACK:
                log.warning(
                    "the database's clock says otherwise", clock=wall.isoformat(), database=witness.isoformat()
                )
                self._zero = min(self._zero, zero)
        elif abs(zero - self._witness_zero) <= CLOCK_SLACK and abs(wall - witness) <= CLOCK_SLACK:
            self._zero = wall - self._elapsed()


class TravelClock:
    """Stands still until `travel` sets another moment, and knows no better one."""

    jump = None

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def compare(self, witness: datetime) -> None:
        pass

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


def end_of_day(day: date) -> datetime:
    """The last moment of a calendar day in the township; also of the last day there is."""
    return datetime.combine(day, time.max, SHANGHAI)
