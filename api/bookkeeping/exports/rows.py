"""The rows of the CSV and XLSX exports: amounts with our own sign, credits positive, money in yuan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from api.bookkeeping.exports.records import Account, PeriodBooks, Transaction
from api.bookkeeping.exports.titles import PHASE_TITLES, kind_title

Cell: TypeAlias = str | int | Decimal | date | datetime

ENTRY_HEADINGS = (
    "日期", "记账时间", "交易号", "序号", "种类", "阶段", "事由",
    "账户", "名称", "单位", "数量", "对方账户", "经办人", "原交易号",
)  # fmt: skip
BALANCE_HEADINGS = ("账户", "名称", "单位", "期初余额", "期末余额", "关闭日期")


def opening_rows(books: PeriodBooks) -> Iterator[tuple[Cell, ...]]:
    """Opening balances are entries on the day before the period."""
    if books.start is None:
        return
    eve = books.start - timedelta(days=1)
    for account in books.accounts:
        if account.opening:
            yield (eve, "", "", "", "期初", "", "期初余额", *_balance_cells(account, account.opening), "", "", "")


def entry_rows(transaction: Transaction) -> Iterator[tuple[Cell, ...]]:
    for ordinal, transfer in enumerate(transaction.transfers, start=1):
        yield _entry_row(transaction, ordinal, transfer.debit, -transfer.amount, transfer.credit)
        yield _entry_row(transaction, ordinal, transfer.credit, transfer.amount, transfer.debit)


def _entry_row(
    transaction: Transaction, ordinal: int, account: Account, amount: int, other: Account
) -> tuple[Cell, ...]:
    return (
        transaction.effective_on,
        transaction.recorded_at.replace(microsecond=0, tzinfo=None),
        str(transaction.id),
        ordinal,
        kind_title(transaction.kind),
        PHASE_TITLES[transaction.phase],
        transaction.narration,
        *_balance_cells(account, amount),
        other.name,
        transaction.person,
        str(transaction.target or ""),
    )


def balance_rows(books: PeriodBooks) -> Iterator[tuple[Cell, ...]]:
    for account in books.accounts:
        yield (
            *_balance_cells(account, account.opening),
            account.unit.convert(account.closing),
            account.closed_on or "",
        )


def _balance_cells(account: Account, amount: int) -> tuple[Cell, ...]:
    return account.name, account.title, account.unit.symbol, account.unit.convert(amount)
