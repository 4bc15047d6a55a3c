"""A workbook with the sheets entries and balances. Rows go to disk as they come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from api.exports.records import PeriodBooks, Transaction
from api.exports.rows import BALANCE_HEADINGS, ENTRY_HEADINGS, Cell, balances, entries, openings

# What Excel holds: rows on a sheet, characters in a cell.
ROWS = 1_048_576
CHARACTERS = 32_767


class Xlsx:
    def __init__(self, file: IO[bytes], books: PeriodBooks) -> None:
        self._workbook = Workbook(file, {"constant_memory": True})
        self._books = books
        self._entries = _Sheet(self._workbook, "entries", ENTRY_HEADINGS)
        self._entries.write(openings(books))

    def add(self, transaction: Transaction) -> None:
        self._entries.write(entries(transaction))

    def finish(self) -> None:
        _Sheet(self._workbook, "balances", BALANCE_HEADINGS).write(balances(self._books))
        self._workbook.close()


class _Sheet:
    """Goes on as `entries 2`, `entries 3` when it is full."""

    def __init__(self, workbook: Workbook, name: str, headings: tuple[str, ...]) -> None:
        self._workbook = workbook
        self._name = name
        self._headings = headings
        self._sheets = 0
        self._turn()

    def write(self, rows: Iterable[tuple[Cell, ...]]) -> None:
        for row in rows:
            if self._row == ROWS:
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
            if isinstance(cell, int):
                self._sheet.write_number(self._row, column, cell)
            else:
                # As text and nothing else: no formula, no link, whatever it begins with.
                self._sheet.write_string(self._row, column, cell[:CHARACTERS])
        self._row += 1
