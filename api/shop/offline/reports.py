"""A shift's report from the books."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import select

from api import wire
from api.platform.services import UnitOfWork
from api.shop.redemptions.tables import Redemption, Void
from api.wire.till_journal import ShiftReport, count_handed_out


async def build_shift_report(uow: UnitOfWork, shift: UUID) -> ShiftReport:
    """`offline` is known to the kiosk alone, and 0 here."""
    rows = await uow.session.execute(
        select(Redemption.receipt, Void.id)
        .outerjoin(Void, (Void.township == Redemption.township) & (Void.id == Redemption.id))
        .where(Redemption.township == uow.township, Redemption.shift == shift)
    )
    counted: list[wire.Receipt] = []
    voided: list[wire.Receipt] = []
    for receipt, void in rows:
        (counted if void is None else voided).append(msgspec.convert(receipt, wire.Receipt))
    return ShiftReport(
        redemptions=len(counted),
        points=sum(receipt.points for receipt in counted),
        voids=len(voided),
        voided_points=sum(receipt.points for receipt in voided),
        offline=0,
        goods=count_handed_out(line for receipt in counted for line in receipt.lines),
    )
