"""What tables of the register would change: new, changed and unchanged households, and those they don't have.

The plan is made without writing anything. A person who has seen it has it carried out, if the register is still as
it was then. A household that isn't in the table stays: points may be in its account.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Protocol
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select, update

from api import wire
from api.platform.access import Role, Staff, require_township
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.platform.table_files.table import Problem
from api.registry.register.changes import Change, ChangeKind, record_changes
from api.registry.register.members import read_members
from api.registry.register.mends import Mend, apply_mends, examine, keep_grids
from api.registry.register.place_codes import PlaceCodes, Renamed
from api.registry.register.register_table import Place, RegisterTable, iter_places
from api.registry.register.registered import Register, read_registered
from api.registry.register.search_key import make_search_key
from api.registry.register.staff_plan import StaffPlan, plan_staff
from api.registry.register.tables import Grid, Household, Village
from api.registry.register.use_cases import insert_grids, insert_households, insert_villages
from api.registry.staffing.use_cases import register_people
from api.wire.text import make_line_visible, search_form

BATCH = 1000
"""Households written at a time."""
_CHANGED_FIELDS: Mapping[ChangeKind, Sequence[str]] = {
    ChangeKind.HEAD: ("head",),
    ChangeKind.GRID: ("grid",),
    ChangeKind.PEOPLE: ("people", "adults"),
}
ReportProgress = Callable[[int, int], Awaitable[None]]
"""Given how many households are written, and of how many."""


class Compare(Protocol):
    """What a table would change of a register."""

    def __call__(self, register: Register, *, today: date) -> RegisterPlan: ...


@dataclass(frozen=True, slots=True)
class HouseholdChange:
    """`differences`: of each field that differs its title, what is in the register, and what the table has."""

    before: wire.NewHousehold
    household: wire.NewHousehold
    differences: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class RegisterPlan:
    """`gone`: codes in the register that the table doesn't have, of the villages that it has. `notes`: what is
    told and not decided. `mends`: those that are offered, whether they were chosen or not."""

    villages: Sequence[wire.NewVillage] = ()
    grids: Sequence[wire.NewGrid] = ()
    renamed: Sequence[Renamed] = ()
    new: Sequence[wire.NewHousehold] = ()
    changed: Sequence[HouseholdChange] = ()
    gone: Sequence[str] = ()
    unchanged: int = 0
    staff: StaffPlan = field(default_factory=StaffPlan)
    notes: Sequence[str] = field(default=(), compare=False)
    problems: Sequence[Problem] = field(default=(), compare=False)
    mends: Sequence[Mend] = field(default=(), compare=False)

    @property
    def is_empty(self) -> bool:
        return not (self.villages or self.grids or self.renamed or self.new or self.changed or self.staff.new)

    def digest(self) -> bytes:
        """Of what a person sees and confirms."""
        seen = replace(self, notes=(), problems=(), mends=())
        return hashlib.sha256(msgspec.json.encode(seen)).digest()


async def plan_register(services: Services, table: RegisterTable, choices: Mapping[str, str] = {}) -> RegisterPlan:
    async with services.unit_of_work() as uow:
        return await plan(uow, partial(compare_register, table=table, choices=choices))


async def apply_register(
    services: Services, staff: Staff, table: RegisterTable, seen: RegisterPlan, reason: str
) -> None:
    """Carry out the plan that a person has seen; `reason` stands with what changes.

    Raises Refused: not-allowed, malformed (with problems), wrong-state (it would be another plan now).
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await lock_register(uow)
        again = await plan(uow, partial(compare_register, table=table))
        await carry_out(uow, staff, again, seen.digest(), reason)


async def plan(uow: UnitOfWork, compare: Compare) -> RegisterPlan:
    """What would change of the register as it is now; in a thread, since a township has many households."""
    register = await read_registered(uow)
    return await asyncio.to_thread(compare, register, today=local_date(uow.now))


async def lock_register(uow: UnitOfWork) -> None:
    """Until the caller's transaction ends nobody else carries out a plan."""
    await uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtext("register"), uow.township)))


async def carry_out(
    uow: UnitOfWork,
    staff: Staff,
    plan: RegisterPlan,
    seen: bytes,
    reason: str,
    effective_on: date | None = None,
    report_progress: ReportProgress | None = None,
) -> None:
    """Write a plan that was made under the lock, if it is the one with this digest.

    Raises Refused: malformed (with problems), wrong-state (it is another one now).
    """
    if plan.problems:
        raise Refused(ErrorCode.MALFORMED, f"表里有 {len(plan.problems)} 处要改，改好再登记。")
    if plan.digest() != seen:
        raise outdated()
    writer = _Writer(uow, staff, reason, effective_on or local_date(uow.now))
    await writer.write(plan, report_progress or _ignore_progress)


def describe_source(file: str) -> str:
    """Why a household changed, where a table of this name says so."""
    return f"照表登记：{make_line_visible(file)[-100:]}"


def outdated() -> Refused:
    return Refused(ErrorCode.WRONG_STATE, "登记簿在这期间有了改动，请重新核对一遍再确认。")


async def _ignore_progress(written: int, planned: int) -> None:
    pass


def compare_register(
    register: Register, *, table: RegisterTable, today: date, choices: Mapping[str, str] = {}
) -> RegisterPlan:
    known_grids = keep_grids(table.households, register)
    examined = examine(known_grids, register)
    households = apply_mends(known_grids, examined.mends, choices)
    left = examined.list_problems(choices)
    places = PlaceCodes(register.villages, register.grids)
    wrong = [*places.add_villages(table.villages), *places.add_grids(table.grids)]
    new: list[wire.NewHousehold] = []
    changed: list[HouseholdChange] = []
    unsure: list[str] = []
    unchanged = 0
    codes: set[str] = set()
    villages: set[str] = set()
    flawed = {problem.place for problem in left}
    for place in iter_places(households):
        values = place.row.values
        if not {"household", "village", "grid", "head"} <= values.keys():
            if "household" in values:
                codes.add(values["household"])
            continue
        code: str = values["household"]
        codes.add(code)
        village = places.find_village(values["village"])
        villages.add(village)
        old = register.households.get(code)
        if code in register.ended:
            wrong.append(place.find_problem("household", f"编号 {code} 的户已经注销，请核对。"))
            continue
        if old is not None and old.village != village:
            told = (
                f"户编号 {code} 在登记簿里是{places.villages[old.village]}的，不能在表里改到别的村；"
                "真迁了村的，请在那一户的页上办。"
            )
            wrong.append(place.find_problem("village", told))
            continue
        if place.row.problems or place.find_problem("household", "").place in flawed:
            continue
        try:
            people, adults = _read_people(place, old, today, unsure)
        except ValueError as error:
            wrong.append(place.find_problem("members", str(error)))
            continue
        grid = places.find_grid(village, values["grid"])
        wanted = wire.NewHousehold(
            code=code, village=village, grid=grid, head=values["head"], people=people, adults=adults
        )
        if old is None:
            new.append(wanted)
        elif old == wanted:
            unchanged += 1
        else:
            changed.append(HouseholdChange(old, wanted, _tell_differences(old, wanted, places.grids)))
    known = register.households.keys() | {each.code for each in new}
    staff = plan_staff(table.staff, places, register.people, known)
    notes = (*places.tell_spellings(), *_tell_unsure(unsure), *_tell_twice(new, changed, register, places))
    return RegisterPlan(
        places.new_villages,
        places.new_grids,
        places.renamed,
        new,
        changed,
        sorted(code for code, old in register.households.items() if code not in codes and old.village in villages),
        unchanged,
        staff.plan,
        [*table.notes, *notes],
        sorted((*left, *wrong, *staff.problems), key=lambda each: each.row),
        examined.mends,
    )


def _read_people(
    place: Place, old: wire.NewHousehold | None, today: date, unsure: list[str]
) -> tuple[int, list[str]]:
    """How many they are, and grown-ups by name. Raises ValueError with a sentence."""
    values = place.row.values
    listed = None
    adults = old.adults if old is not None else []
    if "members" in values:
        listed = read_members(place.row.cells["members"], "家庭成员", values["head"], today)
        adults = [] if listed.unsure else list(dict.fromkeys(listed.adults))
        if listed.unsure:
            unsure.append(values["household"])
    count = values.get("people") or (listed and listed.count + 1) or (old and old.people) or 1
    if len(adults) >= 30:
        raise ValueError("家庭成员超过 29 人，请核对。")
    return int(count), adults


def _tell_unsure(codes: Sequence[str]) -> list[str]:
    if not codes:
        return []
    listed = "、".join(codes[:5]) + (f"等 {len(codes)} 户" if len(codes) > 5 else "")
    return [f"{listed}的家庭成员看不出谁已成年，只记户主和人数，不记成员的名字。"]


def _tell_twice(
    new: Iterable[wire.NewHousehold], changed: Iterable[HouseholdChange], register: Register, places: PlaceCodes
) -> list[str]:
    """Names of heads that stand at two households of a village: perhaps one person, perhaps two of one name."""
    fresh = [*new, *(each.household for each in changed)]
    by_name: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for each in (*register.households.values(), *fresh):
        by_name[each.village, search_form(each.head)][each.code] = each.head
    twice = {key for each in fresh if len(by_name[key := (each.village, search_form(each.head))]) > 1}
    told = []
    for village, name in sorted(twice):
        heads = by_name[village, name]
        told.append(
            f"{places.villages[village]}有 {len(heads)} 户的户主叫{next(iter(heads.values()))}"
            f"（{'、'.join(heads)}），是不是同一个人请核对；照表登记。"
        )
    more = [f"这样同名的户主还有 {len(told) - 20} 个。"] if len(told) > 20 else []
    return told[:20] + more


def _tell_differences(
    old: wire.NewHousehold, new: wire.NewHousehold, grids: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    pairs = (
        ("户主", old.head, new.head),
        ("网格", grids[old.grid], grids[new.grid]),
        ("人口", str(old.people), str(new.people)),
        ("成年成员", "、".join(old.adults) or "没有记", "、".join(new.adults) or "没有记"),
    )
    return [(title, before, after) for title, before, after in pairs if before != after]


@dataclass(frozen=True, slots=True)
class _Writer:
    uow: UnitOfWork
    staff: Staff
    reason: str
    effective_on: date

    async def write(self, plan: RegisterPlan, report_progress: ReportProgress) -> None:
        uow, planned = self.uow, len(plan.new) + len(plan.changed)
        await report_progress(0, planned)
        for each in plan.renamed:
            table = Village if each.is_village else Grid
            await uow.session.execute(
                update(table)
                .where(table.township == uow.township, table.code == each.code)
                .values(name=each.after)
            )
        if plan.villages:
            await insert_villages(uow, plan.villages)
        if plan.grids:
            await insert_grids(uow, plan.grids)
        for start in range(0, len(plan.new), BATCH):
            batch = plan.new[start : start + BATCH]
            await insert_households(uow, batch)
            await report_progress(start + len(batch), planned)
        for start in range(0, len(plan.changed), BATCH):
            changes = plan.changed[start : start + BATCH]
            await self._change(changes)
            await report_progress(len(plan.new) + start + len(changes), planned)
        if plan.staff.new:
            await register_people(uow, self.staff, plan.staff.new)

    async def _change(self, changes: Sequence[HouseholdChange]) -> None:
        """Raises Refused: wrong-state, where somebody else has changed one of them meanwhile."""
        uow = self.uow
        found = await uow.session.execute(
            select(Household.code, Household.id, Household.grid, Household.head, Household.people)
            .where(
                Household.township == uow.township,
                Household.code.in_([each.before.code for each in changes]),
                Household.ended_at.is_(None),
            )
            .order_by(Household.id)
            .with_for_update(key_share=True)
        )
        now = {code: (id, (grid, head, people)) for code, id, grid, head, people in found}
        before = [each.before for each in changes]
        if any(old.code not in now or now[old.code][1] != (old.grid, old.head, old.people) for old in before):
            raise outdated()
        connection = await uow.session.connection()
        await connection.execute(
            update(Household).where(Household.township == uow.township, Household.code == bindparam("changed")),
            [
                {
                    "changed": h.code,
                    "grid": h.grid,
                    "head": h.head,
                    "search_key": make_search_key(h.head),
                    "people": h.people,
                    "adults": h.adults,
                }
                for h in (each.household for each in changes)
            ],
        )
        recorded = [change for each in changes for change in _list_changes(now[each.before.code][0], each)]
        await record_changes(uow, recorded, self.staff.id, self.reason, self.effective_on)


def _list_changes(id: UUID, change: HouseholdChange) -> Iterator[Change]:
    """What of a household differs, by what is recorded of it."""
    for kind, fields in _CHANGED_FIELDS.items():
        before, after = (
            {name: getattr(each, name) for name in fields} for each in (change.before, change.household)
        )
        if before != after:
            yield Change(id, kind, before, after)
