"""Change a household's head, grid, number of people or village; read how it has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update

from api import wire
from api.platform.access import Role, Staff, require, require_township
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import read_names
from api.registry.register.changes import Change, ChangeKind, record_changes
from api.registry.register.merged import read_remaining
from api.registry.register.queries import (
    HouseholdFacts,
    lock_households,
    read_households_by_code,
    require_living,
)
from api.registry.register.search_key import make_search_key
from api.registry.register.tables import Grid, Household, RecordedChange, Village
from api.wire.names import mask_name

READERS = (Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR, Role.GRID_LEADER, Role.CHIEF_GRID_LEADER)
CHANGERS = (Role.OFFICE, Role.COMMITTEE)


@dataclass(frozen=True, slots=True)
class PlaceNames:
    """The names of villages and grids, by code, and each grid's village."""

    villages: Mapping[str, str]
    grids: Mapping[str, str]
    village_of: Mapping[str, str]


async def read_place_names(uow: UnitOfWork) -> PlaceNames:
    villages = await uow.session.execute(
        select(Village.code, Village.name).where(Village.township == uow.township).order_by(Village.code)
    )
    grids = (
        await uow.session.execute(
            select(Grid.code, Grid.name, Grid.village).where(Grid.township == uow.township).order_by(Grid.code)
        )
    ).all()
    return PlaceNames(
        dict(villages.all()),
        {code: name for code, name, _ in grids},
        {code: village for code, _, village in grids},
    )


async def find_household(uow: UnitOfWork, staff: Staff, code: str) -> HouseholdFacts:
    """A household that this person serves, living or not. Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    found = (await read_households_by_code(uow, [code])).get(code)
    if found is None or not staff.serves(found.village):
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的户。")
    return found


async def lock_for_change(uow: UnitOfWork, staff: Staff, *codes: str) -> list[HouseholdFacts]:
    """Households that this person may change, living or not, locked until the caller's transaction ends. Nobody
    changes their own.

    Raises Refused: not-allowed, unknown.
    """
    require(staff, *CHANGERS)
    found = [await find_household(uow, staff, code) for code in codes]
    require_not_own(staff, *codes)
    await lock_households(uow, [household.id for household in found])
    known = await read_households_by_code(uow, codes)
    return [known[code] for code in codes]


def require_not_own(staff: Staff, *codes: str) -> None:
    """Nobody changes their own household or a declared relative's. Raises Refused: not-allowed."""
    recusal = staff.find_recusal(codes, "自己家的户，请由别人办理。")
    if recusal:
        raise Refused(ErrorCode.NOT_ALLOWED, recusal)


def require_past(uow: UnitOfWork, effective_on: date) -> None:
    """What hasn't come yet isn't written down. Raises Refused: date-wrong."""
    if effective_on > local_date(uow.now):
        raise Refused(ErrorCode.DATE_WRONG, "日期还没有到，请在那天以后再办。")


async def preview_change(services: Services, staff: Staff, code: str, wanted: wire.ChangedHousehold) -> list[str]:
    """What would follow, in sentences. Raises as `change_household`."""
    async with services.unit_of_work() as uow:
        household, changes, places = await _plan(uow, staff, code, wanted)
        told = [describe_change(change.kind, change.before, change.after, places) for change in changes]
        return [*told, *(line for change in changes for line in _tell_consequences(household, change))]


async def change_household(
    services: Services, staff: Staff, code: str, wanted: wire.ChangedHousehold
) -> wire.HouseholdView:
    """By the office, or the committee of its village; to another village by the township's office alone. The same
    again changes nothing.

    Raises Refused: not-allowed, unknown, household-ended, date-wrong, malformed.
    """
    async with services.unit_of_work() as uow:
        household, changes, _ = await _plan(uow, staff, code, wanted)
        values = {name: value for change in changes for name, value in change.after.items()}
        if "head" in values:
            values["search_key"] = make_search_key(values["head"])
        if values:
            await uow.session.execute(
                update(Household)
                .where(Household.township == uow.township, Household.id == household.id)
                .values(**values)
            )
        await record_changes(uow, changes, staff.id, wanted.reason, wanted.effective_on)
        return to_view((await read_households_by_code(uow, [code]))[code])


async def _plan(
    uow: UnitOfWork, staff: Staff, code: str, wanted: wire.ChangedHousehold
) -> tuple[HouseholdFacts, list[Change], PlaceNames]:
    [household] = await lock_for_change(uow, staff, code)
    require_living(household)
    require_past(uow, wanted.effective_on)
    places = await read_place_names(uow)
    village = wanted.village or household.village
    grid = wanted.grid or household.grid
    if places.village_of.get(grid) != village:
        raise Refused(ErrorCode.UNKNOWN, "没有这个网格，或者它不在那个村，请重新选。")
    if village != household.village:
        require_township(staff, Role.OFFICE)
    moved = {"village": village, "grid": grid} if village != household.village else {"grid": grid}
    fields = (
        (ChangeKind.HEAD, {"head": wanted.head or household.head}),
        (ChangeKind.MOVE if village != household.village else ChangeKind.GRID, moved),
        (ChangeKind.PEOPLE, {"people": wanted.people or household.people}),
    )
    changes = [
        Change(household.id, kind, before, after)
        for kind, after in fields
        if (before := {name: getattr(household, name) for name in after}) != after
    ]
    return household, changes, places


def _tell_consequences(household: HouseholdFacts, change: Change) -> list[str]:
    match change.kind:
        case ChangeKind.HEAD:
            return [
                f"以后的公示和小票写{mask_name(change.after['head'])}家；以前说过的仍写{mask_name(household.head)}家。",
                "户编号、积分、户卡和密码都不变。",
            ]
        case ChangeKind.GRID:
            return ["户编号、积分和户卡都不变；以后由新网格的人申报。"]
        case ChangeKind.PEOPLE:
            return ["按人口计分的条目从现在起用新的人数，以前算过的不变。"]
        case ChangeKind.MOVE:
            return [
                "户编号、积分、户卡和以前的账都跟着走。",
                "从迁入那天起做的事，按新村的积分办法算；那天以前做的，仍按老村的算。",
                "已经在公示的，在老村公示完。",
                "留在老村终端的积分，等那台终端联网后自己退回。",
            ]
    return []


def describe_change(kind: str, before: Mapping[str, Any], after: Mapping[str, Any], places: PlaceNames) -> str:
    """A change in one sentence, for whoever may see the household."""
    match kind:
        case ChangeKind.HEAD:
            return f"户主：{before['head']} → {after['head']}"
        case ChangeKind.GRID:
            return f"网格：{places.grids.get(before['grid'], '')} → {places.grids.get(after['grid'], '')}"
        case ChangeKind.PEOPLE:
            return f"人口：{before['people']} → {after['people']}"
        case ChangeKind.MOVE:
            old, new = (
                f"{places.villages.get(each['village'], '')}{places.grids.get(each['grid'], '')}"
                for each in (before, after)
            )
            return f"迁村：{old} → {new}"
        case ChangeKind.SPLIT if "from" in after:
            return f"从 {after['from']} 户分出，带来 {after['points']} 分"
        case ChangeKind.SPLIT:
            return f"分出 {after['to']} 户，带走 {after['points']} 分"
        case ChangeKind.MERGE if "into" in after:
            return f"并入 {after['into']} 户，转去 {after['points']} 分"
        case ChangeKind.MERGE:
            return f"并来 {after['from']} 户，转来 {after['points']} 分"
        case ChangeKind.REVIVE if after.get("back_from") == "":
            return "恢复，又是一户"
        case ChangeKind.REVIVE if "back_from" in after:
            return f"从 {after['back_from']} 户分回，带回 {after['points']} 分"
        case ChangeKind.REVIVE:
            return f"{after['back']} 户分回，带走 {after['points']} 分"
        case ChangeKind.END if after.get("kept_until"):
            return f"销户，{after['points']} 分保留到 {after['kept_until']}"
        case ChangeKind.END | ChangeKind.CLEAR:
            return f"{'销户' if kind == ChangeKind.END else '清户'}，{after['points']} 分归乡镇"
    return kind


async def read_history(uow: UnitOfWork, household: HouseholdFacts) -> list[wire.HouseholdChange]:
    """How it has changed, latest first."""
    changes = (
        await uow.session.scalars(
            select(RecordedChange)
            .where(RecordedChange.township == uow.township, RecordedChange.household == household.id)
            .order_by(RecordedChange.recorded_at.desc(), RecordedChange.id.desc())
        )
    ).all()
    places = await read_place_names(uow)
    people = {id for change in changes for id in (change.person, change.confirmed_by) if id is not None}
    names = await read_names(uow, people) if people else {}
    return [
        wire.HouseholdChange(
            kind=change.kind,
            what=describe_change(change.kind, change.before, change.after, places),
            effective_on=change.effective_on,
            recorded_at=change.recorded_at,
            by=names.get(change.person, ""),
            confirmed_by=names.get(change.confirmed_by, "") if change.confirmed_by is not None else "",
            reason=change.reason,
        )
        for change in changes
    ]


async def read_kept_until(uow: UnitOfWork, household: HouseholdFacts) -> date | None:
    """Until when the points of an ended household are kept in its account; None where that wasn't said."""
    after = await uow.session.scalar(
        select(RecordedChange.after)
        .where(
            RecordedChange.township == uow.township,
            RecordedChange.household == household.id,
            RecordedChange.kind == ChangeKind.END,
        )
        .order_by(RecordedChange.recorded_at.desc())
        .limit(1)
    )
    kept_until = (after or {}).get("kept_until")
    return date.fromisoformat(kept_until) if kept_until else None


async def show_household(services: Services, staff: Staff, code: str) -> wire.HouseholdView:
    """Raises Refused: not-allowed, unknown."""
    async with services.unit_of_work() as uow:
        household = await find_household(uow, staff, code)
        remaining = await read_remaining(uow, household)
        return to_view(household, became=remaining.code if remaining.id != household.id else "")


async def list_history(services: Services, staff: Staff, code: str) -> list[wire.HouseholdChange]:
    """Latest first. Raises Refused: not-allowed, unknown."""
    async with services.unit_of_work() as uow:
        return await read_history(uow, await find_household(uow, staff, code))


def to_view(household: HouseholdFacts, became: str = "") -> wire.HouseholdView:
    return wire.HouseholdView(
        id=household.id,
        code=household.code,
        head=household.head,
        village=household.village,
        grid=household.grid,
        people=household.people,
        ended_at=household.ended_at,
        became=became,
    )
