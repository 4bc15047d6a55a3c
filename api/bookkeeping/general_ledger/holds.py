"""Holds: points of a household reserved for a supermarket until they are posted, voided or expire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, bindparam, select, true

from api import wire
from api.bookkeeping.general_ledger.outcomes import post_items, refuse_item
from api.bookkeeping.general_ledger.persons import read_person_names
from api.bookkeeping.general_ledger.scope import READERS, may_read, read_villages
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import find_ended
from ledger.lookup import lateral_one
from ledger.tables import balance, entry, settlement, transaction
from ledger.transactions import AccountId, Phase, RecordedTransaction, Status, Transaction, TransactionId, Transfer

KIND = "hold"
MAX_DURATION = timedelta(days=366)
RELEASE_BATCH_SIZE = 500


async def place_holds(services: Services, staff: Staff, holds: Sequence[wire.NewHold]) -> list[wire.ItemOutcome]:
    """Reserve points; each hold succeeds or fails on its own. Raises Refused: not-allowed."""
    require(staff, Role.COMMITTEE, Role.OFFICE)
    async with services.unit_of_work() as uow:
        villages = await read_villages(
            uow, (a.name for h in holds for a in (accounts.household(h.household), accounts.till(h.supermarket)))
        )
        ended = await find_ended(uow, {wanted.household for wanted in holds})
        items: list[Transaction | wire.ItemOutcome] = []
        for wanted in holds:
            household, till = accounts.household(wanted.household), accounts.till(wanted.supermarket)
            if not _serves(staff, villages.get(household.name)):
                items.append(refuse_item(wanted.id, ErrorCode.UNKNOWN, f"没有编号为 {wanted.household} 的户。"))
            elif not _serves(staff, villages.get(till.name)):
                items.append(
                    refuse_item(wanted.id, ErrorCode.UNKNOWN, f"没有编号为 {wanted.supermarket} 的超市。")
                )
            elif wanted.household in ended:
                sentence = f"{wanted.household} 户已经并入别的户或者销户，不能再预留。"
                items.append(refuse_item(wanted.id, ErrorCode.HOUSEHOLD_ENDED, sentence))
            elif recusal := staff.find_recusal({wanted.household}, "不能为自己家预留，请由别人办理。"):
                items.append(refuse_item(wanted.id, ErrorCode.NOT_ALLOWED, recusal))
            elif wanted.expires_at > uow.now + MAX_DURATION:
                items.append(refuse_item(wanted.id, ErrorCode.MALFORMED, "预留最长一年，请把期限改近一些。"))
            else:
                items.append(
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
        return await post_items(uow, items)


async def settle_holds(
    services: Services, staff: Staff, settlements: Sequence[wire.HoldSettlement]
) -> list[wire.ItemOutcome]:
    """Post holds, whole or in part, or void them. Whoever placed a hold may void it, and another person posts it.

    Raises Refused: not-allowed.
    """
    require(staff, Role.COMMITTEE, Role.OFFICE)
    async with services.unit_of_work() as uow:
        found = await uow.books.recorded(TransactionId(s.hold) for s in settlements)
        holds = {id: hold for id, hold in found.items() if (hold.kind, hold.phase) == (KIND, Phase.PENDING)}
        names = await uow.books.read_names(account for hold in holds.values() for account in _accounts_of(hold))
        villages = await read_villages(uow, names.values())
        items: list[Transaction | wire.ItemOutcome] = []
        for wanted in settlements:
            hold = holds.get(TransactionId(wanted.hold))
            household = names[_accounts_of(hold)[0]] if hold is not None else ""
            _, code = accounts.parse_owner(household)
            if hold is None or not _serves(staff, villages.get(household)):
                items.append(refuse_item(wanted.id, Status.UNKNOWN_TARGET, "没有这笔预留。"))
            elif recusal := staff.find_recusal({code}, "不能办理自己家的预留，请由别人办理。"):
                items.append(refuse_item(wanted.id, ErrorCode.NOT_ALLOWED, recusal))
            elif wanted.action == "post" and hold.person == str(staff.id):
                items.append(refuse_item(wanted.id, ErrorCode.SAME_PERSON, "这是您预留的，扣下要由另一个人办理。"))
            elif wanted.action == "void" and wanted.points is not None:
                items.append(refuse_item(wanted.id, ErrorCode.MALFORMED, "作废是全部放开，不用写分数。"))
            else:
                items.append(_make_settlement(staff, wanted, hold))
        return await post_items(uow, items)


def _serves(staff: Staff, village: str | None) -> bool:
    return village is not None and staff.serves(village)


def _accounts_of(hold: RecordedTransaction) -> tuple[AccountId, AccountId]:
    """The household's account and the till's."""
    [moved] = hold.transfers
    return moved.debit, moved.credit


def _make_settlement(staff: Staff, wanted: wire.HoldSettlement, hold: RecordedTransaction) -> Transaction:
    household, till = _accounts_of(hold)
    part = () if wanted.points is None else (Transfer(household, till, accounts.POINTS, wanted.points),)
    return Transaction(
        id=TransactionId(wanted.id),
        kind=KIND,
        phase=Phase(wanted.action),
        target=hold.id,
        transfers=part,
        person=str(staff.id),
    )


async def list_holds(services: Services, staff: Staff, household: str) -> list[wire.HoldView]:
    """The open holds of a household. Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        name = accounts.household(household).name
        if name not in await read_villages(uow, [name]) or not await may_read(uow, staff, [name]):
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {household} 的户。")
        return await read_open_holds(uow, household)


def _select_open_holds() -> Select[*tuple[Any, ...]]:
    columns = (transaction.c.id, transaction.c.kind, transaction.c.expires_at, transaction.c.reason)
    hold = lateral_one(
        select(*columns, transaction.c.person, transaction.c.recorded_at).where(
            transaction.c.township == entry.c.township, transaction.c.id == entry.c.transaction
        ),
        "hold",
    )
    settled = lateral_one(
        select(settlement.c.id).where(settlement.c.township == entry.c.township, settlement.c.target == hold.c.id),
        "settled",
    )
    # Usually nothing is reserved: then don't scan the entries.
    any_reserved = select(balance.c.reserved > 0).where(
        balance.c.township == bindparam("township"), balance.c.account == bindparam("account")
    )
    return (
        select(*hold.c, entry.c.amount, entry.c.counterparty)
        .select_from(entry)
        .join(hold, true())
        .outerjoin(settled, true())
        .where(
            entry.c.township == bindparam("township"),
            entry.c.account == bindparam("account"),
            entry.c.pending,
            any_reserved.scalar_subquery(),
            hold.c.kind == KIND,
            # Expired ones will be released by the job.
            hold.c.expires_at > bindparam("now"),
            settled.c.id.is_(None),
        )
        .order_by(hold.c.expires_at, hold.c.id)
    )


OPEN_HOLDS = _select_open_holds()
"""A household's open holds, the first to expire first."""


async def read_open_holds(uow: UnitOfWork, household: str) -> list[wire.HoldView]:
    """A household's open holds, the first to expire first."""
    values = {"township": uow.township, "account": accounts.household(household).id, "now": uow.now}
    rows = (await uow.session.execute(OPEN_HOLDS, values)).all()
    if not rows:
        return []
    tills = await uow.books.read_names(AccountId(row.counterparty) for row in rows)
    persons = await read_person_names(uow, (row.person for row in rows))
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
    """Void expired holds; returns how many. Several servers may do this at once."""
    async with services.unit_of_work() as uow:
        return await uow.books.release_expired(uow.now, limit=RELEASE_BATCH_SIZE)
