"""Queries about proposals for other capabilities."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, func, or_, select
from sqlalchemy.orm import defer

from api.platform.services import UnitOfWork
from api.registry.proposals.tables import Proposal

NOTICES_SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ProposalNotice:
    """For a village's notice board. `status`: waiting or confirmed."""

    what: str
    status: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None


async def list_notices(uow: UnitOfWork, village: str) -> list[ProposalNotice]:
    """What waits, and what was confirmed in the last thirty days; the newest first."""
    since = uow.now - NOTICES_SHOWN_FOR
    found: Sequence[Proposal] = (
        await uow.session.scalars(
            select(Proposal)
            .options(defer(Proposal.request), defer(Proposal.preview), defer(Proposal.result))
            .where(
                Proposal.township == uow.township,
                Proposal.notices.has_key(village),
                or_(Proposal.closed_at.is_(None), Proposal.confirmed & (Proposal.closed_at > since)),
            )
            .order_by(Proposal.proposed_at.desc(), Proposal.id.desc())
        )
    ).all()
    return [
        ProposalNotice(
            what=proposal.notices[village],
            status=proposal.status,
            proposed_by=proposal.proposed_by,
            proposed_at=proposal.proposed_at,
            confirmed_by=proposal.closed_by,
            confirmed_at=proposal.closed_at,
        )
        for proposal in found
    ]


@dataclass(frozen=True, slots=True)
class WaitingProposals:
    """Of one kind; `village`: None for the whole township's. `since`: when the oldest was proposed."""

    kind: str
    village: str | None
    number: int
    since: datetime


async def list_waiting_proposals(uow: UnitOfWork) -> list[WaitingProposals]:
    rows = await uow.session.execute(
        select(Proposal.kind, Proposal.village, func.count(), func.min(Proposal.proposed_at))
        .where(Proposal.township == uow.township, Proposal.closed_at.is_(None))
        .group_by(Proposal.kind, Proposal.village)
    )
    return [WaitingProposals(*row) for row in rows]


async def list_confirmed_since(uow: UnitOfWork, kind: str, since: datetime) -> Sequence[UUID]:
    """The proposals of a kind that were confirmed from this moment on."""
    return await _list_closed(
        uow, Proposal.kind == kind, Proposal.confirmed.is_(True), Proposal.closed_at >= since
    )


async def list_waiting_requests(uow: UnitOfWork, kind: str) -> Sequence[Any]:
    """What is asked for by the proposals of a kind that wait."""
    found = await uow.session.scalars(
        select(Proposal.request).where(
            Proposal.township == uow.township, Proposal.kind == kind, Proposal.closed_at.is_(None)
        )
    )
    return found.all()


async def list_refused(uow: UnitOfWork, ids: Collection[UUID]) -> Sequence[UUID]:
    """Those of these proposals that were refused."""
    return await _list_closed(
        uow, Proposal.id.in_(ids), Proposal.confirmed.is_(False), Proposal.closed_at.is_not(None)
    )


async def read_statuses(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, str]:
    """Waiting, confirmed or refused."""
    found = await uow.session.scalars(
        select(Proposal)
        .options(defer(Proposal.request), defer(Proposal.preview), defer(Proposal.result))
        .where(Proposal.township == uow.township, Proposal.id.in_(ids))
    )
    return {proposal.id: proposal.status for proposal in found}


async def read_confirmer(uow: UnitOfWork, id: UUID) -> str:
    """The name of who confirmed a proposal."""
    found = select(Proposal.closed_by).where(
        Proposal.township == uow.township, Proposal.id == id, Proposal.confirmed
    )
    return (await uow.session.execute(found)).scalar_one()


async def _list_closed(uow: UnitOfWork, *conditions: ColumnElement[bool]) -> Sequence[UUID]:
    found = await uow.session.scalars(select(Proposal.id).where(Proposal.township == uow.township, *conditions))
    return found.all()


def confirmer_subquery(township: SQLColumnExpression[Any], id: SQLColumnExpression[Any]) -> ScalarSelect[str]:
    """The name of who confirmed a proposal, as a column of a larger statement."""
    found = select(Proposal.closed_by).where(Proposal.township == township, Proposal.id == id, Proposal.confirmed)
    return found.correlate_except(Proposal).scalar_subquery()
