"""Opening hours: as people write them, and as they are told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

from api.wire.supermarkets import OpeningHours, OpenSpan
from api.wire.text import plain_form

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
CLOSED_TOLD_FOR = timedelta(days=60)
MAX_CLOSED = 60
_MAX_SPANS = 4
_REST = ("", "休息", "休", "不开", "关门", "-", "无")
_SPAN = re.compile(
    r"([0-9]{1,2})(?:[:.点时]([0-9]{2})?分?)? ?(?:-+|—+|–+|~|到|至) ?([0-9]{1,2})(?:[:.点时]([0-9]{2})?分?)?"
)
_BETWEEN = re.compile(r"[\s,，、;；和]+")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")


def read_hours(days: Sequence[str], closed: str) -> OpeningHours:
    """`days`: of each weekday, such as `8:00-12:00、14:00-17:30`; nothing for a day of rest. `closed`: days, such
    as `2027-02-17`. Raises ValueError, with a sentence."""
    week = [_read_day(day, text) for day, text in zip(WEEKDAYS, days, strict=True)]
    return require_order(OpeningHours(week=week, closed=_read_closed(closed)))


def require_order(hours: OpeningHours) -> OpeningHours:
    """Raises ValueError, with a sentence, where spans overlap or end before they begin."""
    for day, spans in zip(WEEKDAYS, hours.week, strict=True):
        times = [time for span in spans for time in (span.opens, span.closes)]
        if any(earlier >= later for earlier, later in pairwise(times)):
            raise ValueError(f"{day}的时间要从早到晚，前后不能重叠。")
    return hours


def _read_day(day: str, text: str) -> list[OpenSpan]:
    text = plain_form(text).strip()
    if text in _REST:
        return []
    spans: list[OpenSpan] = []
    rest = text
    while rest:
        found = _SPAN.match(rest)
        if found is None or len(spans) == _MAX_SPANS:
            raise ValueError(f"{day}的“{text[:20]}”读不懂，请写成 8:00-12:00、14:00-17:30 这样；不开门的空着。")
        spans.append(OpenSpan(opens=_write(day, found[1], found[2]), closes=_write(day, found[3], found[4])))
        rest = (
            _BETWEEN.sub("", rest[found.end() :], count=1)
            if _BETWEEN.match(rest[found.end() :])
            else rest[found.end() :]
        )
    return spans


def _write(day: str, hour: str, minute: str | None) -> str:
    if int(hour) > 23 or int(minute or 0) > 59:
        raise ValueError(f"{day}没有 {hour}:{minute or '00'} 这个时间。")
    return f"{int(hour):02}:{int(minute or 0):02}"


def _read_closed(text: str) -> list[date]:
    days: set[date] = set()
    for part in filter(None, _BETWEEN.split(plain_form(text).strip())):
        found = _DAY.fullmatch(part)
        try:
            if found is None:
                raise ValueError
            days.add(date(*map(int, found.groups())))
        except ValueError:
            raise ValueError(f"休息的日子“{part[:20]}”读不懂，请一行写一天，像 2027-02-17。") from None
    if len(days) > MAX_CLOSED:
        raise ValueError(f"休息的日子最多写 {MAX_CLOSED} 天。")
    return sorted(days)


def write_day(spans: Sequence[OpenSpan]) -> str:
    """As `read_hours` reads it."""
    return "、".join(f"{span.opens}-{span.closes}" for span in spans)


def describe_week(hours: OpeningHours) -> str:
    """周一至周五 08:00–12:00、14:00–17:30，周六、周日休息."""
    return "，".join(_describe_groups(hours))


def _describe_groups(hours: OpeningHours) -> Iterator[str]:
    for told, days in groupby(zip(WEEKDAYS, map(_tell, hours.week), strict=True), key=lambda each: each[1]):
        names = [name for name, _ in days]
        if len(names) == len(WEEKDAYS):
            yield f"每天 {told}" if told else "现在不营业"
            return
        listed = f"{names[0]}至{names[-1]}" if len(names) > 2 else "、".join(names)
        yield f"{listed} {told}" if told else f"{listed}休息"


def _tell(spans: Sequence[OpenSpan]) -> str:
    return "、".join(f"{span.opens}–{span.closes}" for span in spans)


@dataclass(frozen=True, slots=True)
class ToldHours:
    """As the public reads it: `week` in words, and the days soon on which it is closed all the same."""

    supermarket: str
    week: str
    closed: Sequence[date]


def tell_hours(supermarket: str, hours: OpeningHours, today: date) -> ToldHours:
    return ToldHours(supermarket, describe_week(hours), list_closed(hours, today))


def list_closed(hours: OpeningHours, today: date) -> list[date]:
    """The days of the next two months on which it is closed although its weekday isn't."""
    return [day for day in hours.closed if today <= day <= today + CLOSED_TOLD_FOR and hours.week[day.weekday()]]


def describe_today(hours: OpeningHours, today: date) -> str:
    """今天 08:00–12:00、14:00–17:30."""
    spans = [] if today in hours.closed else hours.week[today.weekday()]
    return f"今天营业 {_tell(spans)}" if spans else "今天休息"
