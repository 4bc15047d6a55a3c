"""The slip of a promise. Goods are collected with the card, not with the slip."""

from __future__ import annotations

from api.wire.promises import PromiseSlip
from kiosk.printing.report import Report, ReportRow, ReportSection
from kiosk.printing.slip import SHANGHAI, format_minute


def build_promise_report(slip: PromiseSlip) -> Report:
    line = slip.line
    until = slip.expires_at.astimezone(SHANGHAI)
    return Report(
        title="留货单",
        supermarket=slip.supermarket,
        sections=(
            ReportSection((ReportRow("住户", slip.name),)),
            ReportSection((ReportRow(line.name, f"x{line.quantity}  {line.points} 分"),)),
            ReportSection(
                (
                    ReportRow("已留出", f"{line.points} 分"),
                    ReportRow("还可兑换", f"{slip.balance} 分"),
                    ReportRow("保留到", f"{until:%Y-%m-%d}"),
                    ReportRow("到货后凭户卡来领，价格不变；到期没领，积分自动退回。"),
                )
            ),
            ReportSection(
                (
                    ReportRow("经手", slip.attendant),
                    ReportRow("时间", format_minute(slip.promised_at)),
                    ReportRow("单号", slip.id.hex[-8:].upper()),
                )
            ),
        ),
    )
