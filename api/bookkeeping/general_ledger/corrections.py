"""Corrections: posted transactions are reversed, whole or in part, with a reason and two people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from api import wire
from api.bookkeeping.general_ledger.disclosure import conceal
from api.bookkeeping.general_ledger.outcomes import post_items, refuse_item
from api.bookkeeping.general_ledger.scope import read_villages
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import find_staff
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    propose,
    to_view,
    trial,
)
from api.registry.register.moved_points import bring_back
from api.shop.kiosks.escrow import LEASE, RETURN
from ledger.commitments import Opening
from ledger.transactions import (
    AccountId,
    Phase,
    RecordedTransaction,
    Status,
    Transaction,
    TransactionId,
    Transfer,
    account_id,
)

# How many corrections, and transfers of each, are told in the sentence.
MAX_DESCRIBED = 3
CORRECTORS = (Role.SUPERVISOR, Role.OFFICE)


async def correct(
    services: Services, staff: Staff, corrections: Sequence[wire.Correction]
) -> wire.ProposalView | list[wire.ItemOutcome]:
    """Propose corrections, each judged on its own; the preview has every outcome. Without any that can be made,
    the outcomes alone. Nobody corrects an entry of their own household or one they made or confirmed themselves,
    and leases can't be corrected: the kiosk may have spent them already.

    Raises Refused: not-allowed.
    """
    require(staff, *CORRECTORS)
    async with services.unit_of_work() as uow:
        return await propose_corrections(uow, staff, corrections)


async def propose_corrections(
    uow: UnitOfWork, staff: Staff, corrections: Sequence[wire.Correction]
) -> wire.ProposalView | list[wire.ItemOutcome]:
    """As `correct`, for who decides something else in the same transaction."""
    concerned = await _read_concerned(uow, corrections)
    async with trial(uow):
        outcomes = await _post(uow, staff, corrections, concerned)
    possible = [c for c, outcome in zip(corrections, outcomes, strict=True) if outcome.status == "ok"]
    if not possible:
        return outcomes
    new = NewProposal(
        request=list(corrections),
        what=f"更正 {len(possible)} 笔账：{await _describe(uow, possible, concerned)}",
        village=staff.village,
        preview=outcomes,
        households=concerned.households(),
    )
    return await to_view(uow, CORRECTIONS, await propose(uow, CORRECTIONS, Signer.of(staff), new), staff)


async def _describe(uow: UnitOfWork, corrections: Sequence[wire.Correction], concerned: Concerned) -> str:
    """What each was for, what goes back from whom to whom, and why: of the first ones."""
    withheld = await uow.books.read_withheld(list(concerned.targets))
    told = []
    for correction in corrections[:MAX_DESCRIBED]:
        target = concerned.targets[TransactionId(correction.transaction)]
        if target.id in withheld:
            told.append("一笔不公开的账")
            continue
        root = target if target.target is None else concerned.roots.get(target.target, target)
        moved = "、".join(
            f"{accounts.describe_account(debit)}→{accounts.describe_account(credit)} {amount}"
            for debit, credit, amount in (await _list_moves(uow, correction, target, concerned))[:MAX_DESCRIBED]
        )
        told.append(f"{root.reason}{'：' if root.reason else ''}{moved}（{correction.reason}）")
    return "；".join(told) + ("；……" if len(corrections) > MAX_DESCRIBED else "")


async def _list_moves(
    uow: UnitOfWork, correction: wire.Correction, target: RecordedTransaction, concerned: Concerned
) -> list[tuple[str, str, int]]:
    """From which account to which, how much."""
    if correction.lines:
        return [(line.debit, line.credit, line.amount) for line in correction.lines]
    left = target.remaining(await uow.books.settlements_of(target.id))
    return [
        (concerned.names[t.credit], concerned.names[t.debit], amount)
        for t, amount in zip(target.transfers, left, strict=True)
        if amount
    ]


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> list[wire.ItemOutcome]:
    """What the confirmer may not correct themselves, they don't confirm either."""
    corrections = msgspec.convert(proposed.request, list[wire.Correction])
    concerned = await _read_concerned(uow, corrections)
    second = await find_staff(uow, confirmer.id)
    for correction in corrections:
        obstacle = concerned.find_obstacle(second, correction)
        if obstacle:
            raise Refused(ErrorCode.NOT_ALLOWED, obstacle)
    first = await find_staff(uow, proposed.proposer.id)
    return await _post(uow, first, corrections, concerned, confirmer.id)


CORRECTIONS = ProposalKind("corrections", "更正", Confirmers(CORRECTORS), _execute)


@dataclass(frozen=True, slots=True)
class Concerned:
    """What the corrections are about: the transactions, those behind them, accounts' names and their villages."""

    targets: Mapping[TransactionId, RecordedTransaction]
    roots: Mapping[TransactionId, RecordedTransaction]
    names: Mapping[AccountId, str]
    villages: Mapping[str, str]

    def households(self) -> list[str]:
        return _list_households(self.names.values())

    def find_obstacle(self, staff: Staff, correction: wire.Correction) -> str:
        target = self.targets.get(TransactionId(correction.transaction))
        return "" if target is None else _find_obstacle(staff, target, self.roots, self.names, self.villages)


async def _read_concerned(uow: UnitOfWork, corrections: Sequence[wire.Correction]) -> Concerned:
    targets = await uow.books.recorded(TransactionId(c.transaction) for c in corrections)
    # The award behind a posting, the hold behind a settlement: the same person made both.
    roots = await uow.books.recorded(t.target for t in targets.values() if t.target is not None)
    names = await uow.books.read_names(
        account for one in targets.values() for t in one.transfers for account in (t.debit, t.credit)
    )
    return Concerned(targets, roots, names, await read_villages(uow, names.values()))


async def _post(
    uow: UnitOfWork,
    staff: Staff,
    corrections: Sequence[wire.Correction],
    concerned: Concerned,
    confirmed_by: UUID | None = None,
) -> list[wire.ItemOutcome]:
    ids = [TransactionId(correction.id) for correction in corrections]
    # Sent again, after somebody has confirmed it.
    recorded = await uow.books.recorded(ids)
    # Of the targets, and of corrections that are sent again.
    withheld = await uow.books.read_withheld([*concerned.targets, *ids])
    openings: dict[TransactionId, Opening] = {}
    items: list[Transaction | wire.ItemOutcome] = []
    for correction in corrections:
        obstacle = concerned.find_obstacle(staff, correction)
        if obstacle:
            items.append(refuse_item(correction.id, ErrorCode.NOT_ALLOWED, obstacle))
            continue
        reversal = _make_reversal(staff, correction, recorded.get(TransactionId(correction.id)), confirmed_by)
        target = TransactionId(correction.transaction)
        if target in withheld:
            known = withheld.get(reversal.id)
            reversal, openings[reversal.id] = conceal(
                reversal, withheld[target].readers, known=known.opening if known is not None else None
            )
        items.append(reversal)
    await bring_back(uow, _sum_reclaimed(items, concerned), str(staff.id))
    outcomes = await post_items(uow, items)
    posted = {outcome.id for outcome in outcomes if outcome.status == Status.OK}
    await uow.books.withhold({id: opening for id, opening in openings.items() if id in posted})
    return outcomes


def _sum_reclaimed(items: Sequence[Transaction | wire.ItemOutcome], concerned: Concerned) -> dict[str, int]:
    """What these reversals take from each household, at most: one that was merged has its points elsewhere."""
    reclaimed: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Transaction) and item.target is not None:
            target = concerned.targets.get(item.target)
            whole = target.transfers if target is not None else ()
            for t in [Transfer(t.credit, t.debit, t.unit, t.amount) for t in item.transfers] or whole:
                kind, code = accounts.parse_owner(concerned.names.get(t.credit, ""))
                if kind == "household":
                    reclaimed[code] += t.amount
    return reclaimed


def _find_obstacle(
    staff: Staff,
    target: RecordedTransaction,
    roots: Mapping[TransactionId, RecordedTransaction],
    names: Mapping[AccountId, str],
    villages: Mapping[str, str],
) -> str:
    """Why this person can't make the correction; empty if they can."""
    root = roots.get(target.target) if target.target is not None else None
    if target.kind in (LEASE, RETURN):
        return "这是留在终端、断网时用的积分，由终端自己退回，或停用终端时退回，不能更正。"
    makers = [(one.person, one.metadata.get("confirmed_by")) for one in (target, root) if one is not None]
    if any(str(staff.id) in maker for maker in makers):
        return "您自己办理的账，请由别人更正。"
    concerned = {names[account] for t in target.transfers for account in (t.debit, t.credit)}
    recusal = staff.find_recusal(_list_households(concerned), "不能更正自己家的账，请由别人办理。")
    if recusal:
        return recusal
    of_villages = {villages[name] for name in concerned if name in villages}
    if staff.village is not None and of_villages != {staff.village}:
        return "这笔账不只是您所在村的，请由乡镇办公室更正。"
    return ""


def _list_households(names: Iterable[str]) -> list[str]:
    """The codes of the households among these accounts."""
    owners = [accounts.parse_owner(name) for name in names]
    return [code for kind, code in owners if kind == "household"]


def _make_reversal(
    staff: Staff,
    correction: wire.Correction,
    existing: RecordedTransaction | None,
    confirmed_by: UUID | None,
) -> Transaction:
    """`existing`: what is in the books already under this id."""
    confirmer = str(confirmed_by or "") if existing is None else existing.metadata.get("confirmed_by")
    return Transaction(
        id=TransactionId(correction.id),
        kind="correction",
        phase=Phase.REVERSAL,
        target=TransactionId(correction.transaction),
        transfers=tuple(
            Transfer(account_id(line.debit), account_id(line.credit), line.unit, line.amount)
            for line in correction.lines or ()
        ),
        person=str(staff.id),
        reason=correction.reason,
        metadata={"confirmed_by": confirmer} if confirmer else {},
    )
