"""Sample slips."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from kiosk.printing.report import Report, ReportRow, ReportSection
from kiosk.printing.slip import Slip, SlipLine

SLIP = Slip(
    id=UUID("0199d3a2-6c1e-7d5a-9f63-0b8e4c2f7a10"),
    supermarket="李家村道德积美超市",
    household="王**",
    lines=(SlipLine("肥皂", 2, 10), SlipLine("五月花卷纸（十二卷装·加厚三层·家庭实惠型）", 1, 120)),
    balance=96,
    attendant="小张",
    recorded_at=datetime(2026, 5, 2, 17, 30, tzinfo=UTC),
)

REPORT = Report(
    "交班日报",
    "李家村道德积美超市",
    (
        ReportSection((ReportRow("当班", "小张"),)),
        ReportSection((ReportRow("兑换", "12 笔"), ReportRow("积分", "340 分"), ReportRow("作废", "1 笔"))),
        ReportSection((ReportRow("肥皂", "15 块"), ReportRow("牙膏", "8 支")), "物品"),
        ReportSection((ReportRow("没有差异"),), "盘点"),
    ),
)
