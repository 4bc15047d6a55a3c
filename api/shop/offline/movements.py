"""Goods that a kiosk's journal says have moved, as far as they are booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
from sqlalchemy import select, tuple_

from api import wire
from api.platform.access import Device
from api.platform.services import UnitOfWork
from api.shop.offline.entry_text import decode
from api.shop.offline.tables import JournalEntry
from api.shop.redemptions.tables import Redemption
from api.wire.shelf import JournalPosition
from api.wire.till_journal import SaleEntry, VoidEntry

_BOOKED = ("settled", "known")


async def count_moved_since(uow: UnitOfWork, device: Device, position: JournalPosition) -> Mapping[str, int]:
    """By product, the booked pieces that left the shelf after a position in the kiosk's journal, less those that
    came back."""
    entries = await uow.session.execute(
        select(JournalEntry, Redemption.receipt)
        .join(
            Redemption,
            (Redemption.township == JournalEntry.township) & (Redemption.id == JournalEntry.redemption),
        )
        .where(
            JournalEntry.township == uow.township,
            JournalEntry.kiosk == device.id,
            tuple_(JournalEntry.epoch, JournalEntry.number) > tuple_(position.epoch, position.number),
            JournalEntry.status.in_(_BOOKED) | (JournalEntry.decision == "accepted"),
        )
    )
    moved: Counter[str] = Counter()
    for journal_entry, stored in entries:
        receipt = msgspec.convert(stored, wire.Receipt)
        for line in receipt.lines:
            match decode(journal_entry):
                case SaleEntry():
                    moved[line.product] += line.quantity
                case VoidEntry():
                    moved[line.product] -= line.quantity
    return moved
