"""The transactions of a lease: points of a household that a kiosk holds, so that it can serve it offline."""

from __future__ import annotations

from uuid import UUID

from api.platform import accounts
from ledger.transactions import Phase, Transaction, TransactionId, Transfer

LEASE = "lease"
RETURN = "lease-return"


def lease_return(
    id: TransactionId, household: str, kiosk: UUID, epoch: int, points: int, person: str, reason: str
) -> Transaction:
    """Points go back from what a kiosk holds to their household."""
    return Transaction(
        id=id,
        kind=RETURN,
        phase=Phase.POSTED,
        transfers=(
            Transfer(
                accounts.escrow(household, kiosk, epoch).id,
                accounts.household(household).id,
                accounts.POINTS,
                points,
            ),
        ),
        person=person,
        reason=reason,
        metadata={"kiosk": str(kiosk)},
    )


def lease_grant(id: TransactionId, household: str, kiosk: UUID, epoch: int, points: int) -> Transaction:
    """Points go from a household to what a kiosk holds of it."""
    return Transaction(
        id=id,
        kind=LEASE,
        phase=Phase.POSTED,
        transfers=(
            Transfer(
                accounts.household(household).id,
                accounts.escrow(household, kiosk, epoch).id,
                accounts.POINTS,
                points,
            ),
        ),
        person=str(kiosk),
        reason="留作断网时兑换",
        metadata={"kiosk": str(kiosk)},
    )
