"""People of the grids and the committees in a table: who is new, and what login is proposed for them.

They get no password: each sets their own by an invitation. What somebody who is registered already may do is never
changed by a table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from api import wire
from api.platform.table_files.table import Problem, Table
from api.registry.people.queries import PersonFacts
from api.registry.register.place_codes import PlaceCodes
from api.registry.register.register_table import DUTIES, TOWNSHIP_WORDS, Place, iter_places
from api.registry.register.search_key import read_pinyin
from api.wire.text import search_form

_NO_LETTER = re.compile(r"[^a-z]")
_MAX_LOGIN = 30


@dataclass(frozen=True, slots=True)
class StaffPlan:
    """`known`: how many are registered already. `differing`: sentences of those of them that the table has with
    other duties, another grid or another household."""

    new: Sequence[wire.NewPerson] = ()
    known: int = 0
    differing: Sequence[str] = ()


@dataclass(slots=True)
class PlannedStaff:
    plan: StaffPlan
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Person:
    """Somebody of the table, with the duties of all their rows."""

    name: str
    village: str | None
    roles: list[str]
    grid: str | None
    household: str | None


def plan_staff(
    tables: Sequence[Table], places: PlaceCodes, registered: Sequence[PersonFacts], households: Collection[str]
) -> PlannedStaff:
    """`households`: codes that their own may have."""
    problems: list[Problem] = []
    people: dict[tuple[str, str | None], _Person] = {}
    for place in iter_places(tables):
        if place.row.problems:
            problems += place.row.problems
            continue
        person = _read_person(place, places)
        if person.household is not None and person.household not in households:
            told = f"没有编号是 {person.household} 的户，请核对；不知道就空着。"
            problems.append(place.find_problem("household", told))
            continue
        same = people.setdefault((search_form(person.name), person.village), person)
        if same is person:
            continue
        if None not in (same.grid, person.grid) and same.grid != person.grid:
            told = f"{person.name}在表里有两个网格；是一个人请只留一行，是两个人请在姓名后面加字区别。"
            problems.append(place.find_problem("grid", told))
            continue
        same.roles += [role for role in person.roles if role not in same.roles]
        same.grid, same.household = same.grid or person.grid, same.household or person.household
    return PlannedStaff(_compare(people.values(), places, registered), problems)


def _read_person(place: Place, places: PlaceCodes) -> _Person:
    values = place.row.values
    township = values["village"].strip() in TOWNSHIP_WORDS
    village = None if township else places.find_village(values["village"])
    grid = places.find_grid(village, values["grid"]) if village is not None and "grid" in values else None
    roles = [str(role) for role in values["duties"]]
    return _Person(values["name"], village, roles, grid, values.get("household"))


def _compare(people: Iterable[_Person], places: PlaceCodes, registered: Sequence[PersonFacts]) -> StaffPlan:
    known: defaultdict[tuple[str, str | None], list[PersonFacts]] = defaultdict(list)
    for each in registered:
        known[search_form(each.name), each.village].append(each)
    logins = {each.login for each in registered}
    new: list[wire.NewPerson] = []
    differing: list[str] = []
    count = 0
    for person in people:
        found = known.get((search_form(person.name), person.village))
        if found:
            count += 1
            if told := _tell_difference(person, found[0], places):
                differing.append(told)
            continue
        login = propose_login(person.name, logins)
        logins.add(login)
        new.append(
            wire.NewPerson(
                login=login,
                name=person.name,
                roles=person.roles,
                village=person.village,
                township=person.village is None,
                grid=person.grid,
                household=person.household,
            )
        )
    return StaffPlan(new, count, differing)


def _tell_difference(person: _Person, registered: PersonFacts, places: PlaceCodes) -> str:
    titles = {str(role): names[0] for role, names in DUTIES.items()}
    added = [titles[role] for role in person.roles if role not in registered.roles]
    told = [f"{'、'.join(added)}的职责"] if added else []
    if person.grid not in (None, registered.grid):
        told.append(f"网格“{places.grids[person.grid or '']}”")
    if person.household not in (None, registered.household):
        told.append(f"户编号 {person.household}")
    return f"{person.name}（{registered.login}）已经登记，表里另有{'、'.join(told)}" if told else ""


def propose_login(name: str, taken: Collection[str]) -> str:
    """The name in pinyin, with a number where somebody has that one."""
    pinyin = _NO_LETTER.sub("", "".join(read_pinyin(search_form(name))).lower())[:_MAX_LOGIN] or "person"
    if pinyin not in taken:
        return pinyin
    return next(login for n in range(2, len(taken) + 3) if (login := f"{pinyin}{n}") not in taken)
