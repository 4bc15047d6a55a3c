"""Books made to overload the check: each gets its messages within seconds."""

from collections.abc import Callable

import pytest

from rules import Problem, check
from tests.rules.heads import HEAD

# In seconds: about seven are needed on two busy cores, without the tested bounds it would be hours.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def book_of(rules: int, more: Callable[[int], str]) -> str:
    return HEAD + "".join(
        f'[[rule]]\nid = "R{n}"\ntitle = "第 {n} 项"\ncategory = "clean"\n{more(n)}\nevidence = ["照片"]\n'
        'reviewers = ["grid"]\n'
        for n in range(rules)
    )


def check_text(text: str) -> list[Problem]:
    problems = check(text[:1_000_000], "book.toml")[1]
    assert len(problems) <= 101
    return problems


def points_lines(expression: str) -> str:
    return f'points = "{expression}"\npoints_note = "按人口"'


ONES = ",".join("1" * 99)
LONG = "+".join(["household.people * 3"] * 80)
PATTERN = "(household.village.matches('((a|b|c){1,30}){1,30}d') ? 1 : 0)"


def test_a_thousand_long_expressions_are_checked_within_seconds() -> None:
    as_many_as_fit = 1_000_000 // (len(LONG) + 170)
    problems = check_text(book_of(as_many_as_fit, lambda _: points_lines(LONG)))
    assert {problem.kind for problem in problems} <= {"advice"}


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("(" * 400 + "1" + ")" * 400, "嵌套太深"),
        ("+".join(["household.people"] * 110), "嵌套太深"),
        ("'" + "长" * 3_000 + "'", "表达式太长"),
        (f"[{ONES}].map(x, [{ONES}].map(y, x * y + household.people)).size()", "不能用循环「map」"),
        ("+".join([PATTERN] * 25), "没有叫「matches」的算法"),
    ],
)
def test_expressions_that_are_refused_before_evaluation(expression: str, text: str) -> None:
    assert text in check_text(book_of(1, lambda _: points_lines(expression)))[0].message


TABLES = {
    "rules": "[[rule]]\n" * 100_000,
    "headers": "".join(f"[a{n}]\n" for n in range(100_000)),
    "fields": HEAD + "".join(f"k{n} = 1\n" for n in range(100_000)),
    "options": book_of(1, lambda _: 'inputs = [{ id = "a", title = "哪种", type = "choice", options = ['
        + ",".join(f'{{id="o{n}",title="某"}}' for n in range(25_000)) + "] }]"),
    "limits": book_of(1, lambda _: "points = 1\nlimits = [" + '{period="year",points=5},' * 25_000 + "]"),
    "by": book_of(1, lambda _: 'points = 1\nlimits = [{ period = "day", times = 1, by=['
        + '"x",' * 200_000 + "]}]"),
    "typos": book_of(900, lambda n: points_lines(f"rule.R{n}.times_yer")),
    "near ids": book_of(900, lambda n: points_lines(f"rule.R{n}x.times_year")),
    "quotes": "'\"\\" * 300_000,
    "one long string": 'a = "' + "长" * 900_000 + '"',
    "one long name": "a." * 400_000 + "a = 1",
    "many names": "".join(f"{'a.' * 31}b{n} = 1\n" for n in range(14_000)),
}  # fmt: skip


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_huge_texts_are_refused_within_seconds(text: str) -> None:
    assert check_text(text)


def test_a_thousand_simple_rules_are_checked_completely() -> None:
    assert (
        check_text(book_of(1_000, lambda n: f'points = {n + 1}\nlimits = [{{ period = "month", times = 2 }}]'))
        == []
    )


def test_only_the_first_hundred_errors_are_reported() -> None:
    problems = check_text(book_of(500, lambda n: "points = 1\ncolour = 1"))
    assert len(problems) == 101
    assert "错误已有 100 处" in problems[-1].message
