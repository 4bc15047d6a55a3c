"""Revive a household: a merger or an end was wrong, or the family is back before its points went."""

from __future__ import annotations

from api import wire
from api.desk.households.two_people import Hands, HouseholdAct, Plan
from api.platform import accounts
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.register.changes import Change, ChangeKind, record_changes
from api.registry.register.changing import lock_for_change, require_past
from api.registry.register.lives import revive_household
from api.registry.register.merged import read_remaining
from api.registry.register.moved_points import lock_points, move_points
from api.registry.register.queries import read_households_by_code


async def _plan(uow: UnitOfWork, staff: Staff, code: str, wanted: wire.RevivedHousehold) -> Plan:
    found = (await read_households_by_code(uow, [code])).get(code)
    remaining = await read_remaining(uow, found) if found is not None else None
    others = [remaining.code] if remaining is not None and remaining.code != code else []
    household, *rest = await lock_for_change(uow, staff, code, *others)
    require_past(uow, wanted.effective_on)
    if household.is_living:
        raise Refused(ErrorCode.WRONG_STATE, f"{code} 户没有销户，也没有并入别的户，不用恢复。")
    balances = await lock_points(uow, code, *others)
    if code not in balances:
        raise Refused(ErrorCode.ACCOUNT_CLOSED, "这户的积分已经归乡镇、账户关闭了；回来了请重新登记一户。")
    follows = ["要给它重新发一张户卡。"]
    if not rest:
        if wanted.points:
            raise Refused(ErrorCode.MALFORMED, "销户的积分还在这户账上，不用另外带回，请填 0。")
        what = f"恢复 {code} 户（{household.head}），它账上的 {balances[code].posted} 分又能用"
        return Plan(household, what, follows, 0, [code])
    other = rest[0]
    follows.append(f"以前的账、申报和荣誉分又各算各的；合并以后为 {other.code} 户申报的，留在 {other.code} 户。")
    what = f"{code} 户（{household.head}）从 {other.code} 户（{other.head}）分回，带回 {wanted.points} 分"
    return Plan(household, what, follows, wanted.points, [code, *others], other)


async def _carry_out(uow: UnitOfWork, plan: Plan, wanted: wire.RevivedHousehold, hands: Hands) -> None:
    household, other = plan.household, plan.other
    await revive_household(uow, household)
    after = {"points": plan.points, **({"back_from": other.code} if other is not None else {"back_from": ""})}
    revived = Change(household.id, ChangeKind.REVIVE, {}, after)
    changes = [revived]
    if other is not None:
        await move_points(
            uow,
            ChangeKind.REVIVE,
            accounts.household(other.code),
            accounts.household(household.code),
            plan.points,
            person=str(hands.proposer),
            reason=f"{household.code} 户从 {other.code} 户分回，带回的积分",
            confirmed_by=hands.confirmer,
            change=revived.id,
        )
        changes.append(Change(other.id, ChangeKind.REVIVE, {}, {"points": plan.points, "back": household.code}))
    await record_changes(uow, changes, hands.proposer, wanted.reason, wanted.effective_on, hands.confirmer)


REVIVING = HouseholdAct("household-revive", "恢复户", wire.RevivedHousehold, _plan, _carry_out)
