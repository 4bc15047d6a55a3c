"""Merge a household into another: one that was found twice, or two that have become one.

Its points go to the remaining one by an ordinary transaction; what is still under way comes to its own account and
is carried on. Its entries, claims and notices stay under its own code, and count with the remaining one's.
"""

from __future__ import annotations

from api import wire
from api.desk.households.two_people import Hands, HouseholdAct, Plan
from api.desk.households.under_way import read_under_way, require_no_promises
from api.platform import accounts
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.cards.use_cases import EndReason, end_cards, hand_over_card
from api.registry.people.queries import find_staff
from api.registry.proposals.use_cases import Signer
from api.registry.register.changes import Change, ChangeKind, record_changes
from api.registry.register.changing import lock_for_change, require_past
from api.registry.register.lives import end_household
from api.registry.register.moved_points import lock_points, move_points
from api.registry.register.queries import require_living


async def _plan(uow: UnitOfWork, staff: Staff, code: str, wanted: wire.MergedHousehold) -> Plan:
    if wanted.into == code:
        raise Refused(ErrorCode.WRONG_STATE, "一户不能并入自己，请填另一户的编号。")
    household, into = await lock_for_change(uow, staff, code, wanted.into)
    require_living(household)
    require_living(into)
    require_past(uow, wanted.effective_on)
    under_way = await read_under_way(uow, [household])
    require_no_promises(under_way)
    if wanted.card_goes_on and under_way.leases:
        raise Refused(
            ErrorCode.WRONG_STATE,
            f"这户还有积分留在终端：{'、'.join(under_way.leases)}。等退回以后再让它的卡接着用，或者不接着用。",
        )
    balances = await lock_points(uow, code, wanted.into)
    if len(balances) < 2:
        raise Refused(ErrorCode.ACCOUNT_CLOSED, "其中一户的积分账户已经关闭，不能合并。")
    points = balances[code].available
    card = (
        f"{code} 的户卡以后就是 {into.code} 的，{into.code} 原来的卡作废"
        if wanted.card_goes_on
        else f"{code} 的户卡作废"
    )
    follows = [
        f"{card}。",
        f"{code} 以前的账、申报和公示仍写它自己，在 {into.code} 的页上能点开；荣誉分和各项上限两户合起来算。",
        f"{into.code} 的户主、网格和人口不变，要改请另改。",
    ]
    later = [
        *([f"{under_way.claims} 件没办完的申报"] if under_way.claims else []),
        *(f"留在{lease}" for lease in under_way.leases),
        *(f"预留的 {hold}" for hold in under_way.holds),
    ]
    if later:
        follows.append(f"还没有了结的：{'、'.join(later)}。入账、解除或退回以后，自动转到 {into.code}。")
    return Plan(
        household,
        f"{code} 户（{household.head}）并入 {into.code} 户（{into.head}），{points} 分转过去",
        follows,
        points,
        [code, into.code],
        into,
    )


async def _carry_out(uow: UnitOfWork, plan: Plan, wanted: wire.MergedHousehold, hands: Hands) -> None:
    household, into = plan.household, plan.other
    assert into is not None
    if wanted.card_goes_on:
        by = Signer.of(await find_staff(uow, hands.proposer))
        await hand_over_card(uow, household, into.id, by)
    await end_cards(uow, [household.id], hands.proposer, EndReason.MERGED)
    await end_household(uow, household, merged_into=into.id)
    given = Change(household.id, ChangeKind.MERGE, {}, {"into": into.code, "points": plan.points})
    taken = Change(into.id, ChangeKind.MERGE, {}, {"from": household.code, "points": plan.points})
    await move_points(
        uow,
        ChangeKind.MERGE,
        accounts.household(household.code),
        accounts.household(into.code),
        plan.points,
        person=str(hands.proposer),
        reason=f"{household.code} 户并入 {into.code} 户",
        confirmed_by=hands.confirmer,
        change=given.id,
    )
    await record_changes(uow, [given, taken], hands.proposer, wanted.reason, wanted.effective_on, hands.confirmer)


MERGING = HouseholdAct("household-merge", "并户", wire.MergedHousehold, _plan, _carry_out)
