"""End a household that died out or moved away; what points it leaves is told, and never silently taken."""

from __future__ import annotations

from datetime import date, timedelta

from api import wire
from api.desk.households.two_people import Hands, HouseholdAct, Plan
from api.desk.households.under_way import read_under_way, require_settled
from api.platform import accounts
from api.platform.access import Staff
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.cards.use_cases import EndReason, end_cards
from api.registry.register.changes import Change, ChangeKind, record_changes
from api.registry.register.changing import lock_for_change, read_kept_until, require_past
from api.registry.register.lives import end_household
from api.registry.register.merged import read_absorbed
from api.registry.register.moved_points import lock_points, move_points
from api.registry.register.queries import HouseholdFacts, read_households

LONGEST_KEPT = timedelta(days=3 * 366)


async def _plan(uow: UnitOfWork, staff: Staff, code: str, wanted: wire.EndedHousehold) -> Plan:
    """For an ended household whose points were kept: that they go to the township now."""
    [household] = await lock_for_change(uow, staff, code)
    require_past(uow, wanted.effective_on)
    absorbed = await read_households(uow, await read_absorbed(uow, [household.id]))
    require_settled(await read_under_way(uow, [household, *absorbed.values()]))
    balance = (await lock_points(uow, code)).get(code)
    if household.merged_into is not None or balance is None:
        raise Refused(ErrorCode.HOUSEHOLD_ENDED, f"{code} 户已经并入别的户，或者销户清过了。")
    points = balance.available
    who = f"{code} 户（{household.head}）"
    if not household.is_living:
        await _require_kept_long_enough(uow, household)
        what = f"{who}销户时保留的 {points} 分归乡镇"
        return Plan(household, what, ["账户关闭；以前的账都还查得到。"], points, [code])
    follows = ["户卡作废，以后不能再为这户申报、发卡、预留；以前的账和公示都还查得到。"]
    if wanted.kept_until is None:
        what = f"{who}销户，{points} 分归乡镇"
        follows.append("积分账户关闭。这户再回来，要重新登记一户。")
        return Plan(household, what, follows, points, [code])
    _require_sensible(uow, wanted.kept_until)
    told = f"{wanted.kept_until.year}年{wanted.kept_until.month}月{wanted.kept_until.day}日"
    follows.append(f"积分留在这户账上，谁也用不了；到 {told}以后，再由两个人办理归乡镇。回来了可以恢复。")
    return Plan(household, f"{who}销户，{points} 分保留到 {told}", follows, 0, [code])


def _require_sensible(uow: UnitOfWork, kept_until: date) -> None:
    today = local_date(uow.now)
    if not today < kept_until <= today + LONGEST_KEPT:
        raise Refused(ErrorCode.DATE_WRONG, "保留到的日子要在今天以后、三年以内。")


async def _require_kept_long_enough(uow: UnitOfWork, household: HouseholdFacts) -> None:
    kept_until = await read_kept_until(uow, household)
    if kept_until is not None and local_date(uow.now) <= kept_until:
        told = f"{kept_until.year}年{kept_until.month}月{kept_until.day}日"
        raise Refused(ErrorCode.NOT_OVER, f"这户的积分说好保留到 {told}，那天过后才能归乡镇。")


async def _carry_out(uow: UnitOfWork, plan: Plan, wanted: wire.EndedHousehold, hands: Hands) -> None:
    household = plan.household
    kind = ChangeKind.END if household.is_living else ChangeKind.CLEAR
    keeps = household.is_living and wanted.kept_until is not None
    await end_cards(uow, [household.id], hands.proposer, EndReason.ENDED)
    if household.is_living:
        await end_household(uow, household)
    account = accounts.household(household.code)
    kept = (await lock_points(uow, household.code))[household.code].posted if keeps else plan.points
    after = {"points": kept, "kept_until": wanted.kept_until.isoformat() if keeps and wanted.kept_until else ""}
    change = Change(household.id, kind, {}, after)
    if not keeps:
        await uow.books.open_accounts([accounts.EXPIRED], uow.now)
        reason = f"{household.code} 户销户，积分归乡镇"
        await move_points(
            uow,
            kind,
            account,
            accounts.EXPIRED,
            plan.points,
            person=str(hands.proposer),
            reason=reason,
            confirmed_by=hands.confirmer,
            change=change.id,
        )
        await uow.books.close_account(account.id, uow.now, person=str(hands.proposer), reason=reason)
    await record_changes(uow, [change], hands.proposer, wanted.reason, wanted.effective_on, hands.confirmer)


ENDING = HouseholdAct("household-end", "销户", wire.EndedHousehold, _plan, _carry_out)
