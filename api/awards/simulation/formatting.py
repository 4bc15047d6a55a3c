"""Formats the figures of a simulation in Chinese."""

from __future__ import annotations

from datetime import date

from rules.simulation.summary import GoodsCost, HistogramBin, HouseholdStatistics


def format_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def format_signed(points: int) -> str:
    """With a minus sign instead of a hyphen."""
    return "不变" if points == 0 else f"{'+' if points > 0 else '−'}{abs(points):,}"


def format_comparison(recorded: int, simulated: int, unit: str) -> str:
    """多 1,234 分（+5.6%）"""
    difference = simulated - recorded
    if difference == 0:
        return f"和原来一样，都是 {recorded:,} {unit}"
    share = f"（{difference / abs(recorded):+.1%}）".replace("-", "−") if recorded else ""
    return f"{'多' if difference > 0 else '少'} {abs(difference):,} {unit}{share}"


def format_yuan(fen: int) -> str:
    """Large sums in whole yuan, since they are estimates."""
    return f"{fen / 100:,.0f} 元" if abs(fen) >= 100_00 else f"{fen / 100:,.2f} 元"


def format_cost(cost: GoodsCost) -> str:
    """The cost of the difference, at the present cost of a point."""
    rate = f"按现在货架上每分 {cost.fen_per_point / 100:.4g} 元算"
    if cost.difference == 0:
        return f"{rate}，物资费用不变，都是 {format_yuan(cost.recorded)}。"
    more = f"{'多' if cost.difference > 0 else '少'} {format_yuan(abs(cost.difference))}"
    return f"{rate}，物资费用从 {format_yuan(cost.recorded)}变成 {format_yuan(cost.simulated)}，{more}。"


def format_bin(bin: HistogramBin) -> str:
    """The range of a bin: 没有分, 51–100 分, 超过 400 分."""
    if bin.low is None:
        return "没有分"
    if bin.high is None:
        return f"超过 {bin.low - 1:,} 分"
    return f"{bin.low:,} 分" if bin.low == bin.high else f"{bin.low:,}–{bin.high:,} 分"


PERCENTILE_LABELS = {
    "tenth": "一成的户不超过",
    "quarter": "四分之一的户不超过",
    "middle": "一半的户不超过",
    "three_quarters": "四分之三的户不超过",
    "nine_tenths": "九成的户不超过",
    "most": "最多的一户",
}


def list_percentiles(households: HouseholdStatistics) -> list[tuple[str, int, int]]:
    """For each percentile its label and its points before and after."""
    before, after = households.recorded, households.simulated
    return [(label, getattr(before, name), getattr(after, name)) for name, label in PERCENTILE_LABELS.items()]
