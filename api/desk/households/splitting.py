"""Split a household: some of its people become one of their own, with a code, an account and a card of its own."""

from __future__ import annotations

from api import wire
from api.desk.households.two_people import Hands, HouseholdAct, Plan
from api.platform import accounts
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.register.changes import Change, ChangeKind, record_changes
from api.registry.register.changing import lock_for_change, read_place_names, require_past
from api.registry.register.lives import branch_household
from api.registry.register.moved_points import lock_points, move_points
from api.registry.register.queries import read_households_by_code, require_living


async def _plan(uow: UnitOfWork, staff: Staff, code: str, wanted: wire.SplitHousehold) -> Plan:
    [household] = await lock_for_change(uow, staff, code)
    require_living(household)
    require_past(uow, wanted.effective_on)
    if await read_households_by_code(uow, [wanted.code]):
        raise Refused(ErrorCode.ALREADY_THERE, f"户编号 {wanted.code} 已经有了，请另编一个。")
    places = await read_place_names(uow)
    if places.village_of.get(wanted.grid) != household.village:
        raise Refused(ErrorCode.UNKNOWN, "没有这个网格，或者它不在这个村，请重新选。")
    if wanted.people >= household.people:
        raise Refused(ErrorCode.MALFORMED, f"这户登记了 {household.people} 人，分出去的要少于这个数。")
    if wanted.points and not wanted.agreed:
        raise Refused(ErrorCode.MALFORMED, "积分是老户的，要户主同意才能带走；同意了请打勾。")
    balance = (await lock_points(uow, code)).get(code)
    left = balance.available - wanted.points if balance is not None else 0
    return Plan(
        household,
        f"{code} 户（{household.head}）分出 {wanted.code} 户（{wanted.head}，{wanted.people} 人），"
        f"带走 {wanted.points} 分",
        [
            f"{code} 户还有 {household.people - wanted.people} 人、{max(left, 0)} 分可用。",
            "户卡、荣誉分和以前的账都留在老户。",
            f"{wanted.code} 户从零记荣誉分，要另发一张户卡。",
        ],
        wanted.points,
        [code, wanted.code],
    )


async def _carry_out(uow: UnitOfWork, plan: Plan, wanted: wire.SplitHousehold, hands: Hands) -> None:
    old = plan.household
    id = await branch_household(uow, old, wanted)
    parted = Change(
        old.id,
        ChangeKind.SPLIT,
        {"people": old.people},
        {"people": old.people - wanted.people, "to": wanted.code, "points": plan.points},
    )
    begun = Change(
        id,
        ChangeKind.SPLIT,
        {},
        {"head": wanted.head, "people": wanted.people, "from": old.code, "points": plan.points},
    )
    await move_points(
        uow,
        ChangeKind.SPLIT,
        accounts.household(old.code),
        accounts.household(wanted.code),
        plan.points,
        person=str(hands.proposer),
        reason=f"从 {old.code} 户分出 {wanted.code} 户，带走的积分",
        confirmed_by=hands.confirmer,
        change=parted.id,
    )
    await record_changes(uow, [parted, begun], hands.proposer, wanted.reason, wanted.effective_on, hands.confirmer)


SPLITTING = HouseholdAct("household-split", "分户", wire.SplitHousehold, _plan, _carry_out)
