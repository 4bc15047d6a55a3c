"""Working days with China's holidays: announced ones, weekends that make up for them, and years not announced."""

from __future__ import annotations

from datetime import date, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from api.awards.objections.working_days import count_days_late, count_working_days, find_due_day
from tests.conftest import NOW


@pytest.mark.parametrize(
    ("raised", "days", "due"),
    [
        # An ordinary week; the day itself doesn't count.
        ("2026-06-08", 5, "2026-06-15"),
        # Over the Dragon Boat Festival, 19 June.
        ("2026-06-15", 5, "2026-06-23"),
        # Raised on a Saturday.
        ("2026-06-06", 5, "2026-06-12"),
        # Before the Spring Festival of 2026: Saturday the 14th is worked, 15 to 23 February are off.
        ("2026-02-12", 5, "2026-02-26"),
        # After it a Saturday, the 28th, is worked.
        ("2026-02-24", 4, "2026-02-28"),
        # National Day of 2026: Sunday 20 September and Saturday 10 October are worked.
        ("2026-09-18", 1, "2026-09-20"),
        ("2026-09-30", 3, "2026-10-10"),
        # A year that nobody has announced yet: the holidays of the law.
        ("2031-09-30", 1, "2031-10-06"),
    ],
)
def test_the_last_day_to_answer(raised: str, days: int, due: str) -> None:
    assert find_due_day(date.fromisoformat(raised), days) == date.fromisoformat(due)


def test_late_counts_working_days_alone() -> None:
    due = date(2026, 2, 13)
    assert [count_days_late(due, None, due + timedelta(days=n)) for n in (0, 1, 2, 10, 11, 14, 15)] == [
        # The 14th is worked; then nobody works until the 24th.
        *(0, 1, 1, 1, 2, 5, 6)
    ]
    # Answered late, it doesn't get later.
    assert count_days_late(date(2026, 6, 12), NOW, date(2026, 8, 1)) == 1


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(1, 60))
def test_due_days_and_working_days_fit(raised: date, days: int) -> None:
    due = find_due_day(raised, days)
    assert count_working_days(raised, due) == days
    assert count_working_days(raised, due - timedelta(days=1)) == days - 1
    assert count_working_days(due, raised) == 0
