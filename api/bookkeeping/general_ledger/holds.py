"""Holds: points of a household reserved for a supermarket, until they are posted, voided or expire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, bindparam, select, true

from api import wire
from api.bookkeeping.general_ledger.outcomes import post, refused
from api.bookkeeping.general_ledger.persons import names_of
from api.bookkeeping.general_ledger.scope import READERS, may_read, villages_of
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from ledger.lookup import lateral_one
from ledger.tables import balance, entry, settlement, transaction
from ledger.transactions import AccountId, Phase, RecordedTransaction, Status, Transaction, TransactionId, Transfer

KIND = "hold"
LONGEST = timedelta(days=366)
RELEASED_AT_ONCE = 500


async def hold(services: Services, staff: Staff, holds: Sequence[wire.NewHold]) -> list[wire.ItemOutcome]:
    """Reserve points, each hold judged on its own. Raises Refused: not-allowed."""
    require(staff, Role.COMMITTEE, Role.OFFICE)
    async with services.unit_of_work() as uow:
        villages = await villages_of(
            uow, (a.name for h in holds for a in (accounts.household(h.household), accounts.till(h.supermarket)))
        )
        judged: list[Transaction | wire.ItemOutcome] = []
        for wanted in holds:
            household, till = accounts.household(wanted.household), accounts.till(wanted.supermarket)
            if not _serves(staff, villages.get(household.name)):
                judged.append(refused(wanted.id, ErrorCode.UNKNOWN, f"没有编号为 {wanted.household} 的户。"))
            elif not _serves(staff, villages.get(till.name)):
                judged.append(refused(wanted.id, ErrorCode.UNKNOWN, f"没有编号为 {wanted.supermarket} 的超市。"))
            elif staff.household == wanted.household:
                judged.append(refused(wanted.id, ErrorCode.NOT_ALLOWED, "不能为自己家预留，请由别人办理。"))
            elif wanted.expires_at > uow.now + LONGEST:
                judged.append(refused(wanted.id, ErrorCode.MALFORMED, "预留最长一年，请把期限改近一些。"))
            else:
                judged.append(
                    Transaction(
                        id=TransactionId(wanted.id),
                        kind=KIND,
                        phase=Phase.PENDING,
                        transfers=(Transfer(household.id, till.id, accounts.POINTS, wanted.points),),
                        person=str(staff.id),
                        reason=wanted.reason,
                        expires_at=wanted.expires_at,
                    )
                )
        return await post(uow, judged)


async def settle(
    services: Services, staff: Staff, settlements: Sequence[wire.HoldSettlement]
) -> list[wire.ItemOutcome]:
    """Post holds, whole or in part, or void them. Raises Refused: not-allowed."""
    require(staff, Role.COMMITTEE, Role.OFFICE)
    async with services.unit_of_work() as uow:
        found = await uow.books.recorded(TransactionId(s.hold) for s in settlements)
        holds = {id: one for id, one in found.items() if (one.kind, one.phase) == (KIND, Phase.PENDING)}
        names = await uow.books.read_names(account for one in holds.values() for account in _sides(one))
        villages = await villages_of(uow, names.values())
        judged: list[Transaction | wire.ItemOutcome] = []
        for wanted in settlements:
            held = holds.get(TransactionId(wanted.hold))
            household = names[_sides(held)[0]] if held is not None else ""
            if held is None or not _serves(staff, villages.get(household)):
                judged.append(refused(wanted.id, Status.UNKNOWN_TARGET, "没有这笔预留。"))
            elif staff.household is not None and household == accounts.household(staff.household).name:
                judged.append(refused(wanted.id, ErrorCode.NOT_ALLOWED, "不能办理自己家的预留，请由别人办理。"))
            elif wanted.action == "void" and wanted.points is not None:
                judged.append(refused(wanted.id, ErrorCode.MALFORMED, "作废是全部放开，不用写分数。"))
            else:
                judged.append(_settlement(staff, wanted, held))
        return await post(uow, judged)


def _serves(staff: Staff, village: str | None) -> bool:
    return village is not None and staff.serves(village)


def _sides(held: RecordedTransaction) -> tuple[AccountId, AccountId]:
    """The household's account and the till's."""
    [moved] = held.transfers
    return moved.debit, moved.credit


def _settlement(staff: Staff, wanted: wire.HoldSettlement, held: RecordedTransaction) -> Transaction:
    household, till = _sides(held)
    part = () if wanted.points is None else (Transfer(household, till, accounts.POINTS, wanted.points),)
    return Transaction(
        id=TransactionId(wanted.id),
        kind=KIND,
        phase=Phase(wanted.action),
        target=held.id,
        transfers=part,
        person=str(staff.id),
    )


async def listed(services: Services, staff: Staff, household: str) -> list[wire.HoldView]:
    """The open holds of a household. Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        name = accounts.household(household).name
        if name not in await villages_of(uow, [name]) or not await may_read(uow, staff, [name]):
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {household} 的户。")
        return await open_holds(uow, household)


def _open() -> Select[*tuple[Any, ...]]:
    columns = (transaction.c.id, transaction.c.kind, transaction.c.expires_at, transaction.c.reason)
    held = lateral_one(
        select(*columns, transaction.c.person, transaction.c.recorded_at).where(
            transaction.c.township == entry.c.township, transaction.c.id == entry.c.transaction
        ),
        "held",
    )
    settled = lateral_one(
        select(settlement.c.id).where(settlement.c.township == entry.c.township, settlement.c.target == held.c.id),
        "settled",
    )
    # Mostly nothing is: then the entries aren't gone through.
    something = select(balance.c.reserved > 0).where(
        balance.c.township == bindparam("township"), balance.c.account == bindparam("account")
    )
    return (
        select(*held.c, entry.c.amount, entry.c.counterparty)
        .select_from(entry)
        .join(held, true())
        .outerjoin(settled, true())
        .where(
            entry.c.township == bindparam("township"),
            entry.c.account == bindparam("account"),
            entry.c.pending,
            something.scalar_subquery(),
            held.c.kind == KIND,
            # One that is over is released by itself in a moment.
            held.c.expires_at > bindparam("now"),
            settled.c.id.is_(None),
        )
        .order_by(held.c.expires_at, held.c.id)
    )


OPEN_HOLDS = _open()
"""What is reserved of a household's points, the first to expire first."""


async def open_holds(uow: UnitOfWork, household: str) -> list[wire.HoldView]:
    """What is reserved of a household's points and for how long, the first to expire first."""
    values = {"township": uow.township, "account": accounts.household(household).id, "now": uow.now}
    rows = (await uow.session.execute(OPEN_HOLDS, values)).all()
    if not rows:
        return []
    tills = await uow.books.read_names(AccountId(row.counterparty) for row in rows)
    persons = await names_of(uow, (row.person for row in rows))
    return [
        wire.HoldView(
            id=row.id,
            household=household,
            supermarket=accounts.parse_owner(tills[row.counterparty])[1],
            points=-row.amount,
            expires_at=row.expires_at,
            reason=row.reason,
            person=persons.get(row.person, ""),
            recorded_at=row.recorded_at,
        )
        for row in rows
    ]


async def release_expired(services: Services) -> int:
    """Void what is reserved beyond its time; returns how many. Several servers may do it at once."""
    async with services.unit_of_work() as uow:
        return await uow.books.release_expired(uow.now, limit=RELEASED_AT_ONCE)
