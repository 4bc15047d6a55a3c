"""Points of an earlier scheme, kept on paper or in a spreadsheet, brought into the books line by line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID, uuid5

from api import wire
from api.bookkeeping.general_ledger.outcomes import outcome
from api.bookkeeping.general_ledger.persons import COMMAND_LINE
from api.bookkeeping.general_ledger.scope import villages_of
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.clock import SHANGHAI
from api.platform.services import Services, UnitOfWork
from ledger.transactions import Phase, PostingResult, Status, Transaction, TransactionId, Transfer

KIND = "import"
# Earlier dates are slips: of the pen, or of a spreadsheet that took a number for a day.
FIRST_DAY = date(2000, 1, 1)
POSTED_AT_ONCE = 500
_ROWS = UUID("3f0c7a0e-5f0b-5b8c-8a39-6f0d3c1f9a52")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the earlier scheme: `points` earned, or spent where they are below zero."""

    line: int
    household: str
    on: date
    points: int
    what: str


async def import_batch(services: Services, staff: Staff, wanted: wire.ImportBatch) -> list[wire.RowOutcome]:
    """Each row is judged on its own and answered in the batch's order. Raises Refused: not-allowed."""
    require(staff, Role.OFFICE)
    rows = [Row(n, r.household, r.on, r.points, r.what) for n, r in enumerate(wanted.rows, start=1)]
    async with services.unit_of_work() as uow:
        return await _post(uow, str(staff.id), wanted.source, rows, lambda _: None)


async def import_whole(
    services: Services, source: str, rows: Sequence[Row], *, keep: bool, advance: Callable[[int], None]
) -> list[wire.RowOutcome]:
    """All rows or none: with a single one refused, or without `keep`, nothing is written and the answers tell what
    would have been. `advance` hears how many more rows were looked at."""
    async with services.unit_of_work() as uow, uow.session.begin_nested() as nested:
        outcomes = await _post(uow, COMMAND_LINE, source, rows, advance)
        if not keep or any(outcome.status == "refused" for outcome in outcomes):
            await nested.rollback()
        return outcomes


async def _post(
    uow: UnitOfWork, person: str, source: str, rows: Sequence[Row], advance: Callable[[int], None]
) -> list[wire.RowOutcome]:
    await uow.books.open_accounts([accounts.IMPORTED], uow.now)
    # As they happened; what was earned on a day before what was spent on it.
    dated = sorted(_with_ids(source, rows), key=lambda pair: (pair[1].on, pair[1].points < 0))
    answers: dict[int, wire.RowOutcome] = {}
    for start in range(0, len(dated), POSTED_AT_ONCE):
        some = dated[start : start + POSTED_AT_ONCE]
        for answer in await _post_some(uow, person, source, some):
            answers[answer.line] = answer
        advance(len(some))
    return [answers[row.line] for row in rows]


async def _post_some(
    uow: UnitOfWork, person: str, source: str, rows: Sequence[tuple[TransactionId, Row]]
) -> list[wire.RowOutcome]:
    known = await villages_of(uow, (accounts.household(row.household).name for _, row in rows))
    judged = [(id, row, _fault(uow, row, known)) for id, row in rows]
    batch = [_transaction(id, person, source, row) for id, row, fault in judged if fault is None]
    postings = dict(zip((t.id for t in batch), await uow.books.post(batch, uow.now), strict=True))
    taken = await uow.books.recorded(id for id, p in postings.items() if p.status is Status.CONFLICT)
    for id, written in taken.items():
        # The id says all that counts of a row; that somebody else imported it before makes it no other row.
        if written.kind == KIND:
            postings[id] = PostingResult(Status.EXISTS)
    return [
        wire.RowOutcome(line=row.line, id=id, status="refused", type=fault[0], reason=fault[1])
        if fault is not None
        else _answer(id, row, postings[id])
        for id, row, fault in judged
    ]


def _with_ids(source: str, rows: Sequence[Row]) -> Iterator[tuple[TransactionId, Row]]:
    """The id follows from a row's content, and from how many like it stand before it."""
    seen: Counter[str] = Counter()
    for row in rows:
        content = json.dumps([source, row.household, row.on.isoformat(), row.points, row.what], ensure_ascii=False)
        yield TransactionId(uuid5(_ROWS, f"{content}{seen[content]}")), row
        seen[content] += 1


def _fault(uow: UnitOfWork, row: Row, known: dict[str, str]) -> tuple[str, str] | None:
    if accounts.household(row.household).name not in known:
        return "unknown", f"没有编号为 {row.household} 的户。"
    if row.points == 0:
        return "malformed", "积分是 0，没有可记的。"
    if row.on < FIRST_DAY:
        return "malformed", f"日期 {row.on} 太早，请核对。"
    if _noon(row.on) > uow.now:
        return "future-date", f"日期 {row.on} 还没有到（当天的要到中午 12 点以后才能导入）。"
    return None


def _transaction(id: TransactionId, person: str, source: str, row: Row) -> Transaction:
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


def _answer(id: TransactionId, row: Row, posting: PostingResult) -> wire.RowOutcome:
    told = outcome(id, posting, {accounts.household(row.household).id: accounts.household(row.household).name})
    reason = told.reason
    if posting.status is Status.INSUFFICIENT:
        reason = f"{row.household} 户的积分会低于零，还差 {posting.missing} 分。"
    return wire.RowOutcome(
        line=row.line,
        id=id,
        # To whoever imports, an id taken by something else is one more refusal.
        status="refused" if told.status == "conflict" else told.status,
        type=told.type,
        reason=reason,
        missing=told.missing,
    )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), SHANGHAI).astimezone(UTC)
