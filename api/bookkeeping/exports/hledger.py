"""Export for hledger 1.25 and newer: https://hledger.org/hledger.html#journal"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from api.bookkeeping.exports.plain_text import (
    OPENING_BALANCES,
    collapse_whitespace,
    commodity,
    to_plain_text_amount,
)
from api.bookkeeping.exports.plain_text_writer import PlainTextWriter
from api.bookkeeping.exports.records import Account, Transaction, Unit


class HledgerWriter(PlainTextWriter):
    _INDENT = "    "

    def _format_commodity(self, unit: Unit) -> str:
        """Quoted: unquoted commodity symbols can't have digits or hyphens."""
        return f'"{commodity(unit)}"'

    def _write_declarations(self) -> None:
        books = self._books
        self._file.write(f"; {_escape(books.township)}\n\n")
        for unit in books.units:
            style = "1000.00" if isinstance(unit.convert(0), Decimal) else "1000."
            self._file.write(f"commodity {style} {self._format_commodity(unit)}  ; name: {_escape(unit.title)}\n")
        self._file.write("\n")
        for account in books.accounts:
            closed = f", closed: {account.closed_on}" if account.closed_on else ""
            self._file.write(f"account {self._names[account.name]}  ; title: {_escape(account.title)}{closed}\n")

    def _write_heading(self, transaction: Transaction) -> None:
        tags = {
            "recorded": transaction.recorded_at.isoformat(),
            "kind": f"{transaction.kind} {transaction.phase}",
            "person": _escape(transaction.person),
        }
        if transaction.target:
            tags["target"] = str(transaction.target)
        # With the code in parentheses, nothing after it is parsed as a status or code.
        self._file.write(f"\n{transaction.effective_on} * ({transaction.id}) {_escape(transaction.narration)}\n")
        for name, value in tags.items():
            self._file.write(f"    ; {name}: {value}\n")

    def _declare_opening_balances(self, eve: date) -> None:
        self._file.write(f"account {OPENING_BALANCES}\n")

    def _write_opening_heading(self, eve: date, account: Account) -> None:
        self._file.write(f"\n{eve} * () 期初余额 {_escape(account.title)}\n")

    def _assert_openings_balance(self, start: date) -> None:
        for unit in self._books.units:
            self._write_assertion(start - timedelta(days=1), f"期初平衡 {unit.title}", OPENING_BALANCES, unit, 0)

    def _write_closings(self) -> None:
        for account in self._books.accounts:
            if account.limited:
                self._write_assertion(
                    self._books.until,
                    f"期末余额 {account.title}",
                    self._names[account.name],
                    account.unit,
                    to_plain_text_amount(account.closing, account.unit),
                )

    def _write_assertion(self, day: date, description: str, name: str, unit: Unit, balance: int | Decimal) -> None:
        symbol = self._format_commodity(unit)
        self._file.write(f"\n{day} * () {_escape(description)}\n    {name}  0 {symbol} = {balance} {symbol}\n")


def _escape(text: str) -> str:
    """Replace characters with a meaning in hledger by their Chinese forms: `;` begins a comment, `|` ends a payee,
    `:` makes a tag, and `,` ends one."""
    return collapse_whitespace(text).translate(str.maketrans(";|:,", "；｜：，"))
