"""One transaction with its transfers, what it settles or reverses, and what settles or reverses it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from api import wire
from api.bookkeeping.general_ledger.persons import read_person_names
from api.bookkeeping.general_ledger.scope import READERS, may_read
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.wire.base import from_store
from ledger.transactions import AccountId, Phase, RecordedTransaction, TransactionId, Transfer


async def read_transaction(services: Services, staff: Staff, id: UUID) -> wire.TransactionView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.snapshot() as uow:
        found = (await uow.books.recorded([TransactionId(id)])).get(TransactionId(id))
        if found is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这笔账。")
        targets = await uow.books.recorded([found.target] if found.target is not None else [])
        settlements = await uow.books.settlements_of(found.id)
        related = [found, *targets.values(), *settlements]
        names = await uow.books.read_names(
            account for each in related for t in each.transfers for account in (t.debit, t.credit)
        )
        # A void has no transfers: its target's decide who may read it.
        concerned = found.transfers or tuple(t for target in targets.values() for t in target.transfers)
        if not await may_read(uow, staff, [names[a] for t in concerned for a in (t.debit, t.credit)]):
            raise Refused(ErrorCode.UNKNOWN, "没有这笔账。")
        persons = await read_person_names(uow, (each.person for each in related))
        links = {each.id: _to_linked(each, names, persons) for each in related}
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
            transfers=_to_transfer_views(found, settlements, names),
            target=links.get(found.target) if found.target is not None else None,
            settlement=next((links[a.id] for a in settlements if a.phase is not Phase.REVERSAL), None),
            reversals=[links[a.id] for a in settlements if a.phase is Phase.REVERSAL],
        )


def _to_transfer_views(
    found: RecordedTransaction, settlements: list[RecordedTransaction], names: Mapping[AccountId, str]
) -> list[wire.TransferView]:
    remaining = found.remaining(settlements)
    return [
        wire.TransferView(
            debit=names[t.debit],
            credit=names[t.credit],
            unit=t.unit,
            amount=t.amount,
            left=left,
        )
        for t, left in zip(found.transfers, remaining, strict=True)
    ]


def _to_linked(
    linked: RecordedTransaction, names: Mapping[AccountId, str], persons: Mapping[str, str]
) -> wire.LinkedTransaction:
    return wire.LinkedTransaction(
        id=linked.id,
        kind=linked.kind,
        phase=linked.phase,
        person=persons.get(linked.person, ""),
        reason=linked.reason,
        recorded_at=linked.recorded_at,
        transfers=[_to_line(t, names) for t in linked.transfers],
    )


def _to_line(t: Transfer, names: Mapping[AccountId, str]) -> wire.TransferLine:
    with from_store():
        return wire.TransferLine(debit=names[t.debit], credit=names[t.credit], unit=t.unit, amount=t.amount)
