"""Redundant limits, and similar ones that aren't; checked against a brute force of awards."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import Claim, Tally, check, evaluate, load
from tests.profile import many

BookText = Callable[..., str]


def messages(text: str) -> list[str]:
    return [problem.message for problem in check(text, "book.toml")[1]]


def limits(*written: str) -> str:
    return f"limits = [{', '.join('{ ' + each + ' }' for each in written)}]\n"


DAILY, MONTHLY = 'period = "day", times = 1', 'period = "month", times = 2'

REDUNDANT = [
    ((MONTHLY, 'period = "month", points = 10'), "每月最多 10 分", 10),
    ((MONTHLY, 'period = "year", points = 120'), "每年最多 120 分", 120),
    ((DAILY, 'period = "month", times = 31'), "每月最多 31 次", 31),
    ((DAILY, 'period = "year", times = 400'), "每年最多 400 次", 366),
    ((DAILY, 'period = "quarter", points = 460'), "每季度最多 460 分", 460),
    (('period = "year", points = 40', 'period = "month", points = 50'), "每月最多 50 分", 40),
    (('period = "lifetime", times = 1', 'period = "year", times = 1'), "每年最多 1 次", 1),
    (('period = "year", points = 10', 'period = "year", times = 3'), "每年最多 3 次", 2),
    (('per = "village", period = "month", times = 3', 'period = "month", times = 3'), "每户每月最多 3 次", 3),
    (('period = "month", times = 3', 'per = "person", period = "month", times = 4'), "每人每月最多 4 次", 3),
    (('period = "month", times = 1', 'period = "month", times = 1, by = ["what"]'), "同一「什么事」", 1),
    (('period = "month", times = 2, points = 10',), "每月最多 10 分", 10),
]
WHAT = 'inputs = [{ id = "what", title = "什么事", type = "text" }]\n'


@pytest.mark.parametrize(("written", "text", "reachable"), REDUNDANT, ids=[each[1] for each in REDUNDANT])
def test_a_limit_that_the_others_never_let_anybody_reach(
    book_text: BookText, written: tuple[str, ...], text: str, reachable: int
) -> None:
    [message] = messages(book_text(WHAT + limits(*written)))
    assert text in message
    assert f"最多到 {reachable} " in message


@pytest.mark.parametrize(
    "written",
    [
        (MONTHLY, 'period = "month", points = 9'),
        (MONTHLY, 'period = "year", points = 119'),
        (MONTHLY, 'period = "year", times = 23'),
        (DAILY, 'period = "month", times = 30'),
        ('period = "year", times = 5', 'period = "lifetime", times = 50'),
        ('period = "month", times = 1', 'per = "village", period = "month", times = 9'),
        ('per = "person", period = "month", times = 1', 'period = "month", times = 9'),
        ('period = "month", times = 1, by = ["what"]', 'period = "month", times = 9'),
        ('period = "year", points = 11', 'period = "year", times = 3'),
        ('period = "year", points = 14', 'period = "year", times = 3'),
        ('period = "year", highest = true, by = ["what"]', 'period = "year", points = 500'),
    ],
)
def test_a_limit_that_may_bind_gives_no_advice(book_text: BookText, written: tuple[str, ...]) -> None:
    assert messages(book_text(WHAT + limits(*written))) == []


def test_two_equal_limits_are_reported_once(book_text: BookText) -> None:
    assert len(messages(book_text(limits(MONTHLY, MONTHLY)))) == 1


def test_campaigns_are_included(book_text: BookText) -> None:
    campaign = (
        '\n[[campaign]]\nid = "s"\ntitle = "春季"\nfrom = 2026-03-01\nuntil = 2026-04-01\nmultiply = 1.5\n'
        'rules = ["R1"]\n'
    )
    assert messages(book_text(limits(MONTHLY, 'period = "month", points = 13') + campaign)) == []
    assert len(messages(book_text(limits(MONTHLY, 'period = "month", points = 14') + campaign))) == 1


def test_an_expression_is_included_if_it_can_be_tried_completely(book_text: BookText) -> None:
    input = 'inputs = [{ id = "n", title = "几次", type = "integer", min = 1, max = MAX }]\n'
    points = '"input.n"\npoints_note = "每次一分"'
    text = book_text(input.replace("MAX", "3") + limits(MONTHLY, 'period = "month", points = 6'), points=points)
    assert len(messages(text)) == 1
    assert messages(text.replace("max = 3", "max = 4")) == []


def category(text: str, *written: str) -> str:
    return text.replace('id = "clean"\n', 'id = "clean"\n' + limits(*written))


def test_a_category_limit_above_the_sum_of_its_rules(book_text: BookText) -> None:
    one = book_text(limits(MONTHLY))
    two = one + one[one.index("[[rule]]") :].replace("R1", "R2").replace("清扫", "植树")
    [message] = messages(category(two, 'period = "year", points = 240'))
    assert message.startswith(
        "类别「环境卫生」：「这一类每户每年最多 240 分」这条上限用不到：别的规定已经使它最多到 240 分"
    )
    assert messages(category(two, 'period = "year", points = 239')) == []
    assert len(messages(category(two, 'period = "quarter", times = 12'))) == 1
    assert (
        messages(category(two, 'period = "year", points = 240').replace('"1"', '"1"\nvillage = { add = 1 }', 1))
        == []
    )
    # A rule without limits of its own is unbounded.
    unbounded = two.replace(limits(MONTHLY), "", 1)
    assert messages(category(unbounded, 'period = "year", points = 9000')) == []


def test_a_limit_on_everything_above_the_sum_of_the_categories(book_text: BookText) -> None:
    text = category(book_text(), 'period = "month", points = 40')
    total = text.replace('version = "1"\n', 'version = "1"\n' + limits('period = "year", points = POINTS'))
    assert messages(total.replace("POINTS", "479")) == []
    [message] = messages(total.replace("POINTS", "480"))
    assert message.startswith("所有项目：「所有项目合起来每户每年最多 480 分」")
    [message] = messages(total.replace("POINTS", "30"))
    assert message.startswith("类别「环境卫生」：「这一类每户每月最多 40 分」")


HOW = st.sampled_from(("points", "times"))
PERIOD = st.sampled_from(("day", "month", "quarter", "year"))
ONE = st.builds(
    lambda period, how, number, per: f'period = "{period}", {how} = {number}, per = "{per}"',
    PERIOD,
    HOW,
    st.integers(1, 12),
    st.sampled_from(("household", "village")),
)
BOOK = """\
[book]
title = "试用积分办法"
version = "1"
township = "示范乡"
effective_from = 2026-01-01
adopted_by = { body = "村党支部", meeting = "支委会", date = 2025-12-20 }
LIMITS
[[category]]
id = "clean"
title = "环境卫生"

[[rule]]
id = "R1"
title = "清扫"
category = "clean"
inputs = [{ id = "tier", title = "档次", type = "choice", options = [
  { id = "low", title = "低档", points = 2 }, { id = "high", title = "高档", points = 3 } ] }]
evidence = ["照片"]
reviewers = ["grid"]
"""


@settings(max_examples=many(60))
@given(st.lists(ONE, min_size=1, max_size=3), st.lists(ONE, max_size=1))
def test_removing_a_redundant_limit_changes_no_award(own: list[str], total: list[str]) -> None:
    """Without the limit all awards are the same, for three households that claim as much as possible."""
    text = BOOK.replace("LIMITS", limits(*total) if total else "")
    problems = [
        problem
        for problem in check(text + limits(*own), "b")[1]
        if problem.message.startswith("规则「R1」：「这一项")
    ]
    if not problems:
        return
    column = problems[0].column
    line = (text + limits(*own)).splitlines()[problems[0].line - 1]
    index = line[: column - 1].count("{")
    remaining = [each for number, each in enumerate(own) if number != index]
    without = text + (limits(*remaining) if remaining else "")
    assert _awards(text + limits(*own)) == _awards(without)


def _awards(text: str) -> list[int]:
    book = load(text)
    tally, awards = Tally(book), []
    days = [
        date(2026, 1, 1) + timedelta(days=n) for n in (0, 0, 1, 2, 3, 4, 30, 31, 32, 33, 60, 61, 95, 96, 97, 200)
    ]
    for day, household, tier in product(days, ("h1", "h2"), ("low", "high")):
        claim = Claim("R1", day, household, "王庄村", inputs={"tier": tier})
        evaluation = evaluate(book, claim, tally)
        awards.append(evaluation.points)
        if evaluation.accepted:
            tally.add(claim, evaluation.points)
    return awards
