"""Formatters of pages raise for nothing that can be stored: one bad entry never costs a whole page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import hypothesis.strategies as st
import pytest
from hypothesis import given

from api.web.page import FILTERS

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=ZONES)


@pytest.mark.parametrize("name", ["month", "day", "minute"])
@given(when=MOMENTS, today=st.dates())
def test_every_moment_has_a_text(name: str, when: datetime, today: date) -> None:
    assert FILTERS[name](when, today)


@given(when=st.dates(), today=st.dates())
def test_every_day_has_a_text(when: date, today: date) -> None:
    assert FILTERS["day"](when, today).startswith(FILTERS["month"](when, today))


@given(points=st.integers())
def test_every_number_has_a_text(points: int) -> None:
    assert FILTERS["signed"](points) == f"{'+' * (points > 0)}{'−' * (points < 0)}{abs(points)}"


def test_the_edges_of_the_calendar_are_the_nearest_moments() -> None:
    today = date(2026, 6, 15)
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    last = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14)))
    assert FILTERS["minute"](first, today) == "1年1月1日 00:00"
    assert FILTERS["minute"](last, today) == "9999年12月31日 23:59"
    assert FILTERS["minute"](datetime(2026, 6, 15, 2, tzinfo=UTC), today) == "6月15日 10:00"
