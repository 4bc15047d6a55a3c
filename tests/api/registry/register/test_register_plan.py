"""Whatever is registered from a table, in whatever spelling: the same table again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.platform.table_files.file import TableFile
from api.registry.register import register_plan
from api.registry.register.mends import NO_GRID, apply_mends, examine
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


# Spelled as people do, with codes that were stripped of zeros, look alike, stand twice or nowhere.
messy_lines = st.lists(
    st.tuples(
        st.sampled_from(["", "0101001", "101001", "0101OO1", "０１０１００２", "0101003", "0102001"]),
        st.sampled_from(["河畔村", "河畔", "山上村", ""]),
        st.sampled_from(["第一网格", "1网格", "东头", "东头组", ""]),
        st.sampled_from(["王伟", "王 伟", "李秀英", "阿不都.买买提"]),
        st.sampled_from(["1", "4人", ""]),
    ),
    min_size=1,
    max_size=8,
)


def read_lines(table: list[tuple[str, ...]]) -> RegisterTable:
    text = "\n".join(",".join(cells) for cells in table)
    return read_register(TableFile("花名册", f"户编号,村,网格,户主姓名,人口\n{text}\n".encode()))


@given(messy_lines, st.randoms(use_true_random=False))
def test_mends_change_no_row_that_had_no_problem(lines: list[tuple[str, ...]], random: Random) -> None:
    tables = read_lines(lines).households
    found = examine(tables, EMPTY)
    chosen = {mend.key: random.choice([*mend.options]) for mend in found.mends if random.random() < 0.7}
    before = {row.number: row.values for table in tables for row in table.rows}
    after = {row.number: row.values for table in apply_mends(tables, found.mends, chosen) for row in table.rows}
    wrong = {flaw.problem.row for flaw in found.flaws}
    assert {number for number in before if after.get(number) != before[number]} <= wrong
    every = {mend.key: random.choice([*mend.options]) for mend in found.mends}
    # Of which village's grids should be chosen isn't known before a village is.
    assert {problem.sentence for problem in found.list_problems(every)} <= {"没有网格。"}
    mended = [row.values for table in apply_mends(tables, found.mends, every) for row in table.rows]
    codes = [values["household"] for values in mended]
    assert len(codes) == len(set(codes))


@given(messy_lines)
def test_a_mended_table_read_again_changes_nothing(lines: list[tuple[str, ...]]) -> None:
    # Of several households of one name, without codes, which is which is for a person to say.
    named = [
        (code, village or "河畔村", grid, head + sign, n)
        for sign, (code, village, grid, head, n) in zip("甲乙丙丁戊己庚辛", lines, strict=False)
    ]
    table = read_lines(named)
    plan = compare_register(EMPTY, table, choose_all(compare_register(EMPTY, table)))
    assert plan.problems == []
    register = written(EMPTY, plan)
    again = compare_register(register, table, choose_all(compare_register(register, table)))
    assert (again.problems, again.is_empty) == ([], True), again


def choose_all(plan: RegisterPlan) -> dict[str, str]:
    """Each mend as it is offered; who has no grid gets the new one for them."""
    return {mend.key: NO_GRID if mend.kind == "grid" else next(iter(mend.options)) for mend in plan.mends}
