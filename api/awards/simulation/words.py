"""The figures of a simulation in the words of those who read them."""

from __future__ import annotations

from datetime import date

from rules.simulation.summary import GoodsCost, HistogramBin, HouseholdStatistics


def day(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"


def signed(points: int) -> str:
    """With a real minus, so that it isn't taken for a dash."""
    return "不变" if points == 0 else f"{'+' if points > 0 else '−'}{abs(points):,}"


def compared(recorded: int, simulated: int, unit: str) -> str:
    """多 1,234 分（+5.6%）"""
    difference = simulated - recorded
    if difference == 0:
        return f"和原来一样，都是 {recorded:,} {unit}"
    share = f"（{difference / abs(recorded):+.1%}）".replace("-", "−") if recorded else ""
    return f"{'多' if difference > 0 else '少'} {abs(difference):,} {unit}{share}"


def yuan(fen: int) -> str:
    """Large sums in whole yuan: they are no more exact than that."""
    return f"{fen / 100:,.0f} 元" if abs(fen) >= 100_00 else f"{fen / 100:,.2f} 元"


def cost(budget: GoodsCost) -> str:
    """What the difference costs, at what a point costs now."""
    rate = f"按现在货架上每分 {budget.fen_per_point / 100:.4g} 元算"
    if budget.difference == 0:
        return f"{rate}，物资费用不变，都是 {yuan(budget.recorded)}。"
    more = f"{'多' if budget.difference > 0 else '少'} {yuan(abs(budget.difference))}"
    return f"{rate}，物资费用从 {yuan(budget.recorded)}变成 {yuan(budget.simulated)}，{more}。"


def points_of(bin: HistogramBin) -> str:
    """What a bin holds: 没有分, 51–100 分, 超过 400 分."""
    if bin.low is None:
        return "没有分"
    if bin.high is None:
        return f"超过 {bin.low - 1:,} 分"
    return f"{bin.low:,} 分" if bin.low == bin.high else f"{bin.low:,}–{bin.high:,} 分"


SPREAD = {
    "tenth": "一成的户不超过",
    "quarter": "四分之一的户不超过",
    "middle": "一半的户不超过",
    "three_quarters": "四分之三的户不超过",
    "nine_tenths": "九成的户不超过",
    "most": "最多的一户",
}


def spread(households: HouseholdStatistics) -> list[tuple[str, int, int]]:
    """What so many households don't exceed, before and after."""
    before, after = households.recorded, households.simulated
    return [(label, getattr(before, name), getattr(after, name)) for name, label in SPREAD.items()]
