"""Unusual patterns in a period, for the supervisors of a village or of the township."""

from __future__ import annotations

from api import wire
from api.awards.patterns.approving import compare_members, count_by_time, list_quick, list_runs, read_batches
from api.awards.patterns.awards import Scope, read_sums
from api.awards.patterns.declarers import find_pairs
from api.awards.patterns.grids import find_grids
from api.awards.patterns.periods import Period
from api.awards.review.signatures import SIGNERS
from api.bookkeeping.general_ledger.disclosure import Confidentiality, disclose
from api.platform.access import Role, Staff, require, require_serves
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.queries import list_staff, read_names, read_staff
from api.registry.register.queries import count_by_grid, list_grids, list_villages


async def find_patterns(
    services: Services, staff: Staff, village: str | None, period: Period
) -> wire.PatternsView:
    """Without a village: of all that this supervisor serves. Raises Refused: not-allowed, unknown."""
    require(staff, Role.SUPERVISOR)
    if village is not None:
        require_serves(staff, village)
    wanted = village or staff.village
    async with services.snapshot() as uow:
        villages = [each.code for each in await list_villages(uow) if wanted in (None, each.code)]
        if not villages:
            raise Refused(ErrorCode.UNKNOWN, "没有这个村。")
        scope = Scope(villages, [code for code in villages if _may_see(staff, code)], period)
        sums = await read_sums(uow, scope)
        declarers = {each.declared_by for each in sums if each.declared_by is not None}
        by_share, pairs = find_pairs(sums, await read_staff(uow, declarers), period)
        grids = await list_grids(uow, wanted)
        spreads, far = find_grids(sums, grids, await count_by_grid(uow, villages), period)
        batches = await read_batches(uow, scope)
        names = await read_names(uow, {batch.person for batch in batches})
        bodies_by_share, members = compare_members(batches, await list_staff(uow, SIGNERS), names, period)
        return wire.PatternsView(
            village=wanted,
            since=period.first,
            until=period.last,
            pairs_by_share=by_share,
            pairs=pairs,
            approvals_by_time=count_by_time(batches),
            quick=list_quick(batches, names),
            runs=list_runs(batches, names),
            spreads=spreads,
            grids=far,
            bodies_by_share=bodies_by_share,
            members=members,
        )


def _may_see(staff: Staff, village: str) -> bool:
    """Whether what the rulebook keeps from publication may be shown."""
    return disclose(staff, Confidentiality(village, published=False)).subject
