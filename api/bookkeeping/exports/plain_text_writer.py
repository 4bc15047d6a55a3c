"""What the Beancount and hledger exports write alike: transactions and opening balances, posting by posting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, timedelta
from io import TextIOWrapper
from typing import IO, ClassVar

from api.bookkeeping.exports.plain_text import OPENING_BALANCES, account_name, to_plain_text_amount
from api.bookkeeping.exports.records import Account, PeriodBooks, Transaction, Unit


class PlainTextWriter(ABC):
    """Subclasses write the syntax of their format."""

    _INDENT: ClassVar[str]

    def __init__(self, file: IO[bytes], books: PeriodBooks) -> None:
        self._file = TextIOWrapper(file, encoding="utf-8", newline="\n")
        self._books = books
        self._names = {account.name: account_name(account) for account in books.accounts}
        self._write_declarations()
        if books.start is not None:
            self._write_openings(books.start)

    def add(self, transaction: Transaction) -> None:
        self._write_heading(transaction)
        for transfer in transaction.transfers:
            self._write_posting(self._names[transfer.debit.name], transfer.debit, -transfer.amount)
            self._write_posting(self._names[transfer.credit.name], transfer.credit, transfer.amount)

    def finish(self) -> None:
        self._write_closings()
        self._file.flush()
        self._file.detach()

    def _write_openings(self, start: date) -> None:
        eve = start - timedelta(days=1)
        self._declare_opening_balances(eve)
        for account in self._books.accounts:
            if account.opening:
                self._write_opening_heading(eve, account)
                self._write_posting(self._names[account.name], account, account.opening)
                self._write_posting(OPENING_BALANCES, account, -account.opening)
        self._assert_openings_balance(start)

    def _write_posting(self, name: str, account: Account, amount: int) -> None:
        signed = to_plain_text_amount(amount, account.unit)
        self._file.write(f"{self._INDENT}{name}  {signed} {self._format_commodity(account.unit)}\n")

    @abstractmethod
    def _format_commodity(self, unit: Unit) -> str: ...

    @abstractmethod
    def _write_declarations(self) -> None:
        """Title, commodities and accounts."""

    @abstractmethod
    def _write_heading(self, transaction: Transaction) -> None: ...

    @abstractmethod
    def _declare_opening_balances(self, eve: date) -> None: ...

    @abstractmethod
    def _write_opening_heading(self, eve: date, account: Account) -> None: ...

    @abstractmethod
    def _assert_openings_balance(self, start: date) -> None:
        """The account of opening balances adds up to zero."""

    @abstractmethod
    def _write_closings(self) -> None:
        """Assertions of closing balances, and closed accounts."""
