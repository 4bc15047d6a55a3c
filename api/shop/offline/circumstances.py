"""Reads what the server knows around a sale that a till reports."""

from __future__ import annotations

from dataclasses import replace

from api.platform.services import UnitOfWork
from api.registry.cards.queries import read_pin_time
from api.registry.freezes.queries import was_kiosk_frozen
from api.shop.kiosks.awaiting import read_last_restore
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.offline.plausibility import CLOCK_SLACK, Circumstances
from api.shop.offline.shifts import find_attendant, find_shift, is_in_shift, to_shift_facts
from api.shop.promises.closing import find_collected
from api.shop.redemptions.facts import Facts
from api.shop.stock.price_history import read_price_histories
from api.shop.stock.told_prices import read_told_prices
from api.wire.till_journal import SaleEntry


async def read_circumstances(
    uow: UnitOfWork, kiosk: Kiosk, enrolment: KioskEnrolment, entry: SaleEntry, facts: Facts
) -> Circumstances:
    shift = await find_shift(uow, kiosk, entry.shift)
    attendant = await find_attendant(uow, kiosk, entry.attendant)
    known = Circumstances(
        now=uow.now,
        enrolled_at=enrolment.enrolled_at,
        shift=to_shift_facts(shift),
        in_shift=is_in_shift(enrolment, shift),
        prices=await read_price_histories(uow, {line.product for line in entry.lines}),
        told=None,
        names={product: shelf.name for product, shelf in facts.shelf.items()},
        pin_set_at=await read_pin_time(uow, bytes.fromhex(entry.card)),
        ended_at=attendant.ended_at if attendant is not None else None,
        frozen=await was_kiosk_frozen(uow, kiosk.id, entry.at),
        in_gap=await _is_in_gap(uow, enrolment, entry),
        collected=await find_collected(uow, kiosk.supermarket, entry),
    )
    moment = known.estimate_time(entry.at)
    return replace(known, told=await read_told_prices(uow, kiosk.id, enrolment.epoch, moment))


async def _is_in_gap(uow: UnitOfWork, enrolment: KioskEnrolment, entry: SaleEntry) -> bool:
    """Whether the server went back to a backup and can have lost what speaks for this sale: its lease, or the
    redemption that it had answered."""
    if not enrolment.awaited:
        return False
    restore = await read_last_restore(uow)
    if restore is None or not entry.answered:
        return restore is not None
    return restore.backup_at - CLOCK_SLACK <= entry.at <= restore.restored_at + CLOCK_SLACK
