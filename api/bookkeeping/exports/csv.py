"""Export of entries as CSV: one row for each side of each transfer, so that the sum of 数量 over an account is its
closing balance."""

from __future__ import annotations

import csv
from io import TextIOWrapper
from typing import IO

from api.bookkeeping.exports.records import PeriodBooks, Transaction
from api.bookkeeping.exports.rows import ENTRY_HEADINGS, entry_rows, opening_rows
from api.platform.table_files.formulas import escape_formulas


class CsvWriter:
    def __init__(self, file: IO[bytes], books: PeriodBooks) -> None:
        # Excel recognises UTF-8 by its byte order mark.
        self._file = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(ENTRY_HEADINGS)
        self._rows.writerows(map(escape_formulas, opening_rows(books)))

    def add(self, transaction: Transaction) -> None:
        self._rows.writerows(map(escape_formulas, entry_rows(transaction)))

    def finish(self) -> None:
        self._file.flush()
        self._file.detach()
