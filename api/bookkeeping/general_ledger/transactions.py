"""One transaction as a whole: what it moved, what it settlements, and what settlements it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from api import wire
from api.bookkeeping.general_ledger.persons import names_of
from api.bookkeeping.general_ledger.scope import READERS, may_read
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from ledger.transactions import AccountId, Phase, RecordedTransaction, TransactionId, Transfer


async def transaction(services: Services, staff: Staff, id: UUID) -> wire.TransactionView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.snapshot() as uow:
        found = (await uow.books.recorded([TransactionId(id)])).get(TransactionId(id))
        if found is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这笔账。")
        targets = await uow.books.recorded([found.target] if found.target is not None else [])
        settlements = await uow.books.settlements_of(found.id)
        all_of = [found, *targets.values(), *settlements]
        names = await uow.books.read_names(
            account for one in all_of for t in one.transfers for account in (t.debit, t.credit)
        )
        # A void moves nothing: it is the business of whoever's points it released.
        concerned = found.transfers or tuple(t for one in targets.values() for t in one.transfers)
        if not await may_read(uow, staff, [names[a] for t in concerned for a in (t.debit, t.credit)]):
            raise Refused(ErrorCode.UNKNOWN, "没有这笔账。")
        persons = await names_of(uow, (one.person for one in all_of))
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
            transfers=_transfers(found, settlements, names),
            target=links.get(found.target) if found.target is not None else None,
            settlement=next((links[a.id] for a in settlements if a.phase is not Phase.REVERSAL), None),
            reversals=[links[a.id] for a in settlements if a.phase is Phase.REVERSAL],
        )


def _transfers(
    found: RecordedTransaction, settlements: list[RecordedTransaction], names: Mapping[AccountId, str]
) -> list[wire.TransferView]:
    left = found.remaining(settlements)
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


def _link(
    one: RecordedTransaction, names: Mapping[AccountId, str], persons: Mapping[str, str]
) -> wire.LinkedTransaction:
    return wire.LinkedTransaction(
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
