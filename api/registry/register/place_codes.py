"""Villages and grids by any spelling of their names, as tables name them; one that isn't there gets a code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from api import wire
from api.platform.table_files.table import Problem, Table
from api.registry.register.register_table import grid_key, iter_places, village_key


@dataclass(frozen=True, slots=True)
class Renamed:
    """A village or a grid that keeps its code and gets another name."""

    is_village: bool
    code: str
    before: str
    after: str


class PlaceCodes:
    """`villages` and `grids`: names by code, with those that are new, in the order of the tables."""

    def __init__(self, villages: Mapping[str, str], grids: Iterable[tuple[str, str, str]]) -> None:
        self.villages = dict(villages)
        self.grids: dict[str, str] = {}
        self.new_villages: list[wire.NewVillage] = []
        self.new_grids: list[wire.NewGrid] = []
        self.renamed: list[Renamed] = []
        self._by_name = {village_key(name): code for code, name in villages.items()}
        self._by_grid: dict[tuple[str, str], str] = {}
        self._villages_of: dict[str, str] = {}
        self._spellings: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for code, village, name in grids:
            self.grids[code], self._villages_of[code] = name, village
            self._by_grid.setdefault((village, grid_key(name)), code)

    def find_village(self, name: str) -> str:
        key = village_key(name)
        if key not in self._by_name:
            self._add_village(_next_code("v", self.villages), name)
        return self._by_name[key]

    def find_grid(self, village: str, name: str) -> str:
        key = village, grid_key(name)
        if key not in self._by_grid:
            self._add_grid(_next_code(f"{village}-", self.grids), village, name)
        code = self._by_grid[key]
        self._spellings[code][name] = None
        return code

    def village_of(self, grid: str) -> str:
        return self._villages_of[grid]

    def tell_spellings(self) -> Iterator[str]:
        """Which names of the tables were taken for the same grid."""
        for code, names in self._spellings.items():
            others = [f"“{name}”" for name in names if name != self.grids[code]]
            if others:
                village = self.villages[self._villages_of[code]]
                yield f"{village}的{'、'.join(others)}就是“{self.grids[code]}”。"

    def add_villages(self, tables: Sequence[Table]) -> Iterator[Problem]:
        """Those of sheets about villages; their problems."""
        for place in iter_places(tables):
            values = place.row.values
            if place.row.problems:
                yield from place.row.problems
                continue
            name, code = values["village"], values.get("code")
            known = self._by_name.get(village_key(name))
            if code is None or code == known:
                if known is None:
                    self._add_village(code or _next_code("v", self.villages), name, values.get("notice_days"))
            elif known is not None:
                yield place.find_problem("code", f"{self.villages[known]}的编号已经是 {known}，不能改成 {code}。")
            elif code in self.villages:
                self._by_name[village_key(name)] = code
                self.renamed.append(Renamed(True, code, self.villages[code], name))
                self.villages[code] = name
            else:
                self._add_village(code, name, values.get("notice_days"))

    def add_grids(self, tables: Sequence[Table]) -> Iterator[Problem]:
        """Those of sheets about grids; their problems."""
        for place in iter_places(tables):
            values = place.row.values
            if place.row.problems:
                yield from place.row.problems
                continue
            village, name, code = self.find_village(values["village"]), values["grid"], values.get("code")
            known = self._by_grid.get((village, grid_key(name)))
            if code is None or code == known:
                if known is None:
                    self.find_grid(village, name)
            elif known is not None:
                yield place.find_problem(
                    "code", f"网格“{self.grids[known]}”的编号已经是 {known}，不能改成 {code}。"
                )
            elif code in self.grids:
                if self._villages_of[code] != village:
                    yield place.find_problem("code", f"网格编号 {code} 是别的村的，请换一个。")
                    continue
                self._by_grid[village, grid_key(name)] = code
                self.renamed.append(Renamed(False, code, self.grids[code], name))
                self.grids[code] = name
            else:
                self._add_grid(code, village, name)

    def _add_village(self, code: str, name: str, notice_days: int | None = None) -> None:
        days = {} if notice_days is None else {"notice_days": notice_days}
        self.new_villages.append(wire.NewVillage(code=code, name=name, **days))
        self.villages[code] = name
        self._by_name[village_key(name)] = code

    def _add_grid(self, code: str, village: str, name: str) -> None:
        self.new_grids.append(wire.NewGrid(code=code, village=village, name=name))
        self.grids[code], self._villages_of[code] = name, village
        self._by_grid[village, grid_key(name)] = code


def _next_code(prefix: str, taken: Iterable[str]) -> str:
    codes = set(taken)
    return next(code for n in range(1, len(codes) + 2) if (code := f"{prefix}{n:02}") not in codes)
