"""What two people do to a household: one proposes, another confirms, and the confirmation carries it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from api import wire
from api.platform.access import Role, Staff
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import find_staff
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    propose,
    to_view,
    trial,
)
from api.registry.register.queries import HouseholdFacts

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to `household`, and to `other` where there is one. `what`: the proposal's sentence;
    `follows`: what comes of it, a sentence each. `points`: how many move. `concerned`: codes of the households
    whose people have no part in it."""

    household: HouseholdFacts
    what: str
    follows: Sequence[str]
    points: int
    concerned: Sequence[str]
    other: HouseholdFacts | None = None

    @property
    def village(self) -> str | None:
        """None: of two villages, so the township's."""
        both = {each.village for each in (self.household, self.other) if each is not None}
        return both.pop() if len(both) == 1 else None


@dataclass(frozen=True, slots=True)
class Hands:
    """Who proposed, and who confirmed; None while it is only tried out."""

    proposer: UUID
    confirmer: UUID | None


class _Stored(msgspec.Struct):
    household: str
    change: Any


@dataclass(frozen=True)
class HouseholdAct(Generic[R]):
    """`plan` checks everything, with the households locked; `carry_out` does what was planned."""

    name: str
    title: str
    request: type[R]
    plan: Callable[[UnitOfWork, Staff, str, R], Awaitable[Plan]]
    carry_out: Callable[[UnitOfWork, Plan, R, Hands], Awaitable[None]]

    @property
    def kind(self) -> ProposalKind:
        bodies = (Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)
        return ProposalKind(self.name, self.title, Confirmers(bodies), self._execute)

    async def preview(self, services: Services, staff: Staff, code: str, request: R) -> list[str]:
        """What would follow, in sentences. Raises as `propose`."""
        async with services.unit_of_work() as uow:
            plan = await self._try(uow, staff, code, request)
            return [f"{plan.what}。", *plan.follows]

    async def propose(self, services: Services, staff: Staff, code: str, request: R) -> wire.ProposalView:
        """Raises Refused: not-allowed, unknown, household-ended, wrong-state, date-wrong, insufficient-points and
        whatever else is in the way of it."""
        async with services.unit_of_work() as uow:
            plan = await self._try(uow, staff, code, request)
            new = NewProposal(
                request=_Stored(code, request),
                what=plan.what,
                village=plan.village,
                preview=list(plan.follows),
                households=plan.concerned,
            )
            return await to_view(uow, self.kind, await propose(uow, self.kind, Signer.of(staff), new), staff)

    async def _try(self, uow: UnitOfWork, staff: Staff, code: str, request: R) -> Plan:
        plan = await self.plan(uow, staff, code, request)
        async with trial(uow):
            await self.carry_out(uow, plan, request, Hands(staff.id, None))
        return plan

    async def _execute(self, uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> None:
        """As it stands now, which may be another than when it was proposed."""
        stored = msgspec.convert(proposed.request, _Stored)
        request = msgspec.convert(stored.change, self.request)
        proposer = await find_staff(uow, proposed.proposer.id)
        plan = await self.plan(uow, proposer, stored.household, request)
        await self.carry_out(uow, plan, request, Hands(proposer.id, confirmer.id))
