"""Propose what another person has to confirm; look proposals up, and close them.

Each capability proposes its own kinds; `api/desk/proposals` knows all of them and has them decided.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_or
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people import queries as people
from api.registry.proposals.decision import Confirmers, ProposalFacts, find_bar
from api.registry.proposals.tables import Proposal
from api.wire.base import from_store


@dataclass(frozen=True, slots=True)
class Signer:
    """Who proposes or confirms: a person at the desk, or an attendant at a till."""

    id: UUID
    name: str
    roles: frozenset[str] = frozenset()
    at_till: bool = False

    @classmethod
    def of(cls, staff: Staff) -> Signer:
        return cls(staff.id, staff.name, staff.roles)

    @property
    def person(self) -> UUID | None:
        return None if self.at_till else self.id

    @property
    def attendant(self) -> UUID | None:
        return self.id if self.at_till else None


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is executed: a request and its preview as they are stored, and who asked for it."""

    id: UUID
    request: Any
    preview: Any
    proposer: Signer


async def _nothing(services: Services, result: Any) -> None:
    """Nothing is left to do once a proposal is executed."""


@dataclass(frozen=True, slots=True)
class ProposalKind:
    """`execute` does what was proposed, in the confirmation's transaction, and returns what the request would have
    answered; `afterwards` is called with it once that is committed. `keeps_result`: False where the result holds
    secrets, which only the first answer has."""

    name: str
    title: str
    confirmers: Confirmers
    execute: Callable[[UnitOfWork, Proposed, Signer], Awaitable[Any]]
    afterwards: Callable[[Services, Any], Awaitable[None]] = _nothing
    keeps_result: bool = True


@dataclass(frozen=True, slots=True)
class NewProposal:
    """`identity`: what makes it the same request again, where that isn't all of it. `id`: the request's own, if
    any. `village`: None for the whole township's matters. `households`: the codes of those concerned. `notices`:
    sentences for the notice boards, by village."""

    request: Any
    what: str
    village: str | None
    identity: Any = None
    id: UUID | None = None
    preview: Any = None
    households: Sequence[str] = ()
    notices: Mapping[str, str] = field(default_factory=dict)


@asynccontextmanager
async def trial(uow: UnitOfWork) -> AsyncIterator[None]:
    """What is written inside is taken back at the end: shows what a proposal would do."""
    async with uow.session.begin_nested() as nested:
        # Else the savepoint is set only when the session itself is used, after what the books have written.
        await uow.session.connection()
        yield
        await nested.rollback()


async def find_proposal(uow: UnitOfWork, kind: ProposalKind, id: UUID, identity: Any) -> Proposal | None:
    """The proposal under a request's own id, waiting or confirmed.

    Raises Refused: conflict, for an id with another request; wrong-state, for one that was refused.
    """
    proposal = await uow.session.get(Proposal, (uow.township, id))
    if proposal is None:
        return None
    if proposal.digest != _digest(kind, id, identity):
        raise Refused(ErrorCode.CONFLICT, "这个编号已经用过，内容不同。")
    if proposal.status == "refused":
        raise Refused(ErrorCode.WRONG_STATE, f"这份提议已经退回（{proposal.reason}），要再提请换一个编号。")
    return proposal


async def propose(uow: UnitOfWork, kind: ProposalKind, signer: Signer, new: NewProposal) -> Proposal:
    """The same request again is the same proposal, as long as it waits. Raises Refused: as `find_proposal`."""
    digest = _digest(kind, new.id, _identity(new))
    existing = await _find_same(uow, kind, new, digest)
    if existing is not None:
        return existing
    await uow.session.execute(
        insert_or(Proposal)
        .values(
            township=uow.township,
            id=new.id or uuid7(),
            kind=kind.name,
            village=new.village,
            request=msgspec.to_builtins(new.request),
            digest=digest,
            what=new.what,
            preview=msgspec.to_builtins(new.preview),
            households=sorted(set(new.households)),
            notices=dict(new.notices),
            person=signer.person,
            attendant=signer.attendant,
            proposed_by=signer.name,
            roles=sorted(signer.roles),
            proposed_at=uow.now,
        )
        .on_conflict_do_nothing()
    )
    # This one, or that of the same request, which was in progress and finished first.
    proposal = await _find_same(uow, kind, new, digest)
    assert proposal is not None
    return proposal


async def _find_same(uow: UnitOfWork, kind: ProposalKind, new: NewProposal, digest: bytes) -> Proposal | None:
    if new.id is not None:
        return await find_proposal(uow, kind, new.id, _identity(new))
    found: Proposal | None = await uow.session.scalar(
        select(Proposal).where(
            Proposal.township == uow.township,
            Proposal.kind == kind.name,
            Proposal.digest == digest,
            Proposal.closed_at.is_(None),
        )
    )
    return found


def _identity(new: NewProposal) -> Any:
    return new.request if new.identity is None else new.identity


def _digest(kind: ProposalKind, id: UUID | None, identity: Any) -> bytes:
    key = [kind.name, str(id or ""), msgspec.to_builtins(identity)]
    return hashlib.sha256(msgspec.json.encode(key, order="deterministic")).digest()


async def lock_proposal(uow: UnitOfWork, id: UUID) -> Proposal | None:
    """Locked until the caller's transaction ends: it is decided once."""
    found: Proposal | None = await uow.session.scalar(
        select(Proposal).where(Proposal.township == uow.township, Proposal.id == id).with_for_update()
    )
    return found


async def execute(uow: UnitOfWork, kind: ProposalKind, proposal: Proposal, confirmer: Signer) -> Any:
    """Execute a locked proposal that waits, and close it. The caller makes sure that this person may confirm."""
    at_till = proposal.attendant is not None
    proposer = Signer(proposal.proposer, proposal.proposed_by, frozenset(proposal.roles), at_till)
    proposed = Proposed(proposal.id, proposal.request, proposal.preview, proposer)
    with from_store():
        result = await kind.execute(uow, proposed, confirmer)
    close(uow, proposal, confirmer, confirmed=True)
    proposal.result = msgspec.to_builtins(result) if kind.keeps_result else None
    await uow.session.flush()
    return result


def close(uow: UnitOfWork, proposal: Proposal, signer: Signer, *, confirmed: bool, reason: str = "") -> None:
    proposal.closing_person, proposal.closing_attendant = signer.person, signer.attendant
    proposal.closed_by, proposal.closed_at = signer.name, uow.now
    proposal.confirmed, proposal.reason = confirmed, reason


def name_confirmer(confirmed_by: UUID | None) -> dict[str, str]:
    """For the metadata of a transaction that a second person confirmed: in the books for ever."""
    return {} if confirmed_by is None else {"confirmed_by": str(confirmed_by)}


def already_closed() -> Refused:
    return Refused(ErrorCode.WRONG_STATE, "这份提议已经确认或退回过了，请刷新页面。")


def facts_of(proposal: Proposal) -> ProposalFacts:
    return ProposalFacts(proposal.proposer, proposal.roles, proposal.village, proposal.households)


async def to_view(
    uow: UnitOfWork, kind: ProposalKind, proposal: Proposal, staff: Staff, *, with_preview: bool = True
) -> wire.ProposalView:
    signers = {proposal.person: proposal.proposed_by, proposal.closing_person: proposal.closed_by}
    names = {id: name for id, name in signers.items() if id is not None}
    registrars = await people.read_registrars(uow, names)
    bar = find_bar(kind.confirmers, facts_of(proposal), staff)
    waiting = proposal.status == "waiting"
    steps = ["confirm", "refuse"] if bar is None else ["refuse"] if proposal.proposer == staff.id else []
    return wire.ProposalView(
        id=proposal.id,
        status=proposal.status,
        kind=proposal.kind,
        title=kind.title,
        what=proposal.what,
        village=proposal.village or "",
        proposed_by=proposal.proposed_by,
        proposed_at=proposal.proposed_at,
        closed_by=proposal.closed_by,
        closed_at=proposal.closed_at,
        reason=proposal.reason,
        steps=steps if waiting else [],
        barred=bar.sentence if bar is not None and waiting else "",
        accounts="，".join(f"{names[id]}的登录由{by}登记" for id, by in registrars.items()),
        preview=proposal.preview if with_preview else None,
    )
