"""What a table of the register would change: new, changed and unchanged households, and those it doesn't have.

The plan is made without writing anything. A person who has seen it has it carried out, if the register is still as
it was then. A household that isn't in the table stays: points may be in its account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, insert, select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.platform.table_files.table import Problem
from api.registry.register.register_table import RegisterTable, grid_key, village_key
from api.registry.register.search_key import make_search_key
from api.registry.register.tables import Grid, Household, Village
from api.wire.base import from_store
from api.wire.text import look_alike_form


@dataclass(frozen=True, slots=True)
class HouseholdChange:
    """`differences`: of each field that differs its title, what is in the register, and what the table has."""

    household: wire.NewHousehold
    differences: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class RegisterPlan:
    """`gone`: codes in the register that the table doesn't have, of the villages that it has."""

    villages: Sequence[wire.NewVillage] = ()
    grids: Sequence[wire.NewGrid] = ()
    new: Sequence[wire.NewHousehold] = ()
    changed: Sequence[HouseholdChange] = ()
    gone: Sequence[str] = ()
    unchanged: int = 0
    problems: Sequence[Problem] = field(default=(), compare=False)

    @property
    def is_empty(self) -> bool:
        return not (self.villages or self.grids or self.new or self.changed)


@dataclass(frozen=True, slots=True)
class Register:
    """What is registered: villages' names, grids (code, village, name), and households, by code."""

    villages: Mapping[str, str]
    grids: Sequence[tuple[str, str, str]]
    households: Mapping[str, wire.NewHousehold]


async def plan_register(services: Services, table: RegisterTable) -> RegisterPlan:
    async with services.unit_of_work() as uow:
        return compare_register(await _read(uow), table)


async def apply_register(services: Services, staff: Staff, table: RegisterTable, seen: RegisterPlan) -> None:
    """Carry out the plan that a person has seen.

    Raises Refused: not-allowed, malformed (with problems), wrong-state (it would be another plan now).
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        plan = compare_register(await _read(uow), table)
        if plan.problems:
            raise Refused(ErrorCode.MALFORMED, f"表里有 {len(plan.problems)} 处要改，改好再登记。")
        if plan != seen:
            raise Refused(ErrorCode.WRONG_STATE, "登记簿在这期间有了改动，请重新核对一遍再确认。")
        await _write(uow, plan)


def compare_register(register: Register, table: RegisterTable) -> RegisterPlan:
    places = _Places(register.villages, register.grids)
    new: list[wire.NewHousehold] = []
    changed: list[HouseholdChange] = []
    wrong: list[Problem] = []
    unchanged = 0
    codes = {row.values.get("household") for row in table.table.rows}
    alike = {look_alike_form(code): code for code in register.households if code not in codes}
    for row, place in zip(table.rows, table.places, strict=True):
        village = places.find_village(row.village)
        old = register.households.get(row.code)
        known = alike.get(look_alike_form(row.code)) if old is None else None
        if known is not None:
            # A spreadsheet takes leading zeros away, and people write O for 0.
            told = f"户编号 {row.code} 很像登记簿里的 {known}，表里没有那一户；请核对是不是写错了。"
            wrong.append(table.table.find_problem(place, "household", told))
            continue
        if old is not None and old.village != village:
            told = f"户编号 {row.code} 在登记簿里是{places.villages[old.village]}的，不能改到别的村。"
            wrong.append(table.table.find_problem(place, "village", told))
            continue
        grid = places.find_grid(village, row.grid)
        people = row.people or (old.people if old is not None else 1)
        wanted = wire.NewHousehold(code=row.code, village=village, grid=grid, head=row.head, people=people)
        if old is None:
            new.append(wanted)
        elif old == wanted:
            unchanged += 1
        else:
            changed.append(HouseholdChange(wanted, _tell_differences(old, wanted, places.grids)))
    villages = {places.find_village(row.village) for row in table.rows}
    return RegisterPlan(
        places.new_villages,
        places.new_grids,
        new,
        changed,
        sorted(code for code, old in register.households.items() if code not in codes and old.village in villages),
        unchanged,
        sorted((*table.problems, *wrong), key=lambda each: each.row),
    )


def _tell_differences(
    old: wire.NewHousehold, new: wire.NewHousehold, grids: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    pairs = (
        ("户主", old.head, new.head),
        ("网格", grids[old.grid], grids[new.grid]),
        ("人口", str(old.people), str(new.people)),
    )
    return [(title, before, after) for title, before, after in pairs if before != after]


async def _read(uow: UnitOfWork) -> Register:
    villages = await uow.session.execute(
        select(Village.code, Village.name).where(Village.township == uow.township).order_by(Village.code)
    )
    grids = await uow.session.execute(
        select(Grid.code, Grid.village, Grid.name).where(Grid.township == uow.township).order_by(Grid.code)
    )
    households = await uow.session.execute(
        select(Household.code, Household.village, Household.grid, Household.head, Household.people).where(
            Household.township == uow.township
        )
    )
    with from_store():
        return Register(
            {code: name for code, name in villages},
            [(code, village, name) for code, village, name in grids],
            {
                code: wire.NewHousehold(code=code, village=village, grid=grid, head=head, people=people)
                for code, village, grid, head, people in households
            },
        )


class _Places:
    """Villages and grids by any spelling of their names. One that isn't there gets a code, in the order of the
    table."""

    def __init__(self, villages: Mapping[str, str], grids: Iterable[tuple[str, str, str]]) -> None:
        self.villages = dict(villages)
        self.grids: dict[str, str] = {}
        self.new_villages: list[wire.NewVillage] = []
        self.new_grids: list[wire.NewGrid] = []
        self._by_name = {village_key(name): code for code, name in villages.items()}
        self._by_grid: dict[tuple[str, str], str] = {}
        for code, village, name in grids:
            self.grids[code] = name
            self._by_grid.setdefault((village, grid_key(name)), code)

    def find_village(self, name: str) -> str:
        key = village_key(name)
        if key not in self._by_name:
            code = _next_code("v", self.villages)
            self.new_villages.append(wire.NewVillage(code=code, name=name))
            self.villages[code], self._by_name[key] = name, code
        return self._by_name[key]

    def find_grid(self, village: str, name: str) -> str:
        key = village, grid_key(name)
        if key not in self._by_grid:
            code = _next_code(f"{village}-", self.grids)
            self.new_grids.append(wire.NewGrid(code=code, village=village, name=name))
            self.grids[code], self._by_grid[key] = name, code
        return self._by_grid[key]


def _next_code(prefix: str, taken: Iterable[str]) -> str:
    codes = set(taken)
    return next(code for n in range(1, len(codes) + 2) if (code := f"{prefix}{n:02}") not in codes)


async def _write(uow: UnitOfWork, plan: RegisterPlan) -> None:
    def rows(records: Iterable[wire.NewVillage | wire.NewGrid | wire.NewHousehold]) -> list[dict[str, object]]:
        return [
            {"township": uow.township} | {name: getattr(each, name) for name in each.__struct_fields__}
            for each in records
        ]

    if plan.villages:
        await uow.session.execute(insert(Village), rows(plan.villages))
    if plan.grids:
        await uow.session.execute(insert(Grid), rows(plan.grids))
    if plan.new:
        await uow.session.execute(insert(Household), [row | {"id": uuid7()} for row in rows(plan.new)])
        await uow.books.open_accounts([accounts.household(each.code) for each in plan.new], uow.now)
    if plan.changed:
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
                }
                for h in (each.household for each in plan.changed)
            ],
        )
