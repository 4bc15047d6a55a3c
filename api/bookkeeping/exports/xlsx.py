"""Export as a workbook with the sheets entries and balances. Rows are written to disk immediately."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from api.bookkeeping.exports.records import PeriodBooks, Transaction
from api.bookkeeping.exports.rows import (
    BALANCE_HEADINGS,
    ENTRY_HEADINGS,
    Cell,
    balance_rows,
    entry_rows,
    opening_rows,
)

# Excel's limits: rows in a sheet, characters in a cell, digits of a number.
MAX_ROWS = 1_048_576
MAX_CHARACTERS = 32_767
MAX_DIGITS = 15

_FORMATS: dict[type, str] = {
    Decimal: "#,##0.00",
    date: "yyyy-mm-dd",
    datetime: "yyyy-mm-dd hh:mm:ss",
}


class XlsxWriter:
    def __init__(self, file: IO[bytes], books: PeriodBooks) -> None:
        # The library's temporary files have the same personal data, so they go beside the file.
        self._workbook = Workbook(file, {"constant_memory": True, "tmpdir": str(Path(file.name).parent)})
        self._formats = {kind: self._workbook.add_format({"num_format": f}) for kind, f in _FORMATS.items()}
        self._books = books
        self._entries = self._sheet("entries", ENTRY_HEADINGS)
        self._entries.write(opening_rows(books))

    def add(self, transaction: Transaction) -> None:
        self._entries.write(entry_rows(transaction))

    def finish(self) -> None:
        self._sheet("balances", BALANCE_HEADINGS).write(balance_rows(self._books))
        try:
            self._workbook.close()
        except FileCreateError as error:
            # The library wraps an OSError.
            raise error.args[0] from None

    def _sheet(self, name: str, headings: tuple[str, ...]) -> _Sheet:
        return _Sheet(self._workbook, self._formats, name, headings)


class _Sheet:
    """Continues on `entries 2`, `entries 3` when a sheet is full."""

    def __init__(
        self, workbook: Workbook, formats: dict[type, Format], name: str, headings: tuple[str, ...]
    ) -> None:
        self._workbook = workbook
        self._formats = formats
        self._name = name
        self._headings = headings
        self._sheets = 0
        self._turn()

    def write(self, rows: Iterable[tuple[Cell, ...]]) -> None:
        for row in rows:
            if self._row == MAX_ROWS:
                self._turn()
            self._write(row)

    def _turn(self) -> None:
        self._sheets += 1
        name = self._name if self._sheets == 1 else f"{self._name} {self._sheets}"
        self._sheet: Worksheet = self._workbook.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        self._row = 0
        self._write(self._headings)

    def _write(self, row: tuple[Cell, ...]) -> None:
        for column, cell in enumerate(row):
            place = (self._row, column)
            match cell:
                case str():
                    # As text: never a formula or link, whatever it begins with.
                    self._sheet.write_string(*place, cell[:MAX_CHARACTERS])
                case date():
                    self._sheet.write_datetime(*place, cell, self._formats[type(cell)])
                case int() | Decimal() if len(Decimal(cell).as_tuple().digits) > MAX_DIGITS:
                    # As a number it would lose its last digits.
                    self._sheet.write_string(*place, str(cell))
                case _:
                    self._sheet.write_number(*place, cell, self._formats.get(type(cell)))
        self._row += 1
