"""The rows of a file of an earlier scheme: looked at, then proposed all together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from api import wire
from api.bookkeeping.general_ledger.earlier_rows import ImportedRow
from api.bookkeeping.general_ledger.imports import (
    ImportRequest,
    ReportProgress,
    describe_row,
    ignore_progress,
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
    in the file no more. `new`: how many rows would be booked. `proposal`: waits for a second person; None where
    there is nothing new, or it was only tried."""

    errors: Sequence[str]
    changed: Sequence[str]
    gone: Sequence[str]
    new: int
    summary: str
    proposal: UUID | None


async def import_file(
    services: Services,
    opening: OpeningTable,
    source: str,
    changes: wire.ImportChanges,
    by: Staff | None,
    *,
    dry_run: bool,
    report_progress: ReportProgress = ignore_progress,
) -> ImportResult:
    """Propose a file's rows in somebody's name, or only try them. Raises Refused: not-allowed."""
    rows, table = opening.rows, opening.table
    request = ImportRequest(source, list(rows), changes=changes, whole=True)
    if by is None or dry_run or table.problems:
        attempt = await try_import(services, request, by, report_progress)
    else:
        attempt = await propose_import(services, by, request, report_progress)

    def tell(status: str) -> list[Problem]:
        found = [outcome for outcome in attempt.outcomes if outcome.status == status]
        return [Problem(each.line, table.sheet.place(each.line), each.reason) for each in found]

    errors = sorted((*table.problems, *tell("refused")), key=lambda each: each.row)
    new = [row for row, each in zip(rows, attempt.outcomes, strict=True) if each.status in ("ok", "replaced")]
    return ImportResult(
        errors=[str(problem) for problem in errors],
        changed=[str(problem) for problem in (*tell("changed"), *tell("replaced"))],
        gone=[f"以前导入、这次没有的，仍然有效：{describe_row(each).strip()}。" for each in attempt.gone],
        new=len(new),
        summary=_summarize(new, attempt.outcomes, dry_run),
        proposal=attempt.proposal.id if attempt.proposal is not None else None,
    )


def _summarize(new: Sequence[ImportedRow], outcomes: Sequence[wire.RowOutcome], dry_run: bool) -> str:
    already = sum(outcome.status == "exists" for outcome in outcomes)
    return f"{'试算，没有写入：' if dry_run else ''}新记{summarize(new, outcomes)}，以前已记 {already} 行。"
