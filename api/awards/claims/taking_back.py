"""What turns out to be wrong in the books is taken back by a correction, which a second person confirms."""

from __future__ import annotations

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
from api.registry.register.queries import read_households
from ledger.transactions import Phase, Status, TransactionId


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
