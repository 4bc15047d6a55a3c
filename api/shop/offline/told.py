"""Entries of kiosks' journals as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import Row, select

from api import wire
from api.platform.access import Role, Staff
from api.platform.services import UnitOfWork
from api.registry.cards.use_cases import mask
from api.registry.register import queries as register
from api.registry.register.queries import HouseholdFacts
from api.shop.kiosks.queries import read_attendant_names
from api.shop.offline.tables import JournalEntry
from api.shop.redemptions.tables import Redemption
from api.wire.till_exceptions import TillException
from api.wire.till_journal import AnyEntry, ReturnEntry, SaleEntry, ShiftClosingEntry, ShiftOpeningEntry, VoidEntry

# An entry, and the names of its kiosk, of the supermarket, and of whoever decided.
Kept = Row[JournalEntry, str, str, str | None]

OWN = "这一条和您自己家有关，请由别人决定。"


@dataclass(frozen=True, slots=True)
class Concerned:
    """What entries speak of, by id."""

    redemptions: Mapping[UUID, Redemption]
    households: Mapping[UUID, HouseholdFacts]
    attendants: Mapping[UUID, str]

    @classmethod
    async def look_up(cls, uow: UnitOfWork, entries: Sequence[AnyEntry | None]) -> Concerned:
        voided = {e.id for e in entries if isinstance(e, VoidEntry)}
        wanted = select(Redemption).where(Redemption.township == uow.township, Redemption.id.in_(voided))
        redemptions = {row.id: row for row in await uow.session.scalars(wanted)} if voided else {}
        households = {e.household for e in entries if isinstance(e, SaleEntry | ReturnEntry)}
        households |= {redemption.household for redemption in redemptions.values()}
        openers = {e.attendant for e in entries if isinstance(e, ShiftOpeningEntry)}
        return cls(
            redemptions,
            await register.households(uow, households) if households else {},
            await read_attendant_names(uow, openers) if openers else {},
        )

    def household(self, entry: AnyEntry | None) -> HouseholdFacts | None:
        """Whose points it is about."""
        match entry:
            case SaleEntry() | ReturnEntry():
                return self.households.get(entry.household)
            case VoidEntry() if entry.id in self.redemptions:
                return self.households.get(self.redemptions[entry.id].household)
        return None

    def barred(self, staff: Staff, entry: AnyEntry | None) -> str:
        """Why this person can't decide about it, empty if they can."""
        household = self.household(entry)
        own = household is not None and household.code == staff.household
        return OWN if own else ""

    def points(self, entry: AnyEntry | None) -> int:
        match entry:
            case SaleEntry() | ReturnEntry():
                return entry.points
            case VoidEntry() if entry.id in self.redemptions:
                return msgspec.convert(self.redemptions[entry.id].receipt, wire.Receipt).points
        return 0

    def sentence(self, staff: Staff, entry: AnyEntry | None) -> str:
        match entry:
            case SaleEntry():
                return f"{self._name(staff, entry)}兑换{_goods(entry.lines)}，共 {entry.points} 分"
            case VoidEntry() if entry.id in self.redemptions:
                receipt = msgspec.convert(self.redemptions[entry.id].receipt, wire.Receipt)
                goods = f"{_goods(receipt.lines)}，共 {receipt.points} 分"
                return f"作废{self._name(staff, entry)}的兑换（{entry.reason}）：{goods}"
            case VoidEntry():
                return f"作废一笔账上没有的兑换（{entry.reason}）"
            case ReturnEntry():
                return f"终端退回{self._name(staff, entry)}的积分，共 {entry.points} 分"
            case ShiftOpeningEntry():
                return f"{self.attendants.get(entry.attendant, '不认识的人')}登录上班"
            case ShiftClosingEntry():
                return f"班次报表：{entry.report.redemptions} 笔，{entry.report.points} 分"
        return "一条读不懂的记录"

    def _name(self, staff: Staff, entry: AnyEntry) -> str:
        household = self.household(entry)
        if household is None:
            return "一户不在册的人家"
        open_to = staff.may(Role.OFFICE, Role.SUPERVISOR) or staff.serves(household.village)
        return f"{household.head if open_to else mask(household.head)}家"


def read(entry: JournalEntry) -> AnyEntry | None:
    """None for a body that this program can't read."""
    try:
        read: AnyEntry = msgspec.json.decode(entry.body, type=AnyEntry)
    except msgspec.MsgspecError:
        return None
    return read


async def told(
    uow: UnitOfWork, staff: Staff, rows: Iterable[Row[JournalEntry, str, str, str | None]]
) -> list[TillException]:
    """Rows of (JournalEntry, the kiosk's name, the supermarket's, the decider's)."""
    found = [(row, read(row[0])) for row in rows]
    concerned = await Concerned.look_up(uow, [entry for _, entry in found])
    return [
        TillException(
            kiosk=kept.kiosk,
            epoch=kept.epoch,
            number=kept.number,
            hash=kept.hash.hex(),
            place=place,
            supermarket=supermarket,
            kind=entry.kind if entry is not None else "unreadable",
            status=kept.status,
            what=concerned.sentence(staff, entry),
            remark=kept.remark,
            at=entry.at if entry is not None else None,
            received_at=kept.received_at,
            redemption=kept.redemption,
            points=concerned.points(entry),
            barred=concerned.barred(staff, entry),
            decision=kept.decision,
            reason=kept.reason,
            decided_by=person or "",
            decided_at=kept.decided_at,
        )
        for (kept, place, supermarket, person), entry in found
    ]


def _goods(lines: Sequence[wire.ReceiptLine]) -> str:
    return "、".join(f"{line.name} {line.quantity} 件" for line in lines)
