"""Whatever is registered from a table, in whatever spelling: the same table again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.platform.table_files.file import TableFile
from api.registry.register import register_plan
from api.registry.register.register_plan import RegisterPlan
from api.registry.register.register_table import RegisterTable, read_register
from api.registry.register.registered import Register
from tests.conftest import NOW

EMPTY = Register({"hp": "河畔村"}, [("hp-1", "hp", "第一网格")], {})
lines = st.dictionaries(
    st.sampled_from(["h-1", "h-2", "h-3", "h-4"]),
    st.tuples(
        st.sampled_from(["河畔村", "河畔", "山上村", "山 上 村"]),
        st.sampled_from(["第一网格", "1网格", "二组", "东头"]),
        st.sampled_from(["王伟", "王 伟", "阿不都.买买提"]),
        st.sampled_from(["1", "4人", ""]),
    ),
    min_size=1,
)


def compare_register(register: Register, table: RegisterTable, choices: Mapping[str, str] = {}) -> RegisterPlan:
    return register_plan.compare_register(register, table=table, today=NOW.date(), choices=choices)


def written(register: Register, plan: RegisterPlan) -> Register:
    return Register(
        {**register.villages, **{each.code: each.name for each in plan.villages}},
        [*register.grids, *((each.code, each.village, each.name) for each in plan.grids)],
        {
            **register.households,
            **{each.code: each for each in plan.new},
            **{each.household.code: each.household for each in plan.changed},
        },
    )


def read(table: dict[str, tuple[str, str, str, str]]) -> RegisterTable:
    text = "".join(f"{code},{','.join(cells)}\n" for code, cells in table.items())
    return read_register(TableFile("花名册", f"户编号,村,网格,户主,人口\n{text}".encode()))


@pytest.mark.parametrize("code", ["101001", "O101001", "0l01001"])
def test_a_code_that_lost_its_zeros_is_no_new_household(code: str) -> None:
    table = read({"0101001": ("河畔村", "一组", "王伟", "1")})
    register = written(EMPTY, compare_register(EMPTY, table))
    plan = compare_register(register, read({code: ("河畔村", "一组", "王伟", "1")}))
    assert plan.is_empty
    [problem] = plan.problems
    assert str(problem).startswith("第 2 行 A 列：户编号 ")
    assert "很像登记簿里的 0101001" in str(problem)


@given(st.lists(lines, min_size=1, max_size=3))
def test_the_same_table_again_changes_nothing(tables: list[dict[str, tuple[str, str, str, str]]]) -> None:
    register = EMPTY
    for each in tables:
        table = read(each)
        plan = compare_register(register, table)
        told = len(plan.new) + len(plan.changed) + plan.unchanged + len(plan.problems)
        assert told == len(each)
        before, register = register, written(register, plan)
        assert before.households.keys() <= register.households.keys()
        assert set(plan.gone) <= register.households.keys() - each.keys()
        again = compare_register(register, table)
        assert (again.is_empty, again.gone, len(again.problems)) == (True, plan.gone, len(plan.problems))
