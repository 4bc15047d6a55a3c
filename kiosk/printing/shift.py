"""The report of a shift on paper, for the attendant and the committee."""

from __future__ import annotations

from datetime import datetime

from api.wire.till_journal import ShiftReport
from kiosk.printing.report import Report, ReportRow, ReportSection
from kiosk.printing.slip import format_minute


def build_shift_report(shift: ShiftReport, supermarket: str, printed_at: datetime) -> Report:
    goods = tuple(ReportRow(pieces.name, f"{pieces.quantity} 件") for pieces in shift.goods)
    return Report(
        title="交班报表",
        supermarket=supermarket,
        sections=(
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
