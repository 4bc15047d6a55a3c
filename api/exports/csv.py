"""Entries for Excel and its kin: one row for each side of each transfer, so that 数量 summed over an account is
its balance at the end of the period."""

from __future__ import annotations

import csv
from io import TextIOWrapper
from typing import IO

from api.exports.records import PeriodBooks, Transaction
from api.exports.rows import ENTRY_HEADINGS, Cell, entries, openings

# What a spreadsheet would take for the beginning of a formula, in either width.
_FORMULA = tuple("=+-@＝＋－＠")


class Csv:
    def __init__(self, file: IO[bytes], books: PeriodBooks) -> None:
        # Excel knows UTF-8 by its mark.
        self._file = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(ENTRY_HEADINGS)
        self._rows.writerows(map(_harmless, openings(books)))

    def add(self, transaction: Transaction) -> None:
        self._rows.writerows(map(_harmless, entries(transaction)))

    def finish(self) -> None:
        self._file.flush()
        self._file.detach()


def _harmless(row: tuple[Cell, ...]) -> list[Cell]:
    return [f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell for cell in row]


def _is_formula(cell: str) -> bool:
    return cell.startswith(("\t", "\r", "\n")) or cell.lstrip().startswith(_FORMULA)
