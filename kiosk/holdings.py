"""Where a household's points are: what it can spend at this kiosk, and what others hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
from msgspec import UNSET

from api.wire import CardView, HeldPoints
from kiosk.language import _

_SHANGHAI = timezone(timedelta(hours=8))


def count_spendable(view: CardView) -> int:
    """Points that can be spent here, including those that other kiosks return within seconds."""
    return view.balance + sum(held.points for held in _list_held(view) if held.online)


def count_all(view: CardView) -> int:
    """All points of the household, wherever they are."""
    return view.balance + view.elsewhere


def list_unavailable(view: CardView) -> list[HeldPoints]:
    """Points held by other kiosks that are not online."""
    return [held for held in _list_held(view) if not held.online]


def describe_unavailable(held: Sequence[HeldPoints]) -> str:
    """One short line for a receipt or a narrow column; empty if all points are available."""
    if not held:
        return ""
    points = sum(each.points for each in held)
    if len(held) > 1:
        return _("其中 {points} 分留在别的终端").format(points=points)
    return _("其中 {points} 分留在{place}，到{until}").format(
        points=points, place=held[0].place, until=_format_day(held[0].until)
    )


def explain_unavailable(held: Sequence[HeldPoints]) -> str:
    """The end of a sentence for a household that lacks points here; empty if all points are available."""
    if not held:
        return ""
    where = _("、").join(_("{points} 分留在{place}").format(points=each.points, place=each.place) for each in held)
    until = _format_day(max(each.until for each in held))
    return _("；另有 {where}，没有联网，到{until}为止只能在那里用").format(where=where, until=until)


def get_recalled(extra: Mapping[str, Any]) -> int:
    """The points on their way from other kiosks, from a refusal for lack of points."""
    recalled = extra.get("recalled")
    return recalled if isinstance(recalled, int) else 0


def explain_shortage(extra: Mapping[str, Any]) -> str | None:
    """The sentence for a refusal for lack of points that other kiosks hold; None if none does."""
    try:
        held = msgspec.convert(extra.get("held", []), list[HeldPoints], strict=False)
    except msgspec.ValidationError:
        return None
    if not held:
        return None
    if get_recalled(extra):
        places = _("、").join(each.place for each in held if each.online)
        return _("{places}还没有交回 {points} 分：请稍候再确认，或减少商品").format(
            places=places, points=get_recalled(extra)
        )
    missing = _("积分不够，还差 {missing} 分").format(missing=extra.get("missing"))
    return missing + explain_unavailable([each for each in held if not each.online])


def _list_held(view: CardView) -> list[HeldPoints]:
    # Offline, and from servers older than recalls, only the total is known.
    return [] if view.held is UNSET else view.held


def _format_day(moment: datetime) -> str:
    local = moment.astimezone(_SHANGHAI)
    return _("{month}月{day}日").format(month=local.month, day=local.day)
