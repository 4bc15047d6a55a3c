"""The reports as lines of `label: number`, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator

from api import wire

_UNKNOWN = {
    "no-cost-known": "未知，还没有登记采购金额 unknown, no purchase has a cost",
    "shelves-empty": "未知，货架是空的 unknown, the shelves are empty",
}

_DUTIES = {
    "chief-grid-leader": "总网格长 chief grid leaders",
    "grid-leader": "网格长 grid leaders",
    "grid-guide": "网格指导员 grid guides",
    "grid-member": "网格员 grid members",
}


def format_report(report: wire.TownshipReport) -> Iterator[str]:
    yield f"行政村 villages: {report.villages:,}"
    yield f"积分超市 supermarkets: {report.supermarkets:,}"
    yield f"网格 grids: {report.grids:,}"
    for duty, label in _DUTIES.items():
        yield f"{label}: {report.people.get(duty, 0):,}"
    yield f"户 households: {report.households:,}"
    yield f"发放积分 points awarded: {report.points_awarded:,}"
    for row in report.awarded_by_category:
        yield f"  {row.name}: {row.points:,}"
    for row in report.awarded_by_village:
        yield f"  {row.name}: {row.points:,}"
    yield f"导入积分 points imported: {report.points_imported:,}"
    yield f"公示中积分 points on notice: {report.points_pending:,}"
    yield f"兑换积分 points redeemed: {report.points_redeemed:,}"
    if report.points_expired:
        yield f"过期积分 points expired: {report.points_expired:,}"
    if report.points_deducted:
        yield f"扣分 points deducted: {report.points_deducted:,}"
    yield f"兑换人次 redemptions: {report.redemptions:,}"
    yield f"兑换物资 goods handed out: {report.goods_handed_out:,}"
    yield f"未兑换积分 points outstanding: {report.points_outstanding:,}"
    if report.in_balance is not None:
        yield f"账目平衡 books in balance: {'是 yes' if report.in_balance else '否 no'}"


def format_liability(liability: wire.Liability) -> Iterator[str]:
    for p in liability.products:
        cost = "-" if p.average_cost is None else f"{p.average_cost / 100:,.2f}"
        yield f"  {p.name}: {p.price} 分 points, {p.stock:,} 件 on shelves, {cost} 元 yuan each"
    unknown = _UNKNOWN[liability.unknown_because] if liability.unknown_because else ""
    for label, fen in (
        ("每分成本 cost of a point", liability.fen_per_point),
        ("积分负债 liability", liability.liability),
        ("含公示中积分 liability with points on notice", liability.liability_with_notice),
        ("资金余额 fund", liability.fund),
    ):
        yield f"{label}: {unknown if fen is None else f'{fen / 100:,.2f} 元 yuan'}"
