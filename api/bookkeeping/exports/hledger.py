"""Books for hledger 1.25 and newer: https://hledger.org/hledger.html#journal"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from io import TextIOWrapper
from typing import IO

from api.bookkeeping.exports.plain_text import OPENING_BALANCES, account_name, commodity, one_line, signed
from api.bookkeeping.exports.records import Account, PeriodBooks, Transaction, Unit


class Hledger:
    def __init__(self, file: IO[bytes], books: PeriodBooks) -> None:
        self._file = TextIOWrapper(file, encoding="utf-8", newline="\n")
        self._books = books
        self._names = {account.name: account_name(account) for account in books.accounts}
        self._head()

    def add(self, transaction: Transaction) -> None:
        about = {
            "recorded": transaction.recorded_at.isoformat(),
            "kind": f"{transaction.kind} {transaction.phase}",
            "person": _words(transaction.person),
        }
        if transaction.target:
            about["target"] = str(transaction.target)
        # The code in brackets keeps what follows from being read as a status or a code.
        self._file.write(f"\n{transaction.effective_on} * ({transaction.id}) {_words(transaction.narration)}\n")
        for name, value in about.items():
            self._file.write(f"    ; {name}: {value}\n")
        for transfer in transaction.transfers:
            self._posting(self._names[transfer.debit.name], transfer.debit, -transfer.amount)
            self._posting(self._names[transfer.credit.name], transfer.credit, transfer.amount)

    def finish(self) -> None:
        for account in self._books.accounts:
            if account.limited:
                self._assertion(
                    self._books.until,
                    f"期末余额 {account.title}",
                    self._names[account.name],
                    account.unit,
                    signed(account.closing, account.unit),
                )
        self._file.flush()
        self._file.detach()

    def _head(self) -> None:
        books = self._books
        self._file.write(f"; {_words(books.township)}\n\n")
        for unit in books.units:
            style = "1000.00" if isinstance(unit.counted(0), Decimal) else "1000."
            self._file.write(f"commodity {style} {_symbol(unit)}  ; name: {_words(unit.title)}\n")
        self._file.write("\n")
        for account in books.accounts:
            closed = f", closed: {account.closed_on}" if account.closed_on else ""
            self._file.write(f"account {self._names[account.name]}  ; title: {_words(account.title)}{closed}\n")
        if books.start is not None:
            self._openings(books.start)

    def _openings(self, start: date) -> None:
        eve = start - timedelta(days=1)
        self._file.write(f"account {OPENING_BALANCES}\n")
        for account in self._books.accounts:
            if account.opening:
                self._file.write(f"\n{eve} * () 期初余额 {_words(account.title)}\n")
                self._posting(self._names[account.name], account, account.opening)
                self._posting(OPENING_BALANCES, account, -account.opening)
        for unit in self._books.units:
            self._assertion(eve, f"期初平衡 {unit.title}", OPENING_BALANCES, unit, 0)

    def _posting(self, name: str, account: Account, amount: int) -> None:
        self._file.write(f"    {name}  {signed(amount, account.unit)} {_symbol(account.unit)}\n")

    def _assertion(self, day: date, words: str, name: str, unit: Unit, balance: int | Decimal) -> None:
        symbol = _symbol(unit)
        self._file.write(f"\n{day} * () {_words(words)}\n    {name}  0 {symbol} = {balance} {symbol}\n")


def _symbol(unit: Unit) -> str:
    """In quotes: bare symbols have no digits and no hyphens."""
    return f'"{commodity(unit)}"'


def _words(words: str) -> str:
    """`;` would begin a comment and `|` end a payee, so both stand in their Chinese form; so do `:`, which would
    make tags of what people wrote, and `,`, which would end one."""
    return one_line(words).translate(str.maketrans(";|:,", "；｜：，"))
