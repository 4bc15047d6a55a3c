"""Describes entries of kiosks' journals in sentences for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import Row, select

from api import wire
from api.platform.access import Staff
from api.platform.services import UnitOfWork
from api.registry.register import queries as register
from api.registry.register.queries import HouseholdFacts
from api.shop.kiosks.queries import read_attendant_names
from api.shop.offline.tables import JournalEntry
from api.shop.redemptions.tables import Redemption
from api.shop.stock.queries import list_products
from api.wire.names import mask_name
from api.wire.till_exceptions import TillException
from api.wire.till_journal import (
    AnyEntry,
    ReturnEntry,
    SaleEntry,
    ShiftClosingEntry,
    ShiftOpeningEntry,
    VoidEntry,
    decode_entry,
)

# An entry, and the names of its kiosk, of the supermarket, and of whoever decided about it.
EntryRow = Row[JournalEntry, str, str, str | None]

UNKNOWN = "没有登记的物品"
OWN_HOUSEHOLD = "这一条和您自己家有关，请由别人决定。"


@dataclass(frozen=True, slots=True)
class EntryContext:
    """What entries refer to, by id; `products`: names by code."""

    redemptions: Mapping[UUID, Redemption]
    households: Mapping[UUID, HouseholdFacts]
    attendants: Mapping[UUID, str]
    products: Mapping[str, str]

    @classmethod
    async def load(cls, uow: UnitOfWork, entries: Sequence[AnyEntry | None]) -> EntryContext:
        voided = {e.id for e in entries if isinstance(e, VoidEntry)}
        query = select(Redemption).where(Redemption.township == uow.township, Redemption.id.in_(voided))
        redemptions = {row.id: row for row in await uow.session.scalars(query)} if voided else {}
        households = {e.household for e in entries if isinstance(e, SaleEntry | ReturnEntry)}
        households |= {redemption.household for redemption in redemptions.values()}
        openers = {e.attendant for e in entries if isinstance(e, ShiftOpeningEntry)}
        # All of them: the codes that an entry names need not be such that a query can take them.
        sold = any(isinstance(e, SaleEntry) for e in entries)
        return cls(
            redemptions,
            await register.read_households(uow, households) if households else {},
            await read_attendant_names(uow, openers) if openers else {},
            {product.code: product.name for product in await list_products(uow)} if sold else {},
        )

    def find_household(self, entry: AnyEntry | None) -> HouseholdFacts | None:
        """The household whose points it is about."""
        match entry:
            case SaleEntry() | ReturnEntry():
                return self.households.get(entry.household)
            case VoidEntry() if entry.id in self.redemptions:
                return self.households.get(self.redemptions[entry.id].household)
        return None

    def explain_barred(self, staff: Staff, entry: AnyEntry | None) -> str:
        """Why this person can't decide about it; empty if they can."""
        household = self.find_household(entry)
        return "" if household is None else staff.find_recusal({household.code}, OWN_HOUSEHOLD)

    def count_points(self, entry: AnyEntry | None) -> int:
        match entry:
            case SaleEntry() | ReturnEntry():
                return entry.points
            case VoidEntry() if entry.id in self.redemptions:
                return msgspec.convert(self.redemptions[entry.id].receipt, wire.Receipt).points
        return 0

    def describe(self, staff: Staff, entry: AnyEntry | None) -> str:
        match entry:
            case SaleEntry():
                # The kiosk's own names could say anything.
                goods = _list_goods((self.products.get(line.product, UNKNOWN), line) for line in entry.lines)
                return f"{self._name_household(staff, entry)}兑换{goods}，共 {entry.points} 分"
            case VoidEntry() if entry.id in self.redemptions:
                receipt = msgspec.convert(self.redemptions[entry.id].receipt, wire.Receipt)
                goods = _list_goods((line.name, line) for line in receipt.lines)
                household = self._name_household(staff, entry)
                return f"作废{household}的兑换（{entry.reason}）：{goods}，共 {receipt.points} 分"
            case VoidEntry():
                return f"作废一笔账上没有的兑换（{entry.reason}）"
            case ReturnEntry():
                return f"终端退回{self._name_household(staff, entry)}的积分，共 {entry.points} 分"
            case ShiftOpeningEntry():
                return f"{self.attendants.get(entry.attendant, '不认识的人')}登录上班"
            case ShiftClosingEntry():
                return f"班次报表：{entry.report.redemptions} 笔，{entry.report.points} 分"
        return "一条读不懂的记录"

    def _name_household(self, staff: Staff, entry: AnyEntry) -> str:
        household = self.find_household(entry)
        if household is None:
            return "一户不在册的人家"
        return f"{household.head if staff.serves(household.village) else mask_name(household.head)}家"


def decode(journal_entry: JournalEntry) -> AnyEntry | None:
    """None for a body that this version can't decode."""
    try:
        return decode_entry(journal_entry.body)
    except msgspec.MsgspecError:
        return None


async def describe_entries(uow: UnitOfWork, staff: Staff, rows: Iterable[EntryRow]) -> list[TillException]:
    decoded = [(row, decode(row[0])) for row in rows]
    context = await EntryContext.load(uow, [entry for _, entry in decoded])
    return [
        TillException(
            kiosk=journal_entry.kiosk,
            epoch=journal_entry.epoch,
            number=journal_entry.number,
            hash=journal_entry.hash.hex(),
            place=place,
            supermarket=supermarket,
            kind=entry.kind if entry is not None else "unreadable",
            status=journal_entry.status,
            what=context.describe(staff, entry),
            remark=journal_entry.remark,
            at=entry.at if entry is not None else None,
            received_at=journal_entry.received_at,
            redemption=journal_entry.redemption,
            points=context.count_points(entry),
            accepted_points=(
                journal_entry.extra.get("accepts", entry.points) if isinstance(entry, SaleEntry) else None
            ),
            barred=context.explain_barred(staff, entry),
            decision=journal_entry.decision,
            reason=journal_entry.reason,
            decided_by=person or "",
            decided_at=journal_entry.decided_at,
        )
        for (journal_entry, place, supermarket, person), entry in decoded
    ]


def _list_goods(goods: Iterable[tuple[str, wire.ReceiptLine]]) -> str:
    return "、".join(f"{name} {line.quantity} 件" for name, line in goods)
