"""A sample slip for setting up a printer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kiosk.printing.slip import Slip, SlipLine


def build_sample_slip(at: datetime) -> Slip:
    """It has what may go wrong: a long name, figures of several lengths, rare characters."""
    return Slip(
        id=UUID(int=0),
        supermarket="打印测试，不是收据",
        household="测**",
        lines=(
            SlipLine("肥皂", 2, 10),
            SlipLine("卷纸（十二卷装·加厚三层·家庭实惠型）", 1, 120),
            SlipLine("玥珺喆堃牌镢头 100%", 10, 1500),
        ),
        balance=0,
        attendant="测试",
        recorded_at=at,
    )
