"""Opening hours, as people write them and as they are told."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.shop.supermarkets.hours import describe_today, describe_week, list_closed, read_hours, write_day
from api.wire.supermarkets import OpeningHours, OpenSpan

WEEK = ["8:00-12:00、14:00-17:30"] * 5 + ["9-11", ""]
TIMES = st.lists(st.integers(0, 24 * 60 - 1), unique=True, max_size=8).map(sorted)


def to_spans(minutes: list[int]) -> list[OpenSpan]:
    times = [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    return [OpenSpan(opens=a, closes=b) for a, b in zip(times[::2], times[1::2], strict=False)]


@pytest.mark.parametrize(
    "written",
    [
        "8:00-12:00、14:00-17:30",
        "８：００－１２：００ １４：００—１７：３０",
        "8点到12点，14点至17点30分",
        "8-12;14-17.30",
    ],
)
def test_a_day_is_read_as_people_write_it(written: str) -> None:
    assert write_day(read_hours([written] + [""] * 6, "").week[0]) == "08:00-12:00、14:00-17:30"


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("上午", "周一的“上午”读不懂"),
        ("12:00-8:00", "周一的时间要从早到晚"),
        ("8-12、11-14", "周一的时间要从早到晚"),
        ("8:00-25:00", "周一没有 25:00 这个时间"),
        ("1-2、3-4、5-6、7-8、9-10", "读不懂"),
    ],
)
def test_what_is_no_time_is_refused_in_one_sentence(day: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_hours([day] + [""] * 6, "")


def test_a_week_is_told_in_as_few_words_as_it_has_kinds_of_days() -> None:
    assert describe_week(read_hours(WEEK, "")) == "周一至周五 08:00–12:00、14:00–17:30，周六 09:00–11:00，周日休息"
    assert describe_week(read_hours(["8-12"] * 7, "")) == "每天 08:00–12:00"
    assert describe_week(read_hours(["休息"] * 7, "")) == "现在不营业"


def test_days_of_rest_are_told_for_two_months_where_they_differ_from_their_weekday() -> None:
    hours = read_hours(WEEK, "2026-06-16\n2026年6月21日、2027-02-17")
    assert list_closed(hours, date(2026, 6, 15)) == [date(2026, 6, 16)]
    assert describe_today(hours, date(2026, 6, 15)) == "今天营业 08:00–12:00、14:00–17:30"
    assert describe_today(hours, date(2026, 6, 16)) == describe_today(hours, date(2026, 6, 21)) == "今天休息"
    with pytest.raises(ValueError, match="2026-02-30"):
        read_hours(WEEK, "2026-02-30")


@given(st.lists(TIMES, min_size=7, max_size=7), st.lists(st.dates(date(1900, 1, 1)), max_size=60, unique=True))
def test_what_is_written_is_read_again(minutes: list[list[int]], closed: list[date]) -> None:
    hours = OpeningHours(week=[to_spans(day) for day in minutes], closed=sorted(closed))
    assert read_hours([write_day(day) for day in hours.week], "\n".join(map(str, closed))) == hours
    assert describe_week(hours)
