"""A household's points that kiosks hold on lease. They still belong to the household."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, Text, bindparam, select, true

from api.platform import accounts
from api.platform.access import Device
from api.shop.offline.tables import Lease
from ledger import tables
from ledger.lookup import lateral_one


class LeasedPoints(msgspec.Struct, frozen=True):
    kiosk: UUID
    epoch: int
    points: int


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
    return (
        select(Lease.kiosk, Lease.epoch, available.c.points)
        .select_from(Lease)
        .join(escrow, true())
        .join(available, true())
        .where(Lease.township == bindparam("township"), Lease.household == bindparam("household"))
    )


LEASED_POINTS = _select_leased()
"""Rows of `LeasedPoints`: what each kiosk holds of a household, given by its id and its `code`."""


def split_leased(leases: Iterable[LeasedPoints], device: Device) -> tuple[int, int]:
    """Points that this kiosk holds, and points that all others hold."""
    here = elsewhere = 0
    for each in leases:
        if (each.kiosk, each.epoch) == (device.id, device.epoch):
            here += each.points
        else:
            elsewhere += each.points
    return here, elsewhere
