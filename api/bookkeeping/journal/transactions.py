"""One transaction as a whole: what it moved, what it answers, and what answers it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from api import wire
from api.bookkeeping.journal.persons import names_of
from api.bookkeeping.journal.scope import READERS, may_read
from api.platform.access import Staff, require
from api.platform.problems import Refused
from api.platform.town import Town
from ledger.transactions import AccountId, Phase, TransactionId, Transfer, Written


async def transaction(town: Town, staff: Staff, id: UUID) -> wire.TransactionView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with town.snapshot() as work:
        found = (await work.books.written([TransactionId(id)])).get(TransactionId(id))
        if found is None:
            raise Refused("unknown", "没有这笔账。")
        targets = await work.books.written([found.target] if found.target is not None else [])
        answers = await work.books.answers(found.id)
        all_of = [found, *targets.values(), *answers]
        names = await work.books.names(
            account for one in all_of for t in one.transfers for account in (t.debit, t.credit)
        )
        # A void moves nothing: it is the business of whoever's points it released.
        concerned = found.transfers or tuple(t for one in targets.values() for t in one.transfers)
        if not await may_read(work, staff, [names[a] for t in concerned for a in (t.debit, t.credit)]):
            raise Refused("unknown", "没有这笔账。")
        persons = await names_of(work, (one.person for one in all_of))
        links = {one.id: _link(one, names, persons) for one in all_of}
        return wire.TransactionView(
            id=found.id,
            kind=found.kind,
            phase=found.phase,
            person=persons.get(found.person, ""),
            reason=found.reason,
            source=str(found.metadata.get("source", "")),
            effective_at=found.effective_at,
            recorded_at=found.recorded_at,
            deferred_from=found.deferred_from,
            expires_at=found.expires_at,
            transfers=_transfers(found, answers, names),
            target=links.get(found.target) if found.target is not None else None,
            settlement=next((links[a.id] for a in answers if a.phase is not Phase.REVERSAL), None),
            reversals=[links[a.id] for a in answers if a.phase is Phase.REVERSAL],
        )


def _transfers(found: Written, answers: list[Written], names: Mapping[AccountId, str]) -> list[wire.TransferView]:
    left = found.left(answers)
    return [
        wire.TransferView(
            debit=names[t.debit],
            credit=names[t.credit],
            unit=t.unit,
            amount=t.amount,
            left=rest,
        )
        for t, rest in zip(found.transfers, left, strict=True)
    ]


def _link(one: Written, names: Mapping[AccountId, str], persons: Mapping[str, str]) -> wire.Link:
    return wire.Link(
        id=one.id,
        kind=one.kind,
        phase=one.phase,
        person=persons.get(one.person, ""),
        reason=one.reason,
        recorded_at=one.recorded_at,
        transfers=[_line(t, names) for t in one.transfers],
    )


def _line(t: Transfer, names: Mapping[AccountId, str]) -> wire.TransferLine:
    return wire.TransferLine(debit=names[t.debit], credit=names[t.credit], unit=t.unit, amount=t.amount)
