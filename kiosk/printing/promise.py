"""The slip of goods that are kept for a household, for paper. The card fetches them, not the slip."""

from __future__ import annotations

from api.wire.promises import PromiseSlip
from kiosk.printing.report import Report, Row, Section
from kiosk.printing.slip import SHANGHAI, minute


def promise_on_paper(slip: PromiseSlip) -> Report:
    line = slip.line
    until = slip.expires_at.astimezone(SHANGHAI)
    return Report(
        title="留货单",
        supermarket=slip.supermarket,
        sections=(
            Section((Row("住户", slip.name),)),
            Section((Row(line.name, f"x{line.quantity}  {line.points} 分"),)),
            Section(
                (
                    Row("已留出", f"{line.points} 分"),
                    Row("还可兑换", f"{slip.balance} 分"),
                    Row("保留到", f"{until:%Y-%m-%d}"),
                    Row("到货后凭户卡来领，价格不变；到期没领，积分自动退回。"),
                )
            ),
            Section(
                (
                    Row("经手", slip.attendant),
                    Row("时间", minute(slip.promised_at)),
                    Row("单号", slip.id.hex[-8:].upper()),
                )
            ),
        ),
    )
