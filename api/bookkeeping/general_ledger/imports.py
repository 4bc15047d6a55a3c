"""Import the points of an earlier scheme, row by row: one person proposes the rows, another confirms them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import TypeAlias
from uuid import UUID, uuid5

import msgspec

from api import wire
from api.bookkeeping.general_ledger.earlier_rows import (
    KIND,
    REPLACED_BY,
    SERIES,
    EarlierRow,
    ImportedRow,
    PlannedRow,
    plan_rows,
    read_earlier_rows,
)
from api.bookkeeping.general_ledger.outcomes import to_outcome
from api.bookkeeping.general_ledger.persons import COMMAND_LINE
from api.bookkeeping.general_ledger.scope import read_villages
from api.platform import accounts
from api.platform.access import Role, Staff, require_township
from api.platform.clock import SHANGHAI
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import find_staff
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
from api.registry.register.queries import find_ended, suggest_codes
from ledger.transactions import Phase, PostingResult, Status, Transaction, TransactionId, Transfer

# Earlier dates are mistakes: typos, or numbers that a spreadsheet took for a date.
FIRST_DAY = date(2000, 1, 1)
BATCH_SIZE = 500
MAX_REASON = 200
_BOOKED = ("ok", "replaced")

ReportProgress: TypeAlias = Callable[[int, int], None]


def ignore_progress(done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`refused`: of rows not proposed. `changes`: what becomes of rows that look like earlier ones, as in
    `wire.ImportBatch`. `whole`: they are all rows of a file."""

    source: str
    rows: list[ImportedRow]
    refused: list[wire.RowOutcome] = field(default_factory=list)
    changes: wire.ImportChanges = "ask"
    whole: bool = False


@dataclass(frozen=True, slots=True)
class ImportAttempt:
    """`gone`: what was imported before and isn't in the file any more; it stays in the books. `proposal`: None
    where there was nothing to propose: nothing new, or not all of it right."""

    outcomes: list[wire.RowOutcome]
    gone: Sequence[EarlierRow]
    proposal: wire.ProposalView | None = None


async def import_batch(
    services: Services, staff: Staff, wanted: wire.ImportBatch
) -> wire.ProposalView | list[wire.RowOutcome]:
    """Propose the rows that can be imported, each judged on its own; the preview has every row's outcome. Without
    any new row, the outcomes alone. Raises Refused: not-allowed."""
    rows = [ImportedRow(n, r.household, r.on, r.points, r.what) for n, r in enumerate(wanted.rows, start=1)]
    request = ImportRequest(wanted.source, rows, changes=wanted.changes)
    attempt = await propose_import(services, staff, request)
    return attempt.proposal or attempt.outcomes


async def propose_import(
    services: Services, staff: Staff, request: ImportRequest, report_progress: ReportProgress = ignore_progress
) -> ImportAttempt:
    """As `import_batch`; of a whole file nothing is proposed where any row is refused or has changed.
    `report_progress` is called with how many rows were tried, and how many there are."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        async with trial(uow):
            attempt = await _post_all(uow, request, staff, report_progress)
        outcomes = attempt.outcomes
        new = [row for row, outcome in zip(request.rows, outcomes, strict=True) if outcome.status in _BOOKED]
        refused = [outcome for outcome in outcomes if outcome.status in ("refused", "changed")]
        if not new or (request.whole and refused):
            return attempt
        proposal = await propose(
            uow,
            IMPORT,
            Signer.of(staff),
            NewProposal(
                request=_keep_accepted(request, refused),
                what=f"从“{request.source}”导入{summarize(new, outcomes)}",
                village=None,
                preview=outcomes,
                households=[row.household for row in new],
                notices=await _write_notices(uow, request.source, new, outcomes),
            ),
        )
        return replace(attempt, proposal=await to_view(uow, IMPORT, proposal, staff))


async def try_import(
    services: Services, request: ImportRequest, by: Staff | None, report_progress: ReportProgress
) -> ImportAttempt:
    """What a trial run comes to; nothing is written or proposed."""
    async with services.unit_of_work() as uow, trial(uow):
        return await _post_all(uow, request, by, report_progress)


def _keep_accepted(request: ImportRequest, refused: list[wire.RowOutcome]) -> ImportRequest:
    """What is refused now isn't confirmed later. Equal rows are accepted in their order, so that those that are
    left keep their ids."""
    lines = {outcome.line for outcome in refused}
    rows = [row for row in request.rows if row.line not in lines]
    return replace(request, rows=rows, refused=refused)


def summarize(rows: Sequence[ImportedRow], outcomes: Sequence[wire.RowOutcome]) -> str:
    """The figures of rows that are booked; `outcomes`: of these and perhaps others."""
    earned = sum(row.points for row in rows if row.points > 0)
    spent = -sum(row.points for row in rows if row.points < 0)
    lines = {outcome.line for outcome in outcomes if outcome.status == "replaced"}
    replaced = sum(row.line in lines for row in rows)
    also = f"，其中 {replaced} 行更正以前的" if replaced else ""
    return f" {len(rows)} 行（{len({row.household for row in rows})} 户，得 {earned} 分，支 {spent} 分{also}）"


async def _write_notices(
    uow: UnitOfWork, source: str, rows: Sequence[ImportedRow], outcomes: Sequence[wire.RowOutcome]
) -> dict[str, str]:
    """A sentence for the notice board of each village with households in these rows."""
    villages = await read_villages(uow, {accounts.household(row.household).name for row in rows})
    by_village: defaultdict[str, list[ImportedRow]] = defaultdict(list)
    for row in rows:
        by_village[villages[accounts.household(row.household).name]].append(row)
    return {village: f"从“{source}”导入本村{summarize(those, outcomes)}" for village, those in by_village.items()}


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> list[wire.RowOutcome]:
    request = msgspec.convert(proposed.request, ImportRequest)
    proposer = await find_staff(uow, proposed.proposer.id)
    attempt = await _post_all(uow, request, proposer, ignore_progress, confirmer.id)
    changed = sum(outcome.status == "changed" for outcome in attempt.outcomes)
    if changed:
        # Another file of the source was confirmed meanwhile: nobody has seen how they differ.
        raise Refused(
            ErrorCode.WRONG_STATE,
            f"从“{request.source}”在这期间又导入了别的，有 {changed} 行和它不一样；请退回这份，重新导入一次。",
        )
    return sorted((*attempt.outcomes, *request.refused), key=lambda outcome: outcome.line)


IMPORT = ProposalKind("import", "导入积分", Confirmers((Role.OFFICE, Role.SUPERVISOR)), _execute)


async def _post_all(
    uow: UnitOfWork,
    request: ImportRequest,
    by: Staff | None,
    report_progress: ReportProgress,
    confirmed_by: UUID | None = None,
) -> ImportAttempt:
    """`by`: whoever proposes it, whose own and relatives' rows are refused; None: at the command line."""
    await uow.books.open_accounts([accounts.IMPORTED], uow.now)
    households = None if request.whole else {row.household for row in request.rows}
    earlier = await read_earlier_rows(uow, households)
    plan = plan_rows(request.source, request.rows, earlier, whole=request.whole)
    # By date; on the same day, points earned before points spent. Replacements that raise a balance come before,
    # those that lower it after.
    ordered = sorted(plan.rows, key=lambda each: (_order(each), each.row.on, each.row.points < 0))
    outcomes: dict[int, wire.RowOutcome] = {}
    for start in range(0, len(ordered), BATCH_SIZE):
        batch = ordered[start : start + BATCH_SIZE]
        for outcome in await _post_batch(uow, request, by, confirmed_by, plan.series, batch):
            outcomes[outcome.line] = outcome
        report_progress(start + len(batch), len(ordered))
    return ImportAttempt([outcomes[row.line] for row in request.rows], plan.gone)


def _order(planned: PlannedRow) -> int:
    if planned.instead_of is None:
        return 0
    return -1 if planned.row.points >= planned.instead_of.points else 1


async def _post_batch(
    uow: UnitOfWork,
    request: ImportRequest,
    by: Staff | None,
    confirmed_by: UUID | None,
    series: str,
    rows: Sequence[PlannedRow],
) -> list[wire.RowOutcome]:
    known = await read_villages(uow, (accounts.household(each.row.household).name for each in rows))
    unknown = {each.row.household for each in rows if accounts.household(each.row.household).name not in known}
    suggested = await suggest_codes(uow, unknown)
    ended = await find_ended(uow, {each.row.household for each in rows})
    person = COMMAND_LINE if by is None else str(by.id)
    outcomes: dict[int, wire.RowOutcome] = {}
    batch: list[tuple[PlannedRow, Transaction]] = []
    replacing: list[tuple[PlannedRow, Transaction]] = []
    for each in rows:
        error = _find_error(uow, each.row, unknown, suggested, ended, by)
        new = _to_transaction(each.id, person, confirmed_by, request, series, each.row)
        if error is not None:
            outcomes[each.row.line] = _refuse(each, *error)
        elif each.instead_of is None or request.changes == "add":
            batch.append((each, new))
        elif request.changes == "replace":
            replacing.append((each, new))
        else:
            outcomes[each.row.line] = wire.RowOutcome(
                line=each.row.line,
                id=each.id,
                status="changed",
                reason=_tell_change(each.row, each.instead_of, request.source),
            )
    for each, result in zip(
        (one for one, _ in batch), await _post_new(uow, [new for _, new in batch]), strict=True
    ):
        outcomes[each.row.line] = _to_outcome(each.id, each.row, result)
    for each, new in replacing:
        outcomes[each.row.line] = await _replace(uow, each, new, request.source)
    return [outcomes[each.row.line] for each in rows]


async def _post_new(uow: UnitOfWork, batch: Sequence[Transaction]) -> list[PostingResult]:
    results = dict(zip((new.id for new in batch), await uow.books.post(batch, uow.now), strict=True))
    conflicting = await uow.books.recorded(id for id, p in results.items() if p.status is Status.CONFLICT)
    for id, recorded in conflicting.items():
        # The id identifies the row's content; it is the same row even if another person imported it before.
        if recorded.kind == KIND:
            results[id] = PostingResult(Status.EXISTS)
    return list(results.values())


async def _replace(uow: UnitOfWork, planned: PlannedRow, new: Transaction, source: str) -> wire.RowOutcome:
    """Reverse the earlier row and book the new one, or neither. The balance goes no lower in between than at the
    end."""
    earlier = planned.instead_of
    assert earlier is not None
    if earlier.reversed:
        return _refuse(planned, "already-reversed", "以前导入的这一行更正过一部分，请在账目里用更正办理。")
    reversal = Transaction(
        id=TransactionId(uuid5(earlier.id, str(new.id))),
        kind="correction",
        phase=Phase.REVERSAL,
        target=earlier.id,
        transfers=(),
        person=new.person,
        reason=f"重新导入，改为 {planned.row.on} {planned.row.points} 分：{planned.row.what}"[:MAX_REASON],
        metadata={**new.metadata, REPLACED_BY: str(new.id)},
    )
    both = (reversal, new) if earlier.points < 0 else (new, reversal)
    async with uow.session.begin_nested() as savepoint:
        # Else it is set only when the session itself is used, after what the books have written.
        await uow.session.connection()
        results = await uow.books.post(both, uow.now)
        failed = next((result for result in results if not result.accepted), None)
        if failed is not None:
            await savepoint.rollback()
    if failed is not None:
        return _to_outcome(new.id, planned.row, failed)
    return wire.RowOutcome(
        line=planned.row.line, id=new.id, status="replaced", reason=_tell_change(planned.row, earlier, source)
    )


def _tell_change(row: ImportedRow, earlier: EarlierRow, source: str) -> str:
    if earlier.source != source:
        return f"从“{earlier.source}”已经导入过同样的一行：{describe_row(row).strip()}。"
    return f"以前导入的是{describe_row(earlier)}，这次是{describe_row(row)}。"


def describe_row(row: ImportedRow | EarlierRow) -> str:
    return f" {row.household} 户 {row.on} {row.points} 分“{row.what}”"


def _refuse(planned: PlannedRow, type: str, reason: str) -> wire.RowOutcome:
    return wire.RowOutcome(line=planned.row.line, id=planned.id, status="refused", type=type, reason=reason)


def _find_error(
    uow: UnitOfWork,
    row: ImportedRow,
    unknown: Collection[str],
    suggested: Mapping[str, str],
    ended: Collection[str],
    by: Staff | None,
) -> tuple[str, str] | None:
    if row.household in unknown:
        hint = f"，是不是 {suggested[row.household]}" if row.household in suggested else ""
        return "unknown", f"没有编号为 {row.household} 的户{hint}。"
    if row.household in ended:
        return "household-ended", f"{row.household} 户已经并入别的户或者销户，不能再导入。"
    recusal = by.find_recusal({row.household}, "不能导入自己家的积分，请由别人提议。") if by is not None else ""
    if recusal:
        return "not-allowed", recusal
    if row.points == 0:
        return "malformed", "积分是 0，没有可记的。"
    if row.on < FIRST_DAY:
        return "malformed", f"日期 {row.on} 太早，请核对。"
    if _noon(row.on) > uow.now:
        return "future-date", f"日期 {row.on} 还没有到（当天的要到中午 12 点以后才能导入）。"
    return None


def _to_transaction(
    id: TransactionId,
    person: str,
    confirmed_by: UUID | None,
    request: ImportRequest,
    series: str,
    row: ImportedRow,
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
        metadata={"source": request.source, "imported": True}
        | ({SERIES: series} if request.whole else {})
        | name_confirmer(confirmed_by),
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
