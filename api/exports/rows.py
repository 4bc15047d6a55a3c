"""The rows of the tables, CSV's and Excel's: amounts with our own sign, credits positive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeAlias

from api.exports.records import Account, PeriodBooks, Transaction

Cell: TypeAlias = str | int

ENTRY_HEADINGS = (
    "日期", "时间", "生效日期", "交易号", "序号", "种类", "阶段", "事由",
    "账户", "名称", "单位", "数量", "对方账户", "经办人", "原交易号",
)  # fmt: skip
BALANCE_HEADINGS = ("账户", "名称", "单位", "期初余额", "期末余额")


def openings(books: PeriodBooks) -> Iterator[tuple[Cell, ...]]:
    """An opening balance stands as an entry on the eve of the period."""
    if books.start is None:
        return
    eve = str(books.start - timedelta(days=1))
    for account in books.accounts:
        if account.opening:
            where = (account.name, account.title, account.unit.code)
            yield (eve, "", eve, "", "", "opening", "posted", "期初余额", *where, account.opening, "", "", "")


def entries(transaction: Transaction) -> Iterator[tuple[Cell, ...]]:
    for ordinal, transfer in enumerate(transaction.transfers, start=1):
        yield _entry(transaction, ordinal, transfer.debit, -transfer.amount, transfer.credit)
        yield _entry(transaction, ordinal, transfer.credit, transfer.amount, transfer.debit)


def _entry(
    transaction: Transaction, ordinal: int, account: Account, amount: int, other: Account
) -> tuple[Cell, ...]:
    return (
        str(transaction.at.date()),
        transaction.at.strftime("%H:%M:%S"),
        str(transaction.effective_on),
        str(transaction.id),
        ordinal,
        transaction.kind,
        transaction.phase.value,
        transaction.narration,
        account.name,
        account.title,
        account.unit.code,
        amount,
        other.name,
        transaction.person,
        str(transaction.target or ""),
    )


def balances(books: PeriodBooks) -> Iterator[tuple[Cell, ...]]:
    for account in books.accounts:
        yield (account.name, account.title, account.unit.code, account.opening, account.closing)
