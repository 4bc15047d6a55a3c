"""Import the points of an earlier scheme, row by row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID, uuid5

from api import wire
from api.bookkeeping.general_ledger.outcomes import to_outcome
from api.bookkeeping.general_ledger.persons import COMMAND_LINE
from api.bookkeeping.general_ledger.scope import read_villages
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.clock import SHANGHAI
from api.platform.services import Services, UnitOfWork
from ledger.transactions import Phase, PostingResult, Status, Transaction, TransactionId, Transfer

KIND = "import"
# Earlier dates are mistakes: typos, or numbers that a spreadsheet took for a date.
FIRST_DAY = date(2000, 1, 1)
BATCH_SIZE = 500
_ROW_NAMESPACE = UUID("3f0c7a0e-5f0b-5b8c-8a39-6f0d3c1f9a52")


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A row of the earlier scheme: `points` earned, or spent if negative."""

    line: int
    household: str
    on: date
    points: int
    what: str


async def import_batch(services: Services, staff: Staff, wanted: wire.ImportBatch) -> list[wire.RowOutcome]:
    """Import each row on its own; outcomes are in the batch's order. Raises Refused: not-allowed."""
    require(staff, Role.OFFICE)
    rows = [ImportedRow(n, r.household, r.on, r.points, r.what) for n, r in enumerate(wanted.rows, start=1)]
    async with services.unit_of_work() as uow:
        return await _post_all(uow, str(staff.id), wanted.source, rows, lambda _: None)


async def import_all_or_nothing(
    services: Services, source: str, rows: Sequence[ImportedRow], *, commit: bool, advance: Callable[[int], None]
) -> list[wire.RowOutcome]:
    """Import all rows or none: if any is refused, or without `commit`, nothing is written and the outcomes are
    those of a trial run. `advance` is called with the number of rows processed since the last call."""
    async with services.unit_of_work() as uow, uow.session.begin_nested() as nested:
        outcomes = await _post_all(uow, COMMAND_LINE, source, rows, advance)
        if not commit or any(outcome.status == "refused" for outcome in outcomes):
            await nested.rollback()
        return outcomes


async def _post_all(
    uow: UnitOfWork, person: str, source: str, rows: Sequence[ImportedRow], advance: Callable[[int], None]
) -> list[wire.RowOutcome]:
    await uow.books.open_accounts([accounts.IMPORTED], uow.now)
    # By date; on the same day, points earned before points spent.
    ordered = sorted(_assign_ids(source, rows), key=lambda pair: (pair[1].on, pair[1].points < 0))
    outcomes: dict[int, wire.RowOutcome] = {}
    for start in range(0, len(ordered), BATCH_SIZE):
        batch = ordered[start : start + BATCH_SIZE]
        for outcome in await _post_batch(uow, person, source, batch):
            outcomes[outcome.line] = outcome
        advance(len(batch))
    return [outcomes[row.line] for row in rows]


async def _post_batch(
    uow: UnitOfWork, person: str, source: str, rows: Sequence[tuple[TransactionId, ImportedRow]]
) -> list[wire.RowOutcome]:
    known = await read_villages(uow, (accounts.household(row.household).name for _, row in rows))
    checked = [(id, row, _find_error(uow, row, known)) for id, row in rows]
    batch = [_to_transaction(id, person, source, row) for id, row, error in checked if error is None]
    results = dict(zip((t.id for t in batch), await uow.books.post(batch, uow.now), strict=True))
    conflicting = await uow.books.recorded(id for id, p in results.items() if p.status is Status.CONFLICT)
    for id, recorded in conflicting.items():
        # The id identifies the row's content; it is the same row even if another person imported it before.
        if recorded.kind == KIND:
            results[id] = PostingResult(Status.EXISTS)
    return [
        wire.RowOutcome(line=row.line, id=id, status="refused", type=error[0], reason=error[1])
        if error is not None
        else _to_outcome(id, row, results[id])
        for id, row, error in checked
    ]


def _assign_ids(source: str, rows: Sequence[ImportedRow]) -> Iterator[tuple[TransactionId, ImportedRow]]:
    """The id is derived from a row's content and the number of equal rows before it."""
    counts: Counter[str] = Counter()
    for row in rows:
        content = json.dumps([source, row.household, row.on.isoformat(), row.points, row.what], ensure_ascii=False)
        yield TransactionId(uuid5(_ROW_NAMESPACE, f"{content}{counts[content]}")), row
        counts[content] += 1


def _find_error(uow: UnitOfWork, row: ImportedRow, known: dict[str, str]) -> tuple[str, str] | None:
    if accounts.household(row.household).name not in known:
        return "unknown", f"没有编号为 {row.household} 的户。"
    if row.points == 0:
        return "malformed", "积分是 0，没有可记的。"
    if row.on < FIRST_DAY:
        return "malformed", f"日期 {row.on} 太早，请核对。"
    if _noon(row.on) > uow.now:
        return "future-date", f"日期 {row.on} 还没有到（当天的要到中午 12 点以后才能导入）。"
    return None


def _to_transaction(id: TransactionId, person: str, source: str, row: ImportedRow) -> Transaction:
    household, imported = accounts.household(row.household).id, accounts.IMPORTED.id
    debit, credit = (imported, household) if row.points > 0 else (household, imported)
    return Transaction(
        id=id,
        kind=KIND,
        phase=Phase.POSTED,
        transfers=(Transfer(debit, credit, accounts.POINTS, abs(row.points)),),
        person=person,
        reason=row.what,
        effective_at=_noon(row.on),
        metadata={"source": source, "imported": True},
    )


def _to_outcome(id: TransactionId, row: ImportedRow, result: PostingResult) -> wire.RowOutcome:
    item = to_outcome(id, result, {accounts.household(row.household).id: accounts.household(row.household).name})
    reason = item.reason
    if result.status is Status.INSUFFICIENT:
        reason = f"{row.household} 户的积分会低于零，还差 {result.missing} 分。"
    return wire.RowOutcome(
        line=row.line,
        id=id,
        # For an import, a conflict is just another refusal.
        status="refused" if item.status == "conflict" else item.status,
        type=item.type,
        reason=reason,
        missing=item.missing,
    )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), SHANGHAI).astimezone(UTC)
