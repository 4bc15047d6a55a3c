"""The report of a shift, for paper: the attendant and the committee keep it."""

from __future__ import annotations

from datetime import datetime

from api.wire.till_journal import ShiftReport
from kiosk.printing.report import Report, Row, Section
from kiosk.printing.slip import minute


def shift_on_paper(shift: ShiftReport, supermarket: str, printed_at: datetime) -> Report:
    goods = tuple(Row(pieces.name, f"{pieces.quantity} 件") for pieces in shift.goods)
    return Report(
        title="交班报表",
        supermarket=supermarket,
        sections=(
            Section(
                (
                    Row("兑换", f"{shift.redemptions} 笔  {shift.points} 分"),
                    Row("其中断网兑换", f"{shift.offline} 笔"),
                    Row("作废", f"{shift.voids} 笔  {shift.voided_points} 分"),
                )
            ),
            *([Section(goods, heading="发放物品")] if goods else []),
            Section((Row("打印", minute(printed_at)),)),
        ),
    )
