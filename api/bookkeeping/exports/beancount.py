"""Export for Beancount 2 and 3: https://beancount.github.io/docs/beancount_language_syntax.html"""

from __future__ import annotations

from datetime import date, timedelta
from io import TextIOWrapper
from typing import IO

from api.bookkeeping.exports.plain_text import (
    OPENING_BALANCES,
    account_name,
    collapse_whitespace,
    commodity,
    to_plain_text_amount,
)
from api.bookkeeping.exports.records import Account, PeriodBooks, Transaction


class BeancountWriter:
    def __init__(self, file: IO[bytes], books: PeriodBooks) -> None:
        self._file = TextIOWrapper(file, encoding="utf-8", newline="\n")
        self._books = books
        self._names = {account.name: account_name(account) for account in books.accounts}
        self._write_header()

    def add(self, transaction: Transaction) -> None:
        links = " ".join(f"^{id}" for id in (transaction.id, transaction.target) if id)
        self._file.write(
            f"\n{transaction.effective_on} * {_quote(transaction.narration)} {links}\n"
            f"  recorded: {_quote(transaction.recorded_at.isoformat())}\n"
            f"  kind: {_quote(f'{transaction.kind} {transaction.phase}')}\n"
            f"  person: {_quote(transaction.person)}\n"
        )
        for transfer in transaction.transfers:
            self._posting(self._names[transfer.debit.name], transfer.debit, -transfer.amount)
            self._posting(self._names[transfer.credit.name], transfer.credit, transfer.amount)

    def finish(self) -> None:
        books = self._books
        self._file.write("\n")
        for account in books.accounts:
            # An assertion applies at the beginning of its day, and none may follow a closing.
            last = account.closed_on or books.until
            day = max(last + timedelta(days=1), books.start or date.min)
            name = self._names[account.name]
            if account.limited:
                self._write_assertion(day, name, account, account.closing)
            if account.closed_on:
                self._file.write(f"{day} close {name}\n  closed: {account.closed_on}\n")
        self._file.flush()
        self._file.detach()

    def _write_header(self) -> None:
        books = self._books
        self._file.write(f'option "title" {_quote(books.township)}\n')
        first = min((account.opened_on for account in books.accounts), default=books.until)
        for unit in books.units:
            self._file.write(f"\n{first} commodity {commodity(unit)}\n  name: {_quote(unit.title)}\n")
        self._file.write("\n")
        for account in books.accounts:
            self._file.write(
                f"{account.opened_on} open {self._names[account.name]} {commodity(account.unit)}\n"
                f"  title: {_quote(account.title)}\n"
            )
        if books.start is not None:
            self._openings(books.start)

    def _openings(self, start: date) -> None:
        eve = start - timedelta(days=1)
        self._file.write(f"{eve} open {OPENING_BALANCES}\n")
        for account in self._books.accounts:
            if account.opening:
                self._file.write(f"\n{eve} * {_quote(f'期初余额 {account.title}')}\n")
                self._posting(self._names[account.name], account, account.opening)
                self._posting(OPENING_BALANCES, account, -account.opening)
        self._file.write("\n")
        for unit in self._books.units:
            self._file.write(f"{start} balance {OPENING_BALANCES}  0 {commodity(unit)}\n")

    def _posting(self, name: str, account: Account, amount: int) -> None:
        self._file.write(f"  {name}  {to_plain_text_amount(amount, account.unit)} {commodity(account.unit)}\n")

    def _write_assertion(self, day: date, name: str, account: Account, balance: int) -> None:
        self._file.write(
            f"{day} balance {name}  {to_plain_text_amount(balance, account.unit)} {commodity(account.unit)}\n"
        )


def _quote(text: str) -> str:
    escaped = collapse_whitespace(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
