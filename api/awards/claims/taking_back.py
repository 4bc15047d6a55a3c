"""What turns out to be wrong in the books is taken back by a correction, which a second person confirms."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from uuid_utils.compat import uuid7

from api import wire
from api.awards.claims import deductions
from api.awards.claims.tables import Claim
from api.bookkeeping.general_ledger.corrections import propose_corrections
from api.platform import accounts
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.proposals.queries import read_statuses
from api.registry.register.queries import read_households
from ledger.transactions import Phase, Status, TransactionId

_BECAME = {
    "waiting": "已提议更正，等第二个人确认",
    "confirmed": "已更正",
    "refused": "提议的更正没有确认，没有更正",
}
_NOTHING_LEFT = "账上已没有可收回的"


async def propose_taking_back(uow: UnitOfWork, staff: Staff, claim: Claim, reason: str) -> UUID | None:
    """Of all that is left of a posted claim, or of what the household still has of it; None where that is nothing.

    Raises Refused: not-allowed.
    """
    [entry] = [
        settlement
        for settlement in await uow.books.settlements_of(TransactionId(claim.id))
        if settlement.phase == Phase.POST
    ]
    whole = wire.Correction(id=uuid7(), transaction=entry.id, reason=reason)
    proposed = await propose_corrections(uow, staff, [whole])
    if isinstance(proposed, list) and proposed[0].type == Status.INSUFFICIENT:
        code = (await read_households(uow, [claim.household]))[claim.household].code
        available = (await deductions.available_points(uow, [code]))[code]
        if available <= 0:
            return None
        line = wire.TransferLine(
            debit=accounts.household(code).name,
            credit=accounts.ISSUING.name,
            unit=accounts.POINTS,
            amount=available,
        )
        part = wire.Correction(id=uuid7(), transaction=entry.id, reason=reason, lines=[line])
        proposed = await propose_corrections(uow, staff, [part])
    if isinstance(proposed, wire.ProposalView):
        return proposed.id
    [outcome] = proposed
    if outcome.type == ErrorCode.NOT_ALLOWED:
        raise Refused(ErrorCode.NOT_ALLOWED, outcome.reason)
    return None


async def tell_corrections(uow: UnitOfWork, proposals: Collection[UUID | None]) -> dict[UUID | None, str]:
    """What became of what was proposed; None is where there was nothing left to take back."""
    statuses = await read_statuses(uow, {id for id in proposals if id is not None})
    return {None: _NOTHING_LEFT} | {id: _BECAME[status] for id, status in statuses.items()}
