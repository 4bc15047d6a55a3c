"""The steps of a declared claim: reviewed, approved and on notice; or refused.

The bodies that its rule names sign it in their order; the last signature approves it. Declarer and signers are
different people, and nobody acts on their own household.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from api import wire
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.review.signatures import APPROVERS, SIGNERS, is_under_way
from api.awards.review.voting import Ballot, LockedClaim, lock_claims, vote
from api.bookkeeping.general_ledger.disclosure import disclose
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork


async def review(services: Services, staff: Staff, ids: Sequence[UUID]) -> list[wire.ClaimOutcome]:
    """A yes for any of a claim's bodies but the last. Raises Refused: not-allowed."""
    require(staff, *SIGNERS)
    async with services.unit_of_work() as uow:
        return await vote(uow, Ballot(staff, step="review"), ids, await lock_claims(uow, ids))


async def approve(services: Services, staff: Staff, ids: Sequence[UUID]) -> list[wire.ClaimOutcome]:
    """A yes for the last body: with its signature the points become pending in the ledger and go on public notice.
    A deduction takes at most what is available now.

    Raises Refused: not-allowed.
    """
    require(staff, *APPROVERS)
    async with services.unit_of_work() as uow:
        return await vote(uow, Ballot(staff, step="approve"), ids, await lock_claims(uow, ids))


async def refuse(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """A no by whoever's turn it is. What is on notice is taken off by an objection alone.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    async with services.unit_of_work() as uow:
        locked = await lock_shown_claim(uow, staff, id)
        claim = locked.claim
        if (claim.status, claim.refused_by, claim.refusal) == ("refused", staff.id, reason):
            return
        require(staff, *SIGNERS)
        if claim.status == "approved":
            raise Refused(ErrorCode.WRONG_STATE, "这条申报已在公示，要撤下请提异议，由监委决定。")
        [outcome] = await vote(uow, Ballot(staff, approves=False, reason=reason), [id], {id: locked})
        if outcome.status == "refused":
            code = ErrorCode.NOT_ALLOWED if is_under_way(claim) else ErrorCode.WRONG_STATE
            raise Refused(code, outcome.reason)


async def lock_shown_claim(uow: UnitOfWork, staff: Staff, id: UUID) -> LockedClaim:
    """One that this person may see in full. Raises Refused: unknown."""
    locked = (await lock_claims(uow, [id])).get(id)
    if (
        locked is None
        or not staff.serves(locked.claim.village)
        or not disclose(staff, confidentiality_of(locked.claim)).subject
    ):
        raise Refused(ErrorCode.UNKNOWN, "没有这条申报。")
    return locked
