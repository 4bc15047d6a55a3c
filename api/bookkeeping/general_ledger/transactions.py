"""One transaction with its transfers, what it settles or reverses, and what settles or reverses it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from api import wire
from api.bookkeeping.general_ledger.disclosure import Disclosures, read_disclosures
from api.bookkeeping.general_ledger.persons import read_person_names
from api.bookkeeping.general_ledger.scope import READERS, may_read
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.wire.base import from_store
from ledger.transactions import AccountId, Phase, RecordedTransaction, TransactionId, Transfer


async def read_transaction(services: Services, staff: Staff, id: UUID) -> wire.TransactionView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.snapshot() as uow:
        found = await find_transaction(uow, staff, TransactionId(id))
        targets = await uow.books.recorded([found.target] if found.target is not None else [])
        settlements = await uow.books.settlements_of(found.id)
        related = [found, *targets.values(), *settlements]
        names = await uow.books.read_names(
            account for each in related for t in each.transfers for account in (t.debit, t.credit)
        )
        disclosures = await read_disclosures(uow, staff, [each.id for each in related])
        confirmer = str(found.metadata.get("confirmed_by", ""))
        persons = await read_person_names(uow, (confirmer, *(each.person for each in related)))
        links = {each.id: _to_linked(each, names, persons, disclosures) for each in related}
        return wire.TransactionView(
            id=found.id,
            kind=found.kind,
            phase=found.phase,
            person=persons.get(found.person, ""),
            reason=disclosures.show_reason(found.id, found.reason),
            source=str(found.metadata.get("source", "")),
            effective_at=found.effective_at,
            recorded_at=found.recorded_at,
            deferred_from=found.deferred_from,
            expires_at=found.expires_at,
            transfers=_to_transfer_views(found, settlements, names),
            target=links.get(found.target) if found.target is not None else None,
            settlement=next((links[a.id] for a in settlements if a.phase is not Phase.REVERSAL), None),
            confirmed_by=persons.get(confirmer, ""),
            reversals=[links[a.id] for a in settlements if a.phase is Phase.REVERSAL],
        )


async def find_transaction(uow: UnitOfWork, staff: Staff, id: TransactionId) -> RecordedTransaction:
    """A transaction that this person may know of: one of theirs to read, or of their own village's households and
    supermarkets. Raises Refused: unknown."""
    found = (await uow.books.recorded([id])).get(id)
    if found is not None:
        targets = await uow.books.recorded([found.target] if found.target is not None else [])
        # A void has no transfers: its target's decide who may read it.
        concerned = found.transfers or tuple(t for target in targets.values() for t in target.transfers)
        names = await uow.books.read_names(account for t in concerned for account in (t.debit, t.credit))
        if await may_read(uow, staff, names.values()):
            return found
    raise Refused(ErrorCode.UNKNOWN, "没有这笔账。")


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
    linked: RecordedTransaction,
    names: Mapping[AccountId, str],
    persons: Mapping[str, str],
    disclosures: Disclosures,
) -> wire.LinkedTransaction:
    return wire.LinkedTransaction(
        id=linked.id,
        kind=linked.kind,
        phase=linked.phase,
        person=persons.get(linked.person, ""),
        reason=disclosures.show_reason(linked.id, linked.reason),
        recorded_at=linked.recorded_at,
        transfers=[_to_line(t, names) for t in linked.transfers],
    )


def _to_line(t: Transfer, names: Mapping[AccountId, str]) -> wire.TransferLine:
    with from_store():
        return wire.TransferLine(debit=names[t.debit], credit=names[t.credit], unit=t.unit, amount=t.amount)
