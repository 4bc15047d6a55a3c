"""Accounts for people: the list of accounts, balances at any moment, statements page by page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Row, exists, select

from api import wire
from api.bookkeeping.general_ledger.cursor import Cursor
from api.bookkeeping.general_ledger.disclosure import Disclosures, read_disclosures
from api.bookkeeping.general_ledger.scope import READERS, may_read, readable_accounts
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from ledger.entries import END_OF_TIME, Entry
from ledger.tables import account, account_closing, unit
from ledger.transactions import AccountId, Balance, Phase, RecordedTransaction, Timeline, TransactionId

_BECAME = {Phase.POST: "posted", Phase.VOID: "voided", None: "waiting"}


async def list_accounts(services: Services, staff: Staff, prefix: str, after: str, limit: int) -> wire.AccountPage:
    """Accounts by name. Raises Refused: not-allowed."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        rows = (
            await uow.session.execute(
                select(
                    account.c.id,
                    account.c.name,
                    account.c.unit,
                    unit.c.kind,
                    account.c.minimum,
                    exists()
                    .where(
                        account_closing.c.township == account.c.township,
                        account_closing.c.account == account.c.id,
                    )
                    .label("closed"),
                )
                .join(unit, (unit.c.township == account.c.township) & (unit.c.code == account.c.unit))
                .where(
                    account.c.township == uow.township,
                    account.c.name.startswith(prefix, autoescape=True),
                    account.c.name > after,
                    *readable_accounts(staff),
                )
                .order_by(account.c.name)
                # One more row than asked for shows whether there is a next page.
                .limit(limit + 1)
            )
        ).all()
        page = rows[:limit]
        balances = await uow.books.read_balances([AccountId(row.id) for row in page])
        return wire.AccountPage(
            accounts=[_to_view(row, balances[row.id]) for row in page],
            next=page[-1].name if len(rows) > limit else None,
        )


def _to_view(row: Row[tuple[object, ...]], balance: Balance) -> wire.AccountView:
    return wire.AccountView(
        name=row.name,
        unit=row.unit,
        kind=row.kind,
        minimum=row.minimum,
        closed=row.closed,
        posted=balance.posted,
        reserved=balance.reserved,
        expected=balance.expected,
    )


async def read_balance(
    services: Services, staff: Staff, name: str, at: datetime | None, timeline: Timeline
) -> wire.BalanceView:
    """Raises Refused: not-allowed, unknown, malformed."""
    moment = _to_utc(at)
    async with services.unit_of_work() as uow:
        id, unit = await find_account(uow, staff, name)
        found = await _read_balance_as_of(uow, id, moment, timeline)
        return wire.BalanceView(
            account=name,
            unit=unit,
            at=moment,
            timeline=timeline,
            posted=found.posted,
            reserved=found.reserved,
            expected=found.expected,
            available=found.available,
        )


async def _read_balance_as_of(
    uow: UnitOfWork, id: AccountId, moment: datetime | None, timeline: Timeline
) -> Balance:
    """The current balance if `moment` is None: most accounts store it."""
    if moment is None:
        return await uow.books.read_balance(id)
    return (await uow.books.read_balances_at([id], moment, timeline))[id]


async def read_statement(
    services: Services, staff: Staff, name: str, limit: int, before: str, at: datetime | None
) -> wire.Statement:
    """A page of entries in the order of recording, newest first, none recorded after `at`.

    Raises Refused: not-allowed, unknown, malformed.
    """
    moment = _to_utc(at)
    async with services.snapshot() as uow:
        id, unit = await find_account(uow, staff, name)
        if before:
            cursor = Cursor.decode(before, id)
            running, last = cursor.balance, cursor.position
        else:
            running = (await _read_balance_as_of(uow, id, moment, Timeline.RECORDED)).posted
            last = None
        entries = await uow.books.read_statement(id, limit=limit + 1, before=last, at=moment or END_OF_TIME)
        page = entries[:limit]
        balances = []
        for entry in page:
            balances.append(running)
            running -= 0 if entry.pending else entry.amount
        more = len(entries) > limit
        return wire.Statement(
            account=name,
            unit=unit,
            entries=await to_statement_entries(uow, staff, page, balances),
            next=Cursor(page[-1].position, running).encode(id) if more else None,
        )


async def find_account(uow: UnitOfWork, staff: Staff, name: str) -> tuple[AccountId, str]:
    """An account that this person may read, and its unit. Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    row = (
        await uow.session.execute(
            select(account.c.id, account.c.unit).where(account.c.township == uow.township, account.c.name == name)
        )
    ).first()
    if row is None or not await may_read(uow, staff, [name]):
        raise Refused(ErrorCode.UNKNOWN, f"没有名为 {name} 的账户。")
    return AccountId(row.id), row.unit


async def to_statement_entries(
    uow: UnitOfWork, staff: Staff, entries: Sequence[Entry], balances: Iterable[int]
) -> list[wire.StatementEntry]:
    names = await uow.books.read_names(entry.counterparty for entry in entries)
    targets = await uow.books.recorded(entry.target for entry in entries if entry.target is not None)
    disclosures = await read_disclosures(uow, staff, [*(entry.transaction for entry in entries), *targets])
    return [
        _to_statement_entry(entry, targets, disclosures, names[entry.counterparty], balance)
        for entry, balance in zip(entries, balances, strict=True)
    ]


def _to_statement_entry(
    entry: Entry,
    targets: dict[TransactionId, RecordedTransaction],
    disclosures: Disclosures,
    counterparty: str,
    balance: int,
) -> wire.StatementEntry:
    target = targets.get(entry.target) if entry.target is not None else None
    reason = disclosures.show_reason(entry.transaction, entry.reason)
    if not reason and target is not None:
        reason = disclosures.show_reason(target.id, target.reason)
    return wire.StatementEntry(
        transaction=entry.transaction,
        kind=entry.kind,
        phase=entry.phase,
        amount=entry.amount,
        pending=entry.pending,
        became=_BECAME[entry.settlement] if entry.pending else "",
        expires_at=entry.expires_at,
        effective_at=entry.effective_at,
        recorded_at=entry.recorded_at,
        deferred_from=entry.deferred_from,
        reason=reason,
        source=str(entry.metadata.get("source", "")),
        counterparty=counterparty,
        balance=balance,
    )


def _to_utc(at: datetime | None) -> datetime | None:
    """Raises Refused: malformed, for a moment without a time zone, or out of range in UTC."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise Refused(
            ErrorCode.MALFORMED, "时间要带时区，例如 2026-06-01T00:00:00+08:00（网址里的加号写作 %2B）。"
        )
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Refused(ErrorCode.MALFORMED, "时间超出了范围，请核对年份。") from None
