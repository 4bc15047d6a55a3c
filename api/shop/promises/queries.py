"""What a household has been promised, and what waits to be collected."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select

from api import wire
from api.platform.services import UnitOfWork
from api.shop.promises.arrivals import is_open
from api.shop.promises.tables import Promise
from api.wire.promises import PromiseSlip


class Promised(msgspec.Struct, frozen=True):
    """An open promise; `arrival` is None until its goods are there."""

    id: UUID
    supermarket: str
    slip: PromiseSlip
    arrival: UUID | None
    expires_at: datetime


PROMISED = (
    select(Promise.id, Promise.supermarket, Promise.slip, Promise.arrival, Promise.expires_at)
    .where(
        Promise.township == bindparam("township"),
        Promise.household == bindparam("household"),
        is_open(bindparam("now")),
    )
    .order_by(Promise.arrival.is_(None), Promise.expires_at, Promise.id)
)
"""The open promises of a household, those that can be collected first, then by when they are over."""


def told(promise: Promised) -> wire.PromisedGoods:
    return wire.PromisedGoods(
        id=promise.id,
        line=promise.slip.line,
        arrived=promise.arrival is not None,
        expires_at=promise.expires_at,
    )


async def uncollected(uow: UnitOfWork, supermarket: str) -> int:
    """How many promises at a supermarket have arrived and wait to be collected."""
    found = await uow.session.scalar(
        select(func.count()).where(
            Promise.township == uow.township,
            Promise.supermarket == supermarket,
            Promise.arrival.is_not(None),
            is_open(uow.now),
        )
    )
    return found or 0
