"""Grid borders change by moving households: a list says which, and to which grid of their village."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

from msgspec.structs import replace

from api.platform.errors import ErrorCode, Refused
from api.platform.table_files.file import TableFile
from api.platform.table_files.table import Problem, Table, read_table
from api.registry.register.place_codes import PlaceCodes
from api.registry.register.register_plan import HouseholdChange, RegisterPlan
from api.registry.register.register_table import GRID_COLUMN, HOUSEHOLD_COLUMN, Place, iter_places
from api.registry.register.registered import Register
from api.wire.base import from_store
from api.wire.text import look_alike_form

_BLANKS = re.compile(r"[\s,，;；、]+")


def read_moves(file: TableFile) -> Table:
    """Raises Refused: unreadable, malformed, too-large."""
    return read_table(file, (HOUSEHOLD_COLUMN, GRID_COLUMN))


def write_moves(lines: str, grid: str) -> bytes:
    """A list as people paste it, as a table: a code in each line and its grid; or codes alone, for one grid.

    Raises Refused: malformed.
    """
    rows = [_BLANKS.split(line.strip(), maxsplit=1) for line in lines.splitlines() if line.strip()]
    if grid:
        rows = [[code, grid] for row in rows for code in _BLANKS.split(" ".join(row)) if code]
    lone = next((n for n, row in enumerate(rows, start=1) if len(row) < 2 or not row[1]), None)
    if not rows or lone is not None:
        where = f"第 {lone} 行没有写网格，" if rows else "名单是空的，"
        raise Refused(ErrorCode.MALFORMED, f"{where}请每行写一个户编号和网格，或在“移到哪个网格”里写一个。")
    made = io.StringIO()
    csv.writer(made).writerows([(HOUSEHOLD_COLUMN.title, GRID_COLUMN.title), *rows])
    return made.getvalue().encode()


def compare_grids(register: Register, *, table: Table, today: date) -> RegisterPlan:
    """Which households would move, and what is wrong; `today` matters for other tables alone."""
    places = PlaceCodes(register.villages, register.grids)
    alike = {look_alike_form(code): code for code in register.households}
    changed: dict[str, HouseholdChange] = {}
    wrong: list[Problem] = list(table.problems)
    wanted: dict[str, str] = {}
    unchanged = 0
    for place in iter_places([table]):
        if place.row.problems:
            continue
        code: str = place.row.values["household"]
        old = register.households.get(code)
        if old is None:
            wrong.append(place.find_problem("household", _tell_unknown(code, alike, register)))
            continue
        grid = _find_grid(places, old.village, place)
        if grid is None:
            told = f"网格编号 {place.row.values['grid']} 是别的村的；移到别的村请在那一户的页上办。"
            wrong.append(place.find_problem("grid", told))
        elif wanted.setdefault(code, grid) != grid:
            wrong.append(place.find_problem("household", f"户编号 {code} 在名单里要移到两个网格，请只留一行。"))
        elif grid == old.grid:
            unchanged += code not in changed
        elif code not in changed:
            names = places.grids[old.grid], places.grids[grid]
            with from_store():
                changed[code] = HouseholdChange(old, replace(old, grid=grid), [("网格", *names)])
    return RegisterPlan(
        grids=places.new_grids,
        changed=list(changed.values()),
        unchanged=unchanged,
        notes=[*table.notes, *places.tell_spellings()],
        problems=sorted(wrong, key=lambda each: each.row),
    )


def _find_grid(places: PlaceCodes, village: str, place: Place) -> str | None:
    """The grid of a village by its code or name; None for a code of another village's."""
    named: str = place.row.values["grid"]
    if named in places.grids:
        return named if places.village_of(named) == village else None
    return places.find_grid(village, named)


def _tell_unknown(code: str, alike: dict[str, str], register: Register) -> str:
    if code in register.ended:
        return f"编号 {code} 的户已经注销。"
    known = alike.get(look_alike_form(code))
    return f"没有编号是 {code} 的户。" if known is None else f"没有编号是 {code} 的户，是不是 {known}？"
