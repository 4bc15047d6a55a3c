"""Export for Beancount 2 and 3: https://beancount.github.io/docs/beancount_language_syntax.html"""

from __future__ import annotations

from datetime import date, timedelta

from api.bookkeeping.exports.plain_text import (
    OPENING_BALANCES,
    collapse_whitespace,
    commodity,
    to_plain_text_amount,
)
from api.bookkeeping.exports.plain_text_writer import PlainTextWriter
from api.bookkeeping.exports.records import Account, Transaction, Unit


class BeancountWriter(PlainTextWriter):
    _INDENT = "  "

    def _format_commodity(self, unit: Unit) -> str:
        return commodity(unit)

    def _write_declarations(self) -> None:
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

    def _write_heading(self, transaction: Transaction) -> None:
        links = " ".join(f"^{id}" for id in (transaction.id, transaction.target) if id)
        self._file.write(
            f"\n{transaction.effective_on} * {_quote(transaction.narration)} {links}\n"
            f"  recorded: {_quote(transaction.recorded_at.isoformat())}\n"
            f"  kind: {_quote(f'{transaction.kind} {transaction.phase}')}\n"
            f"  person: {_quote(transaction.person)}\n"
        )

    def _declare_opening_balances(self, eve: date) -> None:
        self._file.write(f"{eve} open {OPENING_BALANCES}\n")

    def _write_opening_heading(self, eve: date, account: Account) -> None:
        self._file.write(f"\n{eve} * {_quote(f'期初余额 {account.title}')}\n")

    def _assert_openings_balance(self, start: date) -> None:
        self._file.write("\n")
        for unit in self._books.units:
            self._file.write(f"{start} balance {OPENING_BALANCES}  0 {commodity(unit)}\n")

    def _write_closings(self) -> None:
        books = self._books
        self._file.write("\n")
        for account in books.accounts:
            # An assertion applies at the beginning of its day, and none may follow a closing.
            last = account.closed_on or books.until
            day = max(last + timedelta(days=1), books.start or date.min)
            name = self._names[account.name]
            if account.limited:
                closing = to_plain_text_amount(account.closing, account.unit)
                self._file.write(f"{day} balance {name}  {closing} {commodity(account.unit)}\n")
            if account.closed_on:
                self._file.write(f"{day} close {name}\n  closed: {account.closed_on}\n")


def _quote(text: str) -> str:
    escaped = collapse_whitespace(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
