"""A household's points that kiosks hold on lease. They still belong to the household."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, Text, and_, bindparam, func, select, true

from api import wire
from api.platform import accounts
from api.platform.access import Device
from api.shop.holdings.tables import KioskListener, Lease
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.supermarkets.tables import Supermarket
from ledger import tables
from ledger.lookup import lateral_one


class LeasedPoints(msgspec.Struct, frozen=True, kw_only=True):
    """What a kiosk holds of a household. `current`: its enrolment is neither ended nor forked. `heard_at`: when it
    was last heard of; it may sell offline for `lease_days` after that. `listening_until`: it hears of recalls at
    once until then."""

    kiosk: UUID
    epoch: int
    points: int
    kiosk_name: str
    supermarket: str
    supermarket_name: str
    current: bool
    heard_at: datetime
    lease_days: int
    listening_until: datetime | None

    def is_online(self, now: datetime) -> bool:
        """Whether it can return points within seconds."""
        return self.current and self.listening_until is not None and self.listening_until > now

    @property
    def usable_until(self) -> datetime:
        """Until when the kiosk may sell them without the network."""
        return self.heard_at + timedelta(days=self.lease_days)

    def describe_place(self, supermarket: str | None = None) -> str:
        """As people of this supermarket call it, or of any if None."""
        return self.kiosk_name if self.supermarket == supermarket else self.supermarket_name + self.kiosk_name


def _select_leased() -> Select[*tuple[Any, ...]]:
    account, balance = tables.account.c, tables.balance.c
    name = accounts.escrow_name(bindparam("code", type_=Text), Lease.kiosk, Lease.epoch)
    escrow = lateral_one(
        select(account.id).where(account.township == Lease.township, account.name == name), "escrow"
    )
    available = lateral_one(
        select((balance.posted - balance.reserved).label("points")).where(
            balance.township == Lease.township, balance.account == escrow.c.id
        ),
        "available",
    )
    kiosk = lateral_one(
        select(Kiosk.name, Kiosk.supermarket, Kiosk.lease_days).where(
            Kiosk.township == Lease.township, Kiosk.id == Lease.kiosk
        ),
        "held_by",
    )
    supermarket = lateral_one(
        select(Supermarket.name).where(
            Supermarket.township == Lease.township, Supermarket.code == kiosk.c.supermarket
        ),
        "held_in",
    )
    enrolment = lateral_one(
        select(
            and_(KioskEnrolment.ended_at.is_(None), KioskEnrolment.forked_at.is_(None)).label("current"),
            func.coalesce(KioskEnrolment.heard_at, KioskEnrolment.enrolled_at).label("heard_at"),
        ).where(
            KioskEnrolment.township == Lease.township,
            KioskEnrolment.kiosk == Lease.kiosk,
            KioskEnrolment.epoch == Lease.epoch,
        ),
        "held_under",
    )
    listener = lateral_one(
        select(KioskListener.listening_until).where(
            KioskListener.township == Lease.township,
            KioskListener.kiosk == Lease.kiosk,
            KioskListener.epoch == Lease.epoch,
        ),
        "listener",
    )
    return (
        select(
            Lease.kiosk,
            Lease.epoch,
            available.c.points,
            kiosk.c.name.label("kiosk_name"),
            kiosk.c.supermarket,
            supermarket.c.name.label("supermarket_name"),
            enrolment.c.current,
            enrolment.c.heard_at,
            kiosk.c.lease_days,
            listener.c.listening_until,
        )
        .select_from(Lease)
        .join(escrow, true())
        .join(available, true())
        .join(kiosk, true())
        .join(supermarket, true())
        .join(enrolment, true())
        .outerjoin(listener, true())
        .where(
            Lease.township == bindparam("township"),
            Lease.household == bindparam("household"),
            available.c.points > 0,
        )
        .order_by(kiosk.c.supermarket, kiosk.c.name, Lease.kiosk, Lease.epoch)
    )


LEASED_POINTS = _select_leased()
"""Rows of `LeasedPoints`: the kiosks that hold points of a household, given by its id and its `code`."""


def split_leased(leases: Iterable[LeasedPoints], kiosk: UUID, epoch: int) -> tuple[int, list[LeasedPoints]]:
    """Points that this kiosk holds, and what others hold."""
    here, elsewhere = 0, []
    for each in leases:
        if (each.kiosk, each.epoch) == (kiosk, epoch):
            here += each.points
        else:
            elsewhere.append(each)
    return here, elsewhere


def to_wire(held: LeasedPoints, device: Device, now: datetime) -> wire.HeldPoints:
    """As a kiosk is told of it."""
    return wire.HeldPoints(
        place=held.describe_place(device.supermarket),
        points=held.points,
        online=held.is_online(now),
        until=held.usable_until,
    )
