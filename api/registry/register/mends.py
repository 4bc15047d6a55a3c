"""What is wrong with the households of a table before it is compared with the register, and how it can be mended.

A mend is offered, never made by itself: each says what stands there and what would, and a person chooses. It
changes only rows that have a problem. All proposals are made from the table as it was read, so they don't depend
on which others are chosen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from api import wire
from api.platform.table_files.table import Problem, Row, Table
from api.registry.register.free_codes import FreeCodes, find_shape, reshape
from api.registry.register.register_table import Place, bare_grid_name, grid_key, iter_places, village_key
from api.registry.register.registered import Register
from api.wire.text import look_alike_form, search_form

MEND_KINDS: Mapping[str, str] = {
    "blank": "没有编号的，补上下一个编号",
    "form": "写得和别的编号不一样的（少了开头的 0、字母 O 当成 0），改成一样的",
    "copy": "同一户写了两遍的，去掉后面一行",
    "twice": "两户用了同一个编号的，给后面一户下一个编号",
    "village": "没有写村的，补上村",
    "grid": "没有网格的，补上网格",
    "spelling": "一个网格写成两种的，统一写法",
}
NO_GRID = "未分网格"
DROP, KEEP = "drop", "keep"
"""Choices that write nothing into a cell: the row goes; it is right as it is."""
_REGISTERED = 1 << 30
"""How often a registered name counts: more than any table has it."""

Choices: TypeAlias = Mapping[str, str]
"""By the key of a mend what was chosen; by its kind, that all of the kind with one option are."""
RowKey: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mend:
    """`options`: by choice, what would stand there. `rows`: those that it changes, by table and row."""

    key: str
    kind: str
    place: str
    before: str
    options: Mapping[str, str]
    rows: Sequence[RowKey]
    column: str

    def find_choice(self, choices: Choices) -> str | None:
        chosen = choices.get(self.key)
        if chosen is None and self.kind in choices and len(self.options) == 1:
            chosen = next(iter(self.options))
        return chosen if chosen in self.options else None


@dataclass(frozen=True, slots=True)
class Flaw:
    """A problem, with the key of the mend for it, if there is one."""

    problem: Problem
    mend: str = ""


@dataclass(slots=True)
class Examination:
    flaws: list[Flaw] = field(default_factory=list)
    mends: list[Mend] = field(default_factory=list)

    def list_problems(self, choices: Choices) -> list[Problem]:
        """Those that no chosen mend answers."""
        chosen = {mend.key for mend in self.mends if mend.find_choice(choices)}
        return [flaw.problem for flaw in self.flaws if flaw.mend not in chosen]


def keep_grids(tables: Sequence[Table], register: Register) -> list[Table]:
    """The tables with the registered grid, where they say none for a household that is registered and stands there
    once."""
    names = {code: name for code, _, name in register.grids}
    counts = Counter(place.row.values.get("household", "") for place in iter_places(tables))

    def keep(place: Place) -> Row:
        code = place.row.values.get("household", "")
        known = register.households.get(code) if counts[code] == 1 else None
        return _write(place, {"grid": names[known.grid]}) if known and _lacks(place, "grid") else place.row

    return [replace(table, rows=[keep(Place(table, row)) for row in table.rows]) for table in tables]


def examine(tables: Sequence[Table], register: Register) -> Examination:
    """All that is wrong with the rows of these tables."""
    return _Examiner(tables, register).run()


def apply_mends(tables: Sequence[Table], mends: Iterable[Mend], choices: Choices) -> list[Table]:
    """The tables as they would be with what was chosen; what was mended has no problem any more."""
    written: defaultdict[RowKey, dict[str, str]] = defaultdict(dict)
    dropped: set[RowKey] = set()
    for mend in mends:
        choice = mend.find_choice(choices)
        if choice == DROP:
            dropped.update(mend.rows)
        elif choice is not None and choice != KEEP:
            for key in mend.rows:
                written[key][mend.column] = choice
    return [
        replace(
            table,
            rows=[
                _write(Place(table, row), written[n, row.number]) if (n, row.number) in written else row
                for row in table.rows
                if (n, row.number) not in dropped
            ],
        )
        for n, table in enumerate(tables)
    ]


def _write(place: Place, values: Mapping[str, str]) -> Row:
    mended = {place.find_problem(column, "").place for column in values}
    return replace(
        place.row,
        values={**place.row.values, **values},
        problems=[each for each in place.row.problems if each.place not in mended],
    )


class _Examiner:
    def __init__(self, tables: Sequence[Table], register: Register) -> None:
        self._tables = tables
        self._register = register
        self._places = {(n, row.number): Place(table, row) for n, table in enumerate(tables) for row in table.rows}
        self._codes = {
            key: code for key, place in self._places.items() if (code := place.row.values.get("household"))
        }
        self._found = Examination()
        self._answered: set[str] = set()

    def run(self) -> Examination:
        self._examine_villages()
        self._examine_grids()
        self._examine_codes()
        for place in self._places.values():
            for problem in place.row.problems:
                if problem.place not in self._answered:
                    self._found.flaws.append(Flaw(problem))
        self._found.flaws.sort(key=lambda flaw: flaw.problem.row)
        return self._found

    def _offer(self, mend: Mend, flaws: Iterable[Problem]) -> None:
        self._found.mends.append(mend)
        for problem in flaws:
            self._answered.add(problem.place)
            self._found.flaws.append(Flaw(problem, mend.key))

    def _offer_row(
        self, kind: str, key: RowKey, column: str, before: str, options: Mapping[str, str], *flaws: Problem
    ) -> None:
        mend = Mend(_make_key(kind, key), kind, flaws[0].place, before, options, [key], column)
        self._offer(mend, flaws)

    def _village_of(self, key: RowKey) -> str:
        return village_key(self._places[key].row.values.get("village", ""))

    def _grid_of(self, key: RowKey) -> tuple[str, str]:
        values = self._places[key].row.values
        return village_key(values.get("village", "")), grid_key(values.get("grid", ""))

    def _examine_villages(self) -> None:
        for n, table in enumerate(self._tables):
            missing = [(n, row.number) for row in table.rows if _lacks(Place(table, row), "village")]
            if not missing:
                continue
            flaws = [self._places[key].find_problem("village", "没有写村。") for key in missing]
            names = dict.fromkeys(self._register.villages.values())
            if names:
                place = _list_places(flaws)
                options = {name: name for name in names}
                self._offer(Mend(f"village.{n}", "village", place, "没有村", options, missing, "village"), flaws)
            else:
                self._found.flaws += map(Flaw, flaws)

    def _examine_grids(self) -> None:
        missing: defaultdict[str, list[RowKey]] = defaultdict(list)
        names: defaultdict[str, Counter[str]] = defaultdict(Counter)
        titles: dict[str, str] = {}
        for name in self._register.villages.values():
            titles[village_key(name)] = name
        for _, village, name in self._register.grids:
            names[village_key(self._register.villages[village])][name] = _REGISTERED
        for key, place in self._places.items():
            if "village" not in place.row.values:
                continue
            village = self._village_of(key)
            titles.setdefault(village, place.row.values["village"])
            if "grid" in place.row.values:
                names[village][place.row.values["grid"]] += 1
            elif _lacks(place, "grid"):
                missing[village].append(key)
        for village, keys in missing.items():
            flaws = [self._places[key].find_problem("grid", "没有网格。") for key in keys]
            options = {name: name for name in _list_grids(names[village])} | {NO_GRID: f"新的网格“{NO_GRID}”"}
            before = f"{titles[village]}的 {len(keys)} 户没有网格"
            self._offer(Mend(f"grid.{village}", "grid", _list_places(flaws), before, options, keys, "grid"), flaws)
        for village, counts in names.items():
            self._examine_spellings(village, counts)

    def _examine_spellings(self, village: str, counts: Counter[str]) -> None:
        """Named alike but for the word for what it is: 东头, 东头组."""
        alike: defaultdict[str, set[str]] = defaultdict(set)
        for name in counts:
            if not grid_key(name).isdigit():
                alike[bare_grid_name(name)].add(name)
        for names in alike.values():
            main = max(names, key=lambda name: (counts[name], name))
            for name in sorted(names - {main}):
                if grid_key(name) == grid_key(main) or counts[name] >= _REGISTERED:
                    continue
                keys = [
                    key
                    for key, place in self._places.items()
                    if place.row.values.get("grid") == name and self._village_of(key) == village
                ]
                flaws = [
                    self._places[key].find_problem("grid", f"网格“{name}”和“{main}”像是同一个。") for key in keys
                ]
                options = {main: f"都写“{main}”", KEEP: f"“{name}”是另一个网格"}
                key = f"spelling.{village}.{search_form(name)}"
                self._offer(Mend(key, "spelling", _list_places(flaws), name, options, keys, "grid"), flaws)

    def _examine_codes(self) -> None:
        meant = self._codes | dict(self._find_other_forms())
        numbers = FreeCodes(
            {*self._register.households, *self._register.ended, *self._codes.values(), *meant.values()}
        )
        rows: defaultdict[str, list[RowKey]] = defaultdict(list)
        for key, code in meant.items():
            rows[code].append(key)
        # Whose code stands as it is meant keeps it; of those the first.
        firsts = {code: min(keys, key=lambda key: (self._codes[key] != code, key)) for code, keys in rows.items()}
        for code, keys in rows.items():
            if len(keys) == 1:
                numbers.learn(code, self._grid_of(keys[0]))
        for key, place in self._places.items():
            code = self._codes.get(key)
            if code is None:
                if _lacks(place, "household"):
                    new = self._find_registered(place) or numbers.take(self._grid_of(key))
                    told = place.find_problem("household", "没有户编号。")
                    before = f"{place.row.values.get('head', '')}没有编号"
                    self._offer_row("blank", key, "household", before, {new: new}, told)
                continue
            wanted = meant[key]
            first = firsts[wanted]
            if key != first:
                self._offer_for_second(key, first, wanted, rows[wanted], numbers)
            else:
                if code != wanted:
                    told = place.find_problem("household", self._tell_form(code, wanted))
                    self._offer_row("form", key, "household", code, {wanted: wanted}, told)
                if len(rows[wanted]) > 1:
                    second = next(each for each in rows[wanted] if each != key)
                    told = place.find_problem("household", self._tell_count(wanted, rows[wanted]))
                    kind = "copy" if self._is_copy(second, first) else "twice"
                    self._found.flaws.append(Flaw(told, _make_key(kind, second)))

    def _offer_for_second(
        self, key: RowKey, first: RowKey, code: str, keys: Sequence[RowKey], numbers: FreeCodes
    ) -> None:
        place = self._places[key]
        told = place.find_problem("household", self._tell_count(code, keys))
        if self._is_copy(key, first):
            where = self._places[first].find_problem("household", "").place
            self._offer_row("copy", key, "household", code, {DROP: f"去掉这一行（和{where}一样）"}, told)
        else:
            new = self._find_registered(place) or numbers.take(self._grid_of(key))
            head = place.row.values.get("head", "")
            self._offer_row("twice", key, "household", f"{code} {head}".strip(), {new: new}, told)

    def _find_registered(self, place: Place) -> str | None:
        """The code of a household that the table doesn't have, with the same head in the same grid: this one, from
        when the table was read before."""
        values = place.row.values
        if not {"village", "head"} <= values.keys():
            return None
        found = self._unnamed[village_key(values["village"]), search_form(values["head"])]
        grid = values.get("grid")
        here = [each for each in found if grid is None or _is_same_grid(grid, self._grids[each.grid])]
        if not here:
            return None
        exact = None if grid is None else grid_key(grid)
        known = min(
            here,
            key=lambda each: (
                grid_key(self._grids[each.grid]) != exact,
                each.people != values.get("people", 1),
                each.code,
            ),
        )
        found.remove(known)
        return known.code

    @cached_property
    def _grids(self) -> Mapping[str, str]:
        return {code: name for code, _, name in self._register.grids}

    @cached_property
    def _unnamed(self) -> defaultdict[tuple[str, str], list[wire.NewHousehold]]:
        """Registered households that the table doesn't have, by village and head."""
        used = set(self._codes.values())
        found: defaultdict[tuple[str, str], list[wire.NewHousehold]] = defaultdict(list)
        for code, each in self._register.households.items():
            if code not in used:
                village = village_key(self._register.villages[each.village])
                found[village, search_form(each.head)].append(each)
        return found

    def _is_copy(self, key: RowKey, first: RowKey) -> bool:
        """The same household once more, in every column that both fill in."""
        one, other = (self._places[each].row for each in (key, first))
        if one.problems or other.problems or self._grid_of(key) != self._grid_of(first):
            return False
        return all(
            one.values.get(column) in (value, None)
            for column, value in other.values.items()
            if column not in ("household", "village", "grid")
        )

    def _tell_form(self, code: str, wanted: str) -> str:
        if wanted in self._register.households:
            return f"户编号 {code} 很像登记簿里的 {wanted}，表里没有那一户；请核对是不是写错了。"
        return f"户编号 {code} 和别的编号写得不一样，像是 {wanted}。"

    def _tell_count(self, code: str, keys: Sequence[RowKey]) -> str:
        """How often a code is used, and where."""
        if len({table for table, _ in keys}) == 1:
            where = f"第 {'、'.join(str(row) for _, row in keys)} 行"
        else:
            where = "、".join(self._places[key].find_problem("", "").place for key in keys)
        return f"户编号 {code} 用了 {len(keys)} 次（{where}）。"

    def _find_other_forms(self) -> Iterator[tuple[RowKey, str]]:
        """Codes that a person or a spreadsheet has changed, and what they were: as in the register, or as the
        others of the table are written."""
        used = set(self._codes.values())
        alike = {look_alike_form(code): code for code in self._register.households if code not in used}
        shapes = {
            n: find_shape(code for (table, _), code in self._codes.items() if table == n)
            for n in range(len(self._tables))
        }
        for key, code in self._codes.items():
            if code in self._register.households:
                continue
            known = alike.get(look_alike_form(code))
            shape = shapes[key[0]]
            wanted = known or (reshape(code, shape) if shape else None)
            if wanted is not None and wanted != code:
                yield key, wanted


def _is_same_grid(name: str, other: str) -> bool:
    return grid_key(name) == grid_key(other) or bare_grid_name(name) == bare_grid_name(other)


def _make_key(kind: str, row: RowKey) -> str:
    return f"{kind}.{row[0]}.{row[1]}"


def _lacks(place: Place, column: str) -> bool:
    """Whether nothing was written there, rather than something that can't be read."""
    cell = place.row.cells.get(column)
    return column not in place.row.values and (cell is None or not cell.text)


def _list_grids(counts: Counter[str]) -> list[str]:
    """The names of a village's grids, one for each however it is spelled."""
    names: dict[str, str] = {}
    for name, _ in counts.most_common():
        names.setdefault(grid_key(name), name)
    return sorted(names.values())


def _list_places(flaws: Sequence[Problem]) -> str:
    more = f"等 {len(flaws)} 处" if len(flaws) > 3 else ""
    return "、".join(flaw.place for flaw in flaws[:3]) + more
