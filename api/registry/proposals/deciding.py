"""The second person's word about a proposal of any kind; what waits for it, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import defer

from api import wire
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.proposals import use_cases
from api.registry.proposals.decision import BODIES, covers, find_bar
from api.registry.proposals.tables import Proposal
from api.registry.proposals.use_cases import ProposalKind, Signer, to_view

READERS = tuple(BODIES)
MAX_LISTED = 200

Kinds = Mapping[str, ProposalKind]
"""All kinds there are, by name."""


async def list_proposals(
    services: Services, kinds: Kinds, staff: Staff, *, closed: bool
) -> list[wire.ProposalView]:
    """Those that wait, oldest first, or the closed ones, latest first, of what this person serves.

    Raises Refused: not-allowed.
    """
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        found = await _read(uow, staff, closed=closed)
        return [await to_view(uow, kinds[row.kind], row, staff, with_preview=False) for row in found]


async def _read(uow: UnitOfWork, staff: Staff, *, closed: bool) -> Sequence[Proposal]:
    order = (Proposal.closed_at.desc(),) if closed else (Proposal.proposed_at,)
    rows = await uow.session.scalars(
        select(Proposal)
        # An import's rows, twice.
        .options(defer(Proposal.request), defer(Proposal.preview), defer(Proposal.result))
        .where(
            Proposal.township == uow.township,
            Proposal.closed_at.is_not(None) if closed else Proposal.closed_at.is_(None),
            _served_by(staff),
        )
        .order_by(*order, Proposal.id)
        .limit(MAX_LISTED)
    )
    return rows.all()


async def count_confirmable(services: Services, kinds: Kinds, staff: Staff) -> int:
    """How many wait for this person."""
    if not staff.may(*READERS):
        return 0
    async with services.unit_of_work() as uow:
        return sum(
            find_bar(kinds[row.kind].confirmers, use_cases.facts_of(row), staff) is None
            for row in await _read(uow, staff, closed=False)
        )


async def show_proposal(services: Services, kinds: Kinds, staff: Staff, id: UUID) -> wire.ProposalView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        proposal = _require_seen(staff, await uow.session.get(Proposal, (uow.township, id)))
        return await to_view(uow, kinds[proposal.kind], proposal, staff)


async def confirm(services: Services, kinds: Kinds, staff: Staff, id: UUID) -> Any:
    """Execute a proposal; returns what its request would have answered. A retry by the same person gets the same
    answer again, without the secrets in it.

    Raises Refused: not-allowed, unknown, wrong-state, same-person, and as the request itself.
    """
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        proposal = _require_seen(staff, await use_cases.lock_proposal(uow, id))
        kind = kinds[proposal.kind]
        if proposal.status == "confirmed" and proposal.closer == staff.id:
            return proposal.result
        if proposal.status != "waiting":
            raise use_cases.already_closed()
        bar = find_bar(kind.confirmers, use_cases.facts_of(proposal), staff)
        if bar is not None:
            raise Refused(bar.code, bar.sentence)
        result = await use_cases.execute(uow, kind, proposal, Signer.of(staff))
    await kind.afterwards(services, result)
    return result


async def refuse(services: Services, kinds: Kinds, staff: Staff, id: UUID, reason: str) -> wire.ProposalView:
    """By whoever could confirm it, or by who proposed it. Nothing is executed.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        proposal = _require_seen(staff, await use_cases.lock_proposal(uow, id))
        kind = kinds[proposal.kind]
        if proposal.status == "refused" and (proposal.closer, proposal.reason) == (staff.id, reason):
            return await to_view(uow, kind, proposal, staff)
        if proposal.status != "waiting":
            raise use_cases.already_closed()
        bar = find_bar(kind.confirmers, use_cases.facts_of(proposal), staff)
        if bar is not None and proposal.proposer != staff.id:
            raise Refused(bar.code, bar.sentence)
        use_cases.close(uow, proposal, Signer.of(staff), confirmed=False, reason=reason)
        await uow.session.flush()
        return await to_view(uow, kind, proposal, staff)


def _require_seen(staff: Staff, proposal: Proposal | None) -> Proposal:
    if proposal is None or not (covers(staff, proposal.village) or proposal.proposer == staff.id):
        raise Refused(ErrorCode.UNKNOWN, "没有这份提议。")
    return proposal


def _served_by(staff: Staff) -> ColumnElement[bool]:
    if staff.serves_township:
        return true()
    return or_(Proposal.village == staff.village if staff.village else false(), Proposal.person == staff.id)
