"""A claim goes back to who declared it: sent back for correction, or withdrawn by themselves."""

from __future__ import annotations

from uuid import UUID

from api.awards.review.signatures import SIGNERS, find_obstacle, is_under_way
from api.awards.review.use_cases import lock_shown_claim
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services


async def send_back(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """By whoever's turn it is, for correction. Safe to repeat.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    require(staff, *SIGNERS)
    async with services.unit_of_work() as uow:
        locked = await lock_shown_claim(uow, staff, id)
        claim = locked.claim
        if (claim.status, claim.returned_by, claim.return_reason) == ("returned", staff.id, reason):
            return
        obstacle = find_obstacle(staff, claim, locked.progress, locked.household)
        if obstacle:
            raise Refused(ErrorCode.NOT_ALLOWED if is_under_way(claim) else ErrorCode.WRONG_STATE, obstacle)
        claim.status = "returned"
        claim.returned_by, claim.returned_at, claim.return_reason = staff.id, uow.now, reason


async def withdraw(services: Services, staff: Staff, id: UUID) -> None:
    """By who declared it, before the last signature. Safe to repeat.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    async with services.unit_of_work() as uow:
        claim = (await lock_shown_claim(uow, staff, id)).claim
        if claim.declared_by != staff.id:
            raise Refused(ErrorCode.NOT_ALLOWED, "只有申报的人能撤回。")
        if claim.status == "withdrawn":
            return
        if not is_under_way(claim):
            raise Refused(ErrorCode.WRONG_STATE, "这条申报已经办完或退回，不能再撤回，请刷新页面。")
        claim.status, claim.withdrawn_at = "withdrawn", uow.now
