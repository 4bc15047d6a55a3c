"""Points of posted claims that were taken back by corrections, from the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal_column, select

from api.awards.claims.tables import Claim
from api.platform.services import UnitOfWork
from ledger.tables import settlement, transaction, transfer


def net_points(points: int, taken_back: int) -> int:
    """The points of a claim, negative for a deduction, after corrections."""
    return points - taken_back if points > 0 else points + taken_back


async def points_taken_back(uow: UnitOfWork, *claims: ColumnElement[bool]) -> dict[UUID, int]:
    """Points taken back by corrections, by claim; only claims with corrections are included."""
    rows = await uow.session.execute(select_taken_back(uow, *claims))
    return {id: int(points) for id, points in rows}


def select_taken_back(uow: UnitOfWork, *claims: ColumnElement[bool]) -> Select[Any]:
    """The same as a part of a larger statement: `id` and `taken_back`."""
    return (
        _of_corrections(uow, Claim.id, func.sum(transfer.c.amount).label("taken_back"))
        .join(
            transfer,
            (transfer.c.township == transaction.c.township) & (transfer.c.transaction == transaction.c.id),
        )
        .where(*claims)
        .group_by(Claim.id)
    )


@dataclass(frozen=True, slots=True)
class LastCorrection:
    at: datetime
    reason: str


async def list_corrected(
    uow: UnitOfWork, *claims: ColumnElement[bool], since: datetime | None = None
) -> dict[UUID, LastCorrection]:
    """Those of the claims that were corrected (since then), whenever they were posted; the latest first."""
    rows = await uow.session.execute(
        _of_corrections(uow, Claim.id, transaction.c.recorded_at, transaction.c.reason)
        .where(*claims, *([] if since is None else [transaction.c.recorded_at > since]))
        .order_by(transaction.c.recorded_at.desc(), transaction.c.id)
    )
    found: dict[UUID, LastCorrection] = {}
    for id, at, reason in rows:
        found.setdefault(id, LastCorrection(at, reason))
    return found


def _of_corrections(uow: UnitOfWork, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Claim)
        .join(settlement, (settlement.c.township == Claim.township) & (settlement.c.target == Claim.id))
        .join(
            transaction,
            (transaction.c.township == settlement.c.township)
            & (transaction.c.target == settlement.c.id)
            # As a literal, so that it matches the condition of the index.
            & (transaction.c.phase == literal_column("'reversal'")),
        )
        .where(Claim.township == uow.township, Claim.status == "posted")
    )
