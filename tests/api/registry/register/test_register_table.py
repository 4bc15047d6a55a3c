"""A village's table of its households as it comes: what is read, and what is named at its cell."""

from __future__ import annotations

import pytest

from api.platform.table_files.file import TableFile
from api.registry.register.register_plan import RegisterPlan, compare_register
from api.registry.register.register_table import grid_key, read_register, village_key
from api.registry.register.registered import Register
from tests.api.registry.register.sheets import messy_register
from tests.conftest import NOW


def read(content: bytes | str) -> RegisterPlan:
    """What a table would bring to a township that has nothing yet."""
    table = read_register(TableFile("花名册", content.encode() if isinstance(content, str) else content))
    return compare_register(Register({}, [], {}), table=table, today=NOW.date())


def test_a_table_as_it_comes() -> None:
    found = read(messy_register())
    villages = {each.code: each.name for each in found.villages}
    grids = {each.code: each.name for each in found.grids}
    assert [(h.code, villages[h.village], grids[h.grid], h.head, h.people) for h in found.new] == [
        ("0101001", "柳湾村", "第一网格", "徐志春", 6),
        ("0102002", "柳湾村", "2网格", "赵国秀", 3),
        ("0103003", "柳湾村", "三组", "𠮷小世", 4),
        ("0201001", "石咀村", "1网格", "阿不都热依木·买买提", 1),
    ]
    assert list(map(str, found.problems)) == [
        "第 7 行 D 列：户编号 0103004 用了 2 次（第 7、8 行）。",
        "第 8 行 D 列：户编号 0103004 用了 2 次（第 7、8 行）。",
        "第 9 行 D 列：没有户编号。",
    ]
    assert found.notes == ["不算在内：第 10 行（小计）、第 12 行（合计）。"]


@pytest.mark.parametrize("people", ["0", "31", "三", "2.5", "-1"])
def test_people_that_no_household_has(people: str) -> None:
    [problem] = read(f"户编号,村,网格,户主,人口\nhp-9,河畔村,一组,周九,{people}\n").problems
    assert problem.place == "第 2 行 E 列"


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (("第一网格", "1网格", "一组", "１组", "第1网格", "01网格", "第一村民小组", " 第 一 网格"), "1"),
        (("第十网格", "10组"), "10"),
        (("第十二网格", "12社"), "12"),
        (("二十网格", "20"), "20"),
        (("二十一组", "21号网格"), "21"),
        (("东头组", "东头"), "东头组"),
    ],
)
def test_spellings_of_a_grid(spellings: tuple[str, ...], key: str) -> None:
    assert {grid_key(each) for each in spellings[:1]} == {key}
    assert len({grid_key(each) for each in spellings}) == (2 if key == "东头组" else 1)


def test_spellings_of_a_village() -> None:
    assert {village_key(each) for each in ("柳湾村", "柳湾", " 柳 湾 村", "柳湾村委会")} == {"柳湾"}
