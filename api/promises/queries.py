"""What a household has been promised, and what waits to be collected."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select

from api import wire
from api.promises.arrivals import is_open
from api.promises.tables import Promise
from api.town import Work
from api.wire.promises import PromiseSlip

_PROMISED = (
    select(Promise)
    .where(
        Promise.township == bindparam("township"),
        Promise.household == bindparam("household"),
        is_open(bindparam("now")),
    )
    .order_by(Promise.arrival.is_(None), Promise.expires_at, Promise.id)
)


async def promised_to(work: Work, household: UUID) -> list[Promise]:
    """The open promises of a household, those that can be collected first, then by when they are over."""
    values = {"township": work.township, "household": household, "now": work.now}
    return list(await work.session.scalars(_PROMISED, values))


def slip_of(promise: Promise) -> PromiseSlip:
    return msgspec.convert(promise.slip, PromiseSlip)


def told(promise: Promise) -> wire.Promised:
    return wire.Promised(
        id=promise.id,
        line=slip_of(promise).line,
        arrived=promise.arrival is not None,
        expires_at=promise.expires_at,
    )


async def uncollected(work: Work, supermarket: str) -> int:
    """How many promises at a supermarket have arrived and wait to be collected."""
    found = await work.session.scalar(
        select(func.count()).where(
            Promise.township == work.township,
            Promise.supermarket == supermarket,
            Promise.arrival.is_not(None),
            is_open(work.now),
        )
    )
    return found or 0
