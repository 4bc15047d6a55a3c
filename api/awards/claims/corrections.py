"""What corrections took back of posted claims: the books know it, and whoever lists claims asks here."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select

from api.awards.claims.tables import Claim
from api.platform.services import UnitOfWork
from ledger.tables import settlement, transaction, transfer


def net(points: int, back: int) -> int:
    """What is left of a claim of `points`, negative for a deduction, once `back` was moved back."""
    return points - back if points > 0 else points + back


async def taken_back(uow: UnitOfWork, *claims: ColumnElement[bool]) -> dict[UUID, int]:
    """Points moved back, by claim, of the claims under these conditions; none where nothing was."""
    rows = await uow.session.execute(
        select(Claim.id, func.sum(transfer.c.amount))
        .join(settlement, (settlement.c.township == Claim.township) & (settlement.c.target == Claim.id))
        .join(
            transaction,
            (transaction.c.township == settlement.c.township)
            & (transaction.c.target == settlement.c.id)
            # The index's own condition, which a parameter would miss.
            & (transaction.c.phase == literal_column("'reversal'")),
        )
        .join(
            transfer,
            (transfer.c.township == transaction.c.township) & (transfer.c.transaction == transaction.c.id),
        )
        .where(Claim.township == uow.township, Claim.status == "posted", *claims)
        .group_by(Claim.id)
    )
    return {id: int(points) for id, points in rows}
