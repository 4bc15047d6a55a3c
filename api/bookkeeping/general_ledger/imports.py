"""Import the points of an earlier scheme, row by row: one person proposes the rows, another confirms them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from uuid import UUID, uuid5

import msgspec

from api import wire
from api.bookkeeping.general_ledger.outcomes import to_outcome
from api.bookkeeping.general_ledger.persons import COMMAND_LINE
from api.bookkeeping.general_ledger.scope import read_villages
from api.platform import accounts
from api.platform.access import Role, Staff, require_township
from api.platform.clock import SHANGHAI
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    name_confirmer,
    propose,
    to_view,
    trial,
)
from api.registry.register.queries import suggest_codes
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


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`own_household`: the proposer's, whose rows are refused. `refused`: of rows not proposed."""

    source: str
    rows: list[ImportedRow]
    own_household: str | None
    refused: list[wire.RowOutcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportAttempt:
    """`proposal`: None where there was nothing to propose: nothing new, or not all of it right."""

    outcomes: list[wire.RowOutcome]
    proposal: wire.ProposalView | None


async def import_batch(
    services: Services, staff: Staff, wanted: wire.ImportBatch
) -> wire.ProposalView | list[wire.RowOutcome]:
    """Propose the rows that can be imported, each judged on its own; the preview has every row's outcome. Without
    any new row, the outcomes alone. Raises Refused: not-allowed."""
    rows = [ImportedRow(n, r.household, r.on, r.points, r.what) for n, r in enumerate(wanted.rows, start=1)]
    attempt = await propose_import(services, staff, wanted.source, rows)
    return attempt.proposal or attempt.outcomes


async def propose_import(
    services: Services,
    staff: Staff,
    source: str,
    rows: Sequence[ImportedRow],
    *,
    all_or_nothing: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> ImportAttempt:
    """As `import_batch`; with `all_or_nothing` nothing is proposed where any row is refused. `advance` is called
    with the number of rows tried since the last call."""
    require_township(staff, Role.OFFICE)
    request = ImportRequest(source, list(rows), staff.household)
    async with services.unit_of_work() as uow:
        async with trial(uow):
            outcomes = await _post_all(uow, request, str(staff.id), advance)
        new = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome.status == "ok"]
        refused = [outcome for outcome in outcomes if outcome.status == "refused"]
        if not new or (all_or_nothing and refused):
            return ImportAttempt(outcomes, None)
        proposal = await propose(
            uow,
            IMPORT,
            Signer.of(staff),
            NewProposal(
                request=_keep_accepted(request, refused),
                what=f"从“{source}”导入{summarize(new)}",
                village=None,
                preview=outcomes,
                households=[row.household for row in new],
                notices=await _write_notices(uow, source, new),
            ),
        )
        return ImportAttempt(outcomes, await to_view(uow, IMPORT, proposal, staff))


async def try_import(
    services: Services, source: str, rows: Sequence[ImportedRow], advance: Callable[[int], None]
) -> list[wire.RowOutcome]:
    """The outcomes of a trial run; nothing is written or proposed."""
    async with services.unit_of_work() as uow, trial(uow):
        return await _post_all(uow, ImportRequest(source, list(rows), None), COMMAND_LINE, advance)


def _keep_accepted(request: ImportRequest, refused: list[wire.RowOutcome]) -> ImportRequest:
    """What is refused now isn't confirmed later. Equal rows are accepted in their order, so that those that are
    left keep their ids."""
    lines = {outcome.line for outcome in refused}
    rows = [row for row in request.rows if row.line not in lines]
    return replace(request, rows=rows, refused=refused)


def summarize(rows: Sequence[ImportedRow]) -> str:
    earned = sum(row.points for row in rows if row.points > 0)
    spent = -sum(row.points for row in rows if row.points < 0)
    return f" {len(rows)} 行（{len({row.household for row in rows})} 户，得 {earned} 分，支 {spent} 分）"


async def _write_notices(uow: UnitOfWork, source: str, rows: Sequence[ImportedRow]) -> dict[str, str]:
    """A sentence for the notice board of each village with households in these rows."""
    villages = await read_villages(uow, {accounts.household(row.household).name for row in rows})
    by_village: defaultdict[str, list[ImportedRow]] = defaultdict(list)
    for row in rows:
        by_village[villages[accounts.household(row.household).name]].append(row)
    return {village: f"从“{source}”导入本村{summarize(those)}" for village, those in by_village.items()}


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> list[wire.RowOutcome]:
    request = msgspec.convert(proposed.request, ImportRequest)
    person = str(proposed.proposer.id)
    outcomes = await _post_all(uow, request, person, lambda _: None, confirmer.id)
    return sorted((*outcomes, *request.refused), key=lambda outcome: outcome.line)


IMPORT = ProposalKind("import", "导入积分", Confirmers((Role.OFFICE, Role.SUPERVISOR)), _execute)


async def _post_all(
    uow: UnitOfWork,
    request: ImportRequest,
    person: str,
    advance: Callable[[int], None],
    confirmed_by: UUID | None = None,
) -> list[wire.RowOutcome]:
    rows = request.rows
    await uow.books.open_accounts([accounts.IMPORTED], uow.now)
    # By date; on the same day, points earned before points spent.
    ordered = sorted(_assign_ids(request.source, rows), key=lambda pair: (pair[1].on, pair[1].points < 0))
    outcomes: dict[int, wire.RowOutcome] = {}
    for start in range(0, len(ordered), BATCH_SIZE):
        batch = ordered[start : start + BATCH_SIZE]
        for outcome in await _post_batch(uow, request, person, confirmed_by, batch):
            outcomes[outcome.line] = outcome
        advance(len(batch))
    return [outcomes[row.line] for row in rows]


async def _post_batch(
    uow: UnitOfWork,
    request: ImportRequest,
    person: str,
    confirmed_by: UUID | None,
    rows: Sequence[tuple[TransactionId, ImportedRow]],
) -> list[wire.RowOutcome]:
    known = await read_villages(uow, (accounts.household(row.household).name for _, row in rows))
    unknown = {row.household for _, row in rows if accounts.household(row.household).name not in known}
    suggested = await suggest_codes(uow, unknown)
    checked = [(id, row, _find_error(uow, row, unknown, suggested, request.own_household)) for id, row in rows]
    batch = [
        _to_transaction(id, person, confirmed_by, request.source, row)
        for id, row, error in checked
        if error is None
    ]
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


def _find_error(
    uow: UnitOfWork,
    row: ImportedRow,
    unknown: Collection[str],
    suggested: Mapping[str, str],
    own_household: str | None,
) -> tuple[str, str] | None:
    if row.household in unknown:
        hint = f"，是不是 {suggested[row.household]}" if row.household in suggested else ""
        return "unknown", f"没有编号为 {row.household} 的户{hint}。"
    if row.household == own_household:
        return "not-allowed", "不能导入自己家的积分，请由别人提议。"
    if row.points == 0:
        return "malformed", "积分是 0，没有可记的。"
    if row.on < FIRST_DAY:
        return "malformed", f"日期 {row.on} 太早，请核对。"
    if _noon(row.on) > uow.now:
        return "future-date", f"日期 {row.on} 还没有到（当天的要到中午 12 点以后才能导入）。"
    return None


def _to_transaction(
    id: TransactionId, person: str, confirmed_by: UUID | None, source: str, row: ImportedRow
) -> Transaction:
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
        metadata={"source": source, "imported": True} | name_confirmer(confirmed_by),
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
