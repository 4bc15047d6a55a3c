"""Corrections: posted transactions are reversed, whole or in part, with a reason and a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api import wire
from api.bookkeeping.general_ledger.disclosure import conceal
from api.bookkeeping.general_ledger.outcomes import post_items, refuse_item
from api.bookkeeping.general_ledger.scope import read_villages
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode
from api.platform.services import Services
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


async def correct(
    services: Services, staff: Staff, corrections: Sequence[wire.Correction]
) -> list[wire.ItemOutcome]:
    """Post corrections, each on its own. Nobody corrects an entry of their own household or one they made
    themselves, and leases can't be corrected: the kiosk may have spent them already.

    Raises Refused: not-allowed.
    """
    require(staff, Role.SUPERVISOR, Role.OFFICE)
    async with services.unit_of_work() as uow:
        targets = await uow.books.recorded(TransactionId(c.transaction) for c in corrections)
        # The award behind a posting, the hold behind a settlement: the same person made both.
        roots = await uow.books.recorded(t.target for t in targets.values() if t.target is not None)
        names = await uow.books.read_names(
            account for one in targets.values() for t in one.transfers for account in (t.debit, t.credit)
        )
        villages = await read_villages(uow, names.values())
        # Of the targets, and of corrections that are sent again.
        withheld = await uow.books.read_withheld(
            [*targets, *(TransactionId(correction.id) for correction in corrections)]
        )
        openings: dict[TransactionId, Opening] = {}
        items: list[Transaction | wire.ItemOutcome] = []
        for correction in corrections:
            target = targets.get(TransactionId(correction.transaction))
            obstacle = _find_obstacle(staff, target, roots, names, villages) if target is not None else ""
            if obstacle:
                items.append(refuse_item(correction.id, ErrorCode.NOT_ALLOWED, obstacle))
                continue
            reversal = _make_reversal(staff, correction)
            if target is not None and target.id in withheld:
                known = withheld.get(reversal.id)
                reversal, openings[reversal.id] = conceal(
                    reversal, withheld[target.id].readers, known=known.opening if known is not None else None
                )
            items.append(reversal)
        outcomes = await post_items(uow, items)
        posted = {outcome.id for outcome in outcomes if outcome.status == Status.OK}
        await uow.books.withhold({id: opening for id, opening in openings.items() if id in posted})
        return outcomes


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
    if str(staff.id) in {one.person for one in (target, root) if one is not None}:
        return "您自己办理的账，请由别人更正。"
    concerned = {names[account] for t in target.transfers for account in (t.debit, t.credit)}
    if staff.household is not None and accounts.household(staff.household).name in concerned:
        return "不能更正自己家的账，请由别人办理。"
    of_villages = {villages[name] for name in concerned if name in villages}
    if staff.village is not None and of_villages != {staff.village}:
        return "这笔账不只是您所在村的，请由乡镇办公室更正。"
    return ""


def _make_reversal(staff: Staff, correction: wire.Correction) -> Transaction:
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
    )
