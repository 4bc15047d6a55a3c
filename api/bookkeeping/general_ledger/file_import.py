"""`jimei import`: propose the rows of a file of an earlier scheme, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api import wire
from api.bookkeeping.general_ledger.earlier_rows import ImportedRow
from api.bookkeeping.general_ledger.imports import (
    ImportRequest,
    describe_row,
    propose_import,
    summarize,
    try_import,
)
from api.bookkeeping.general_ledger.spreadsheet import OpeningTable
from api.platform.access import Staff
from api.platform.services import Services
from api.platform.table_files.table import Problem


@dataclass(frozen=True, slots=True)
class ImportResult:
    """`errors`: a sentence for each cell or row that can't be imported, in order; with any, nothing was proposed.
    `changed`: for each row that was imported differently before. `gone`: for each that was imported before and is
    in the file no more. `proposal`: waits for a second person; None where there is nothing new."""

    errors: Sequence[str]
    changed: Sequence[str]
    gone: Sequence[str]
    summary: str
    proposal: UUID | None


async def import_file(
    services: Services, opening: OpeningTable, source: str, changes: wire.ImportChanges, by: Staff | None
) -> ImportResult:
    """Propose a file's rows in somebody's name, or only try them without `by`. Raises Refused: not-allowed."""
    rows, table = opening.rows, opening.table
    request = ImportRequest(source, list(rows), changes=changes, whole=True)
    with _show_progress(len(rows)) as advance:
        if by is None or table.problems:
            attempt = await try_import(services, request, by, advance)
        else:
            attempt = await propose_import(services, by, request, advance)

    def tell(status: str) -> list[Problem]:
        found = [outcome for outcome in attempt.outcomes if outcome.status == status]
        return [Problem(each.line, table.sheet.place(each.line), each.reason) for each in found]

    errors = sorted((*table.problems, *tell("refused")), key=lambda each: each.row)
    return ImportResult(
        errors=[str(problem) for problem in errors],
        changed=[str(problem) for problem in (*tell("changed"), *tell("replaced"))],
        gone=[f"以前导入、这次没有的，仍然有效：{describe_row(each).strip()}。" for each in attempt.gone],
        summary=_summarize(rows, attempt.outcomes, by is None),
        proposal=attempt.proposal.id if attempt.proposal is not None else None,
    )


def _summarize(rows: Sequence[ImportedRow], outcomes: Sequence[wire.RowOutcome], dry_run: bool) -> str:
    new = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome.status in ("ok", "replaced")]
    already = sum(outcome.status == "exists" for outcome in outcomes)
    return f"{'试算，没有写入：' if dry_run else ''}新记{summarize(new, outcomes)}，以前已记 {already} 行。"


@contextmanager
def _show_progress(rows: int) -> Iterator[Callable[[int], None]]:
    """A progress bar, on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("导入 import", total=rows)
        yield lambda more: bars.advance(task, more)
