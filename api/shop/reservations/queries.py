"""Queries for other capabilities: a household's open promises, and those to be collected."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select

from api import wire
from api.platform.services import UnitOfWork
from api.shop.reservations.tables import Promise
from api.shop.reservations.use_cases import is_open
from api.wire.base import from_store
from api.wire.promises import PromiseSlip


class OpenPromise(msgspec.Struct, frozen=True):
    """`arrival` is None until pieces are reserved for it."""

    id: UUID
    supermarket: str
    slip: PromiseSlip
    arrival: UUID | None
    expires_at: datetime


OPEN_PROMISES = (
    select(Promise.id, Promise.supermarket, Promise.slip, Promise.arrival, Promise.expires_at)
    .where(
        Promise.township == bindparam("township"),
        Promise.household == bindparam("household"),
        is_open(bindparam("now")),
    )
    .order_by(Promise.arrival.is_(None), Promise.expires_at, Promise.id)
)
"""Rows of `OpenPromise`: those of a household, collectable ones first, then by when they expire."""


async def read_open_promises(uow: UnitOfWork, household: UUID) -> list[OpenPromise]:
    """A household's, in all supermarkets."""
    values = {"township": uow.township, "household": household, "now": uow.now}
    rows = (await uow.session.execute(OPEN_PROMISES, values)).all()
    with from_store():
        return [
            OpenPromise(id, supermarket, msgspec.convert(slip, PromiseSlip), arrival, expires_at)
            for id, supermarket, slip, arrival, expires_at in rows
        ]


def to_wire(promise: OpenPromise) -> wire.PromisedGoods:
    return wire.PromisedGoods(
        id=promise.id,
        line=promise.slip.line,
        arrived=promise.arrival is not None,
        expires_at=promise.expires_at,
    )


async def count_uncollected(uow: UnitOfWork, supermarket: str) -> int:
    """How many promises at a supermarket can be collected."""
    number = await uow.session.scalar(
        select(func.count()).where(
            Promise.township == uow.township,
            Promise.supermarket == supermarket,
            Promise.arrival.is_not(None),
            is_open(uow.now),
        )
    )
    return number or 0
