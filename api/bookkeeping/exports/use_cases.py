"""Write the books of a period to a file, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import IO, Protocol, TypeAlias

from api.bookkeeping.exports.beancount import Beancount
from api.bookkeeping.exports.csv import Csv
from api.bookkeeping.exports.hledger import Hledger
from api.bookkeeping.exports.records import PeriodBooks, Transaction, read
from api.bookkeeping.exports.whole_file import whole
from api.bookkeeping.exports.xlsx import Xlsx
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services

# How many transactions are written, and of how many.
Progress: TypeAlias = Callable[[int, int], None]


class Writer(Protocol):
    def add(self, transaction: Transaction) -> None: ...

    def finish(self) -> None:
        """Everything is written to the file, which stays open."""


FORMATS: dict[str, Callable[[IO[bytes], PeriodBooks], Writer]] = {
    "beancount": Beancount,
    "hledger": Hledger,
    "csv": Csv,
    "xlsx": Xlsx,
}


def _untold(written: int, count: int) -> None:
    """Nobody watches."""


def require_format(word: str) -> None:
    if word not in FORMATS:
        raise Refused(ErrorCode.MALFORMED, f"没有 {word} 这种格式，--format 可以是 {'、'.join(FORMATS)}。")


def period(start: str | None, end: str | None) -> tuple[date | None, date | None]:
    """The first and the last day, as the command line names them. Raises Refused: malformed."""
    first, last = _day("--from", start), _day("--to", end)
    if first and last and first > last:
        raise Refused(ErrorCode.MALFORMED, f"起始日期 {first} 晚于截止日期 {last}。")
    return first, last


def _day(option: str, word: str | None) -> date | None:
    if word is None:
        return None
    try:
        day = date.fromisoformat(word)
    except ValueError:
        day = date.min
    if str(day) != word or not 1900 <= day.year <= 2999:
        raise Refused(ErrorCode.MALFORMED, f"{option} 要写成 2026-01-31 这样的日期，不能是 {word}。")
    return day


async def export(
    services: Services, format: str, start: date | None, end: date | None, output: Path, told: Progress = _untold
) -> int:
    """Returns how many transactions were written. Raises Refused: malformed, unwritable."""
    require_format(format)
    written = 0
    with whole(output) as file:
        async with services.snapshot() as uow:
            books = await read(uow, start, end)
            writer = FORMATS[format](file, books)
            async for batch in books.transactions:
                for transaction in batch:
                    writer.add(transaction)
                written += len(batch)
                told(written, books.count)
            writer.finish()
    return written
