"""`jimei import`: import a file of an earlier scheme, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api import wire
from api.bookkeeping.general_ledger.imports import ImportedRow, import_all_or_nothing
from api.bookkeeping.general_ledger.spreadsheet import read_sheet
from api.platform.services import Services


@dataclass(frozen=True, slots=True)
class ImportResult:
    """`errors`: a sentence for each row that can't be imported, in order; with any, nothing was written."""

    errors: list[str]
    summary: str


async def import_file(services: Services, path: Path, source: str, *, dry_run: bool) -> ImportResult:
    """Raises Refused: unreadable, malformed, too-large."""
    sheet = read_sheet(path)
    with _show_progress(len(sheet.rows)) as advance:
        commit = not dry_run and not sheet.errors
        outcomes = await import_all_or_nothing(services, source, sheet.rows, commit=commit, advance=advance)
    errors = {error.line: error.reason for error in sheet.errors}
    errors |= {outcome.line: outcome.reason for outcome in outcomes if outcome.status == "refused"}
    return ImportResult(
        errors=[f"第 {line} 行：{errors[line]}" for line in sorted(errors)],
        summary=_summarize(sheet.rows, outcomes, dry_run),
    )


def _summarize(rows: Sequence[ImportedRow], outcomes: Sequence[wire.RowOutcome], dry_run: bool) -> str:
    new = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome.status == "ok"]
    earned = sum(row.points for row in new if row.points > 0)
    spent = -sum(row.points for row in new if row.points < 0)
    already = sum(outcome.status == "exists" for outcome in outcomes)
    return (
        f"{'试算，没有写入：' if dry_run else ''}新记 {len(new)} 行（{len({row.household for row in new})} 户，"
        f"得 {earned} 分，支 {spent} 分），以前已记 {already} 行。"
    )


@contextmanager
def _show_progress(rows: int) -> Iterator[Callable[[int], None]]:
    """A progress bar, on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("导入 import", total=rows)
        yield lambda more: bars.advance(task, more)
