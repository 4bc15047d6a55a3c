"""`jimei import`: a file of an earlier scheme into the books, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api import wire
from api.bookkeeping.general_ledger.imports import Row, import_whole
from api.bookkeeping.general_ledger.spreadsheet import read
from api.platform.services import Services


@dataclass(frozen=True, slots=True)
class Imported:
    """`bad`: a sentence for each line that can't be imported, in order; with any, nothing was written."""

    bad: list[str]
    summary: str


async def import_file(services: Services, path: Path, source: str, *, dry_run: bool) -> Imported:
    """Raises Refused: unreadable, malformed, too-large."""
    sheet = read(path)
    with _progress(len(sheet.rows)) as advance:
        keep = not dry_run and not sheet.unreadable
        outcomes = await import_whole(services, source, sheet.rows, keep=keep, advance=advance)
    bad = {unreadable.line: unreadable.reason for unreadable in sheet.unreadable}
    bad |= {outcome.line: outcome.reason for outcome in outcomes if outcome.status == "refused"}
    return Imported(
        bad=[f"第 {line} 行：{bad[line]}" for line in sorted(bad)],
        summary=_summary(sheet.rows, outcomes, dry_run),
    )


def _summary(rows: Sequence[Row], outcomes: Sequence[wire.RowOutcome], dry_run: bool) -> str:
    new = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome.status == "ok"]
    earned = sum(row.points for row in new if row.points > 0)
    spent = -sum(row.points for row in new if row.points < 0)
    already = sum(outcome.status == "exists" for outcome in outcomes)
    return (
        f"{'试算，没有写入：' if dry_run else ''}新记 {len(new)} 行（{len({row.household for row in new})} 户，"
        f"得 {earned} 分，支 {spent} 分），以前已记 {already} 行。"
    )


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, and nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("导入 import", total=rows)
        yield lambda more: bars.advance(task, more)
