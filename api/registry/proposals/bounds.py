"""Up to where one person decides alone: the township's policy, changed by two people like all else."""

from __future__ import annotations

from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Role, Staff, require_township
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.decided import read_latest
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.tables import AdoptedApprovalPolicy, Proposal
from api.registry.proposals.use_cases import NewProposal, ProposalKind, Proposed, Signer, propose, to_view

DEFAULT = wire.ApprovalPolicy(stocktake_points=300, price_percent=20, cards=3, first_cards=20)

PROPOSERS = (Role.OFFICE, Role.SUPERVISOR)
SENTENCES = {
    "stocktake_points": "一家超市三十天的盘点盈亏，{} 分以内。",
    "price_percent": "三十天里改动一种物品的分值，{}% 以内。",
    "cards": "一天里补换的、给有积分的户发的卡，{} 张以内。",
    "first_cards": "一天里发的别的卡，{} 张以内。",
}
"""What one person may do alone, with the bound of each."""


async def read_policy(uow: UnitOfWork) -> wire.ApprovalPolicy:
    row = await read_latest(uow, AdoptedApprovalPolicy)
    return DEFAULT if row is None else wire.ApprovalPolicy(**_values(row))


def _values(row: AdoptedApprovalPolicy) -> dict[str, int]:
    return {name: getattr(row, name) for name in wire.ApprovalPolicy.__struct_fields__}


async def show_policy(services: Services) -> wire.ApprovalPolicyView:
    async with services.unit_of_work() as uow:
        row = await read_latest(uow, AdoptedApprovalPolicy)
        if row is None:
            return wire.ApprovalPolicyView(**msgspec.to_builtins(DEFAULT))
        proposal = await uow.session.get(Proposal, (uow.township, row.proposal)) if row.proposal else None
        return wire.ApprovalPolicyView(
            **_values(row),
            since=row.since,
            proposed_by=proposal.proposed_by if proposal is not None else "",
            confirmed_by=proposal.closed_by if proposal is not None else "",
        )


async def propose_policy(
    services: Services, staff: Staff, wanted: wire.ApprovalPolicy
) -> wire.ProposalView | wire.ApprovalPolicyView:
    """The policy in force, where it is this one already. Raises Refused: not-allowed."""
    require_township(staff, *PROPOSERS)
    async with services.unit_of_work() as uow:
        now = await read_policy(uow)
        if now != wanted:
            new = NewProposal(request=wanted, what=f"{describe(wanted)}（现在是：{describe(now)}）", village=None)
            return await to_view(uow, POLICY, await propose(uow, POLICY, Signer.of(staff), new), staff)
    return await show_policy(services)


def describe(policy: wire.ApprovalPolicy) -> str:
    each = (sentence.format(getattr(policy, name)).rstrip("。") for name, sentence in SENTENCES.items())
    return f"一个人可以单独办的：{'；'.join(each)}"


async def adopt(uow: UnitOfWork, wanted: wire.ApprovalPolicy, proposal: UUID | None = None) -> None:
    """From now on. Without a proposal: those that the township is founded with."""
    uow.session.add(
        AdoptedApprovalPolicy(
            township=uow.township,
            id=proposal or uuid7(),
            proposal=proposal,
            since=uow.now,
            **msgspec.to_builtins(wanted),
        )
    )


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> wire.ApprovalPolicy:
    wanted = msgspec.convert(proposed.request, wire.ApprovalPolicy)
    await adopt(uow, wanted, proposed.id)
    return wanted


POLICY = ProposalKind(
    "approval-policy", "单独办理的限度", Confirmers((Role.OFFICE, Role.SUPERVISOR), two_bodies=True), _execute
)
