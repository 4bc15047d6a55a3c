"""Entries for Excel and its kin: one row for each side of each transfer, so that 数量 summed over an account is
its balance at the end of the period."""

from __future__ import annotations

import csv
from io import TextIOWrapper
from typing import IO

from api.bookkeeping.exports.records import PeriodBooks, Transaction
from api.bookkeeping.exports.rows import ENTRY_HEADINGS, entries, openings
from api.platform.table_file import escape_formulas


class Csv:
    def __init__(self, file: IO[bytes], books: PeriodBooks) -> None:
        # Excel knows UTF-8 by its mark.
        self._file = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(ENTRY_HEADINGS)
        self._rows.writerows(map(escape_formulas, openings(books)))

    def add(self, transaction: Transaction) -> None:
        self._rows.writerows(map(escape_formulas, entries(transaction)))

    def finish(self) -> None:
        self._file.flush()
        self._file.detach()
