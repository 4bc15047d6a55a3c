"""The report of a shift on paper, for the attendant and the committee."""

from __future__ import annotations

from datetime import datetime

from api.wire.till_journal import ShiftReport
from kiosk.printing.report import Report, ReportRow, ReportSection
from kiosk.printing.slip import format_minute


def build_shift_report(
    shift: ShiftReport,
    supermarket: str,
    printed_at: datetime,
    *,
    attendant: str = "",
    opened_at: datetime | None = None,
    closed_at: datetime | None = None,
) -> Report:
    goods = tuple(ReportRow(pieces.name, f"{pieces.quantity} 件") for pieces in shift.goods)
    facts = [ReportRow("值班", attendant)] if attendant else []
    times = (("开班", opened_at), ("交班", closed_at))
    facts += [ReportRow(what, format_minute(at)) for what, at in times if at is not None]
    return Report(
        title="交班报表",
        supermarket=supermarket,
        sections=(
            *([ReportSection(tuple(facts))] if facts else []),
            ReportSection(
                (
                    ReportRow("兑换", f"{shift.redemptions} 笔  {shift.points} 分"),
                    ReportRow("其中断网兑换", f"{shift.offline} 笔"),
                    ReportRow("作废", f"{shift.voids} 笔  {shift.voided_points} 分"),
                )
            ),
            *([ReportSection(goods, heading="发放物品")] if goods else []),
            ReportSection((ReportRow("打印", format_minute(printed_at)),)),
        ),
    )
