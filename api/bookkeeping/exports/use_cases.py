"""Export the books of a period to a file, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import IO, Protocol, TypeAlias

from api.bookkeeping.exports.atomic_file import write_atomically
from api.bookkeeping.exports.beancount import BeancountWriter
from api.bookkeeping.exports.csv import CsvWriter
from api.bookkeeping.exports.hledger import HledgerWriter
from api.bookkeeping.exports.records import PeriodBooks, Transaction, read_books
from api.bookkeeping.exports.xlsx import XlsxWriter
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services

# Called with the number of transactions written, and their total.
ProgressCallback: TypeAlias = Callable[[int, int], None]


class Writer(Protocol):
    def add(self, transaction: Transaction) -> None: ...

    def finish(self) -> None:
        """Write the rest to the file, which stays open."""


FORMATS: dict[str, Callable[[IO[bytes], PeriodBooks], Writer]] = {
    "beancount": BeancountWriter,
    "hledger": HledgerWriter,
    "csv": CsvWriter,
    "xlsx": XlsxWriter,
}


def _ignore_progress(written: int, count: int) -> None:
    pass


def require_format(name: str) -> None:
    """Raises Refused: malformed."""
    if name not in FORMATS:
        raise Refused(ErrorCode.MALFORMED, f"没有 {name} 这种格式，--format 可以是 {'、'.join(FORMATS)}。")


def parse_period(start: str | None, end: str | None) -> tuple[date | None, date | None]:
    """The first and last day, from the command line's options. Raises Refused: malformed."""
    first, last = _parse_day("--from", start), _parse_day("--to", end)
    if first and last and first > last:
        raise Refused(ErrorCode.MALFORMED, f"起始日期 {first} 晚于截止日期 {last}。")
    return first, last


def _parse_day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if str(day) != text or not 1900 <= day.year <= 2999:
        raise Refused(ErrorCode.MALFORMED, f"{option} 要写成 2026-01-31 这样的日期，不能是 {text}。")
    return day


async def export_books(
    services: Services,
    format: str,
    start: date | None,
    end: date | None,
    output: Path,
    report_progress: ProgressCallback = _ignore_progress,
) -> int:
    """Returns how many transactions were written. Raises Refused: malformed, unwritable."""
    require_format(format)
    written = 0
    with write_atomically(output) as file:
        async with services.snapshot() as uow:
            books = await read_books(uow, start, end)
            writer = FORMATS[format](file, books)
            async for batch in books.transactions:
                for transaction in batch:
                    writer.add(transaction)
                written += len(batch)
                report_progress(written, books.count)
            writer.finish()
    return written
