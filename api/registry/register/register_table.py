"""The register as people keep it in tables: villages, grids, people of the grids, households, a row for each.

A workbook may have a sheet for each of them, or several of one kind; each is known by its headings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from api.platform.access import Role
from api.platform.table_files.cells import read_chinese_number, read_code, read_name, text_of, whole_number
from api.platform.table_files.file import TableFile
from api.platform.table_files.sheet import Cell
from api.platform.table_files.table import Column, Problem, Row, Table, read_tables
from api.wire.text import plain_form, search_form

DUTIES = {
    Role.GRID_MEMBER: ("网格员", "专职网格员", "兼职网格员"),
    Role.GRID_LEADER: ("网格长",),
    Role.GRID_GUIDE: ("网格指导员", "指导员"),
    Role.CHIEF_GRID_LEADER: ("总网格长",),
    Role.COUNCIL: ("道德评议会", "评议会", "评议员", "道德评议员"),
    Role.COMMITTEE: ("村委会", "村委", "村主任"),
    Role.PARTY_BRANCH: ("支委", "党支部", "支部", "村支书", "支部书记"),
    Role.SUPERVISOR: ("监委", "监委会", "村监委", "监督委员会"),
}
"""What people of the grids and the committees are called in tables; the office's people are added one by one."""
TOWNSHIP_WORDS = ("全乡", "全镇", "乡镇", "全乡镇", "乡", "镇")
_KEYS = 4096
"""Of names of villages and grids that are kept: tables repeat them in each row."""
_DUTY_SEPARATORS = re.compile(r"[、，,；;/+ ]+")
_TOTAL = re.compile(r".*(?:合计|小计|总计|共计|汇总)")
_GRID_WORDS = re.compile("(?:号)?(?:网格|村民小组|小组|组|社|队)$")
_VILLAGE_OF_SHEET = re.compile(r"[^\s（(]{1,15}?村(?=$|委会|农户|户|花名册|登记|（|\()")


def _read_village(cell: Cell, title: str) -> str:
    if _TOTAL.fullmatch(plain_form(cell.text)):
        raise ValueError(f"{title}“{cell.text}”不是村名。")
    return text_of(80)(cell, title)


def _read_duties(cell: Cell, title: str) -> tuple[Role, ...]:
    """In the order of `DUTIES`."""
    known = {name: role for role, names in DUTIES.items() for name in names}
    found = [(word, known.get(word)) for word in _DUTY_SEPARATORS.split(plain_form(cell.text)) if word]
    for word, role in found:
        if role is None:
            listed = "、".join(names[0] for names in DUTIES.values())
            raise ValueError(f"{title}“{word[:20]}”认不出，可以写：{listed}；乡镇办公室的人请在“人员”页上加。")
    roles = {role for _, role in found}
    return tuple(role for role in DUTIES if role in roles)


HOUSEHOLD_COLUMN = Column(
    "household",
    "户编号",
    read_code,
    names=("户号", "户编码", "户代码", "农户编号", "农户编码"),
    loose_names=("编号",),
)
_VILLAGE = Column("village", "村", _read_village, names=("村名", "行政村", "所在村", "村委会"))
GRID_COLUMN = Column("grid", "网格", text_of(80), names=("所属网格", "网格名称", "组", "村民小组", "村组", "社"))
_HEAD_NAMES = ("户主", "户主名", "head")
_HEAD = Column("head", "户主姓名", read_name, names=(*_HEAD_NAMES, "姓名"))
_PEOPLE = Column(
    "people",
    "家庭人口",
    whole_number("人口名位", least=1, most=30),
    names=("人口", "人口数", "人数", "家庭人口数", "家庭人数"),
    needed=False,
    filled=False,
    summed=True,
)
_MEMBERS = Column(
    "members",
    "家庭成员",
    text_of(2000),
    names=("成员", "家庭成员姓名", "成员姓名", "家庭成员情况"),
    needed=False,
    filled=False,
)
HOUSEHOLDS = (HOUSEHOLD_COLUMN, _VILLAGE, GRID_COLUMN, _HEAD, _PEOPLE, _MEMBERS)
# With its head named as such a household is known without a code, a village or a grid: these can be mended.
HEADS = (
    replace(_HEAD, names=_HEAD_NAMES),
    *(replace(each, needed=False) for each in (HOUSEHOLD_COLUMN, _VILLAGE, GRID_COLUMN)),
    _PEOPLE,
    _MEMBERS,
)
STAFF = (
    Column("name", "姓名", read_name, names=("人员姓名", "网格员姓名")),
    Column("duties", "职责", _read_duties, names=("职务", "岗位", "身份", "角色")),
    _VILLAGE,
    replace(GRID_COLUMN, needed=False, filled=False),
    replace(
        HOUSEHOLD_COLUMN,
        title="本人户编号",
        names=(*HOUSEHOLD_COLUMN.names, HOUSEHOLD_COLUMN.title),
        loose_names=(),
        needed=False,
        filled=False,
    ),
)
GRIDS = (
    _VILLAGE,
    GRID_COLUMN,
    Column(
        "code",
        "网格编号",
        read_code,
        names=("网格代码", "网格编码"),
        loose_names=("编号",),
        needed=False,
        filled=False,
    ),
)
VILLAGES = (
    _VILLAGE,
    Column(
        "code", "村编号", read_code, names=("村代码", "村编码"), loose_names=("编号",), needed=False, filled=False
    ),
    Column(
        "notice_days",
        "公示天数",
        whole_number("天日", least=0, most=30),
        names=("公示期",),
        needed=False,
        filled=False,
    ),
)
_LAYOUTS = (STAFF, HOUSEHOLDS, HEADS, GRIDS, VILLAGES)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: in which of the sheets, and which row."""

    table: Table
    row: Row

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.row.values)

    def find_problem(self, column: str, sentence: str) -> Problem:
        return self.table.find_problem(self.row, column, sentence)


@dataclass(frozen=True)
class RegisterTable:
    """What was read, by what the sheets are about."""

    villages: Sequence[Table] = ()
    grids: Sequence[Table] = ()
    staff: Sequence[Table] = ()
    households: Sequence[Table] = ()

    @property
    def tables(self) -> list[Table]:
        return [*self.villages, *self.grids, *self.staff, *self.households]

    @property
    def seen(self) -> int:
        """How many households the tables have, also those with a problem."""
        return sum(len(table.rows) for table in self.households)

    @property
    def notes(self) -> list[str]:
        return list(dict.fromkeys(note for table in self.tables for note in table.notes))

    def without(self, skipped: Collection[int]) -> RegisterTable:
        """As if nothing stood in these of the `tables`."""
        places = iter(range(len(self.tables)))

        def choose(tables: Sequence[Table]) -> Sequence[Table]:
            return [replace(each, rows=[]) if next(places) in skipped else each for each in tables]

        return RegisterTable(*map(choose, (self.villages, self.grids, self.staff, self.households)))


def read_register(file: TableFile, sheet: str | None = None) -> RegisterTable:
    """Raises Refused: unreadable, malformed, too-large."""
    found = read_tables(file, _LAYOUTS, sheet)

    def choose(*layouts: Sequence[Column]) -> list[Table]:
        return [table for n, table in found if any(_LAYOUTS[n] is each for each in layouts)]

    households = [_add_village_of_sheet(table) for table in choose(HOUSEHOLDS, HEADS)]
    return RegisterTable(choose(VILLAGES), choose(GRIDS), choose(STAFF), households)


def iter_places(tables: Sequence[Table]) -> Iterator[Place]:
    return (Place(table, row) for table in tables for row in table.rows)


def _add_village_of_sheet(table: Table) -> Table:
    """A sheet for each village says its name once, on its tab."""
    found = _VILLAGE_OF_SHEET.match(table.sheet.name)
    if found is None or any("village" in row.cells for row in table.rows):
        return table
    return replace(table, rows=[replace(row, values={**row.values, "village": found[0]}) for row in table.rows])


@lru_cache(_KEYS)
def village_key(name: str) -> str:
    """What spellings of a village's name share: `柳湾` is 柳湾村."""
    return search_form(name).removesuffix("委会").removesuffix("村")


def has_grid_word(name: str) -> bool:
    """Whether a name says by itself that it is a grid's."""
    return _GRID_WORDS.search(plain_form(name)) is not None


@lru_cache(_KEYS)
def grid_key(name: str) -> str:
    """What spellings of a grid's name share: 第一网格, `1网格` and 一组 are the first."""
    name = plain_form(name).replace(" ", "")
    number = read_chinese_number(_GRID_WORDS.sub("", name).removeprefix("第"))
    return search_form(name) if number is None else str(number)


def bare_grid_name(name: str) -> str:
    """A grid's name without the word for what it is."""
    return search_form(_GRID_WORDS.sub("", plain_form(name).replace(" ", "")))
