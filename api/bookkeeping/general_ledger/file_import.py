"""`jimei import`: propose the rows of a file of an earlier scheme, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api import wire
from api.bookkeeping.general_ledger.imports import ImportedRow, propose_import, summarize, try_import
from api.bookkeeping.general_ledger.spreadsheet import OpeningTable
from api.platform.access import Staff
from api.platform.services import Services
from api.platform.table_files.table import Problem


@dataclass(frozen=True, slots=True)
class ImportResult:
    """`errors`: a sentence for each cell or row that can't be imported, in order; with any, nothing was proposed.
    `proposal`: waits for a second person; None where there is nothing new."""

    errors: list[str]
    summary: str
    proposal: UUID | None


async def import_file(services: Services, opening: OpeningTable, source: str, by: Staff | None) -> ImportResult:
    """Propose a file's rows in somebody's name, or only try them without `by`. Raises Refused: not-allowed."""
    rows, table = opening.rows, opening.table
    proposal = None
    with _show_progress(len(rows)) as advance:
        if by is None or table.problems:
            outcomes = await try_import(services, source, rows, advance)
        else:
            attempt = await propose_import(services, by, source, rows, all_or_nothing=True, advance=advance)
            outcomes, proposal = attempt.outcomes, attempt.proposal
    refused = [
        Problem(outcome.line, table.sheet.place(outcome.line), outcome.reason)
        for outcome in outcomes
        if outcome.status == "refused"
    ]
    return ImportResult(
        errors=[str(problem) for problem in sorted((*table.problems, *refused), key=lambda each: each.row)],
        summary=_summarize(rows, outcomes, by is None),
        proposal=proposal.id if proposal is not None else None,
    )


def _summarize(rows: Sequence[ImportedRow], outcomes: Sequence[wire.RowOutcome], dry_run: bool) -> str:
    new = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome.status == "ok"]
    already = sum(outcome.status == "exists" for outcome in outcomes)
    return f"{'试算，没有写入：' if dry_run else ''}新记{summarize(new)}，以前已记 {already} 行。"


@contextmanager
def _show_progress(rows: int) -> Iterator[Callable[[int], None]]:
    """A progress bar, on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("导入 import", total=rows)
        yield lambda more: bars.advance(task, more)
