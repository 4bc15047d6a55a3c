"""Strings from a form or a table become the typed answers of a rule."""

from __future__ import annotations

import pytest

from rules import Rule, load, parse_answers

_BOOK = """
[book]
title = "试"
version = "1"
township = "示范乡"
effective_from = 2026-01-01
adopted_by = { body = "乡党委", meeting = "第 1 次", date = 2025-12-20 }

[[category]]
id = "c"
title = "类"

[[rule]]
id = "R1"
title = "规则"
category = "c"
points = 1
evidence = ["记录"]
reviewers = ["council"]
inputs = [
  { id = "times", title = "次数", type = "integer" },
  { id = "hours", title = "小时", type = "number" },
  { id = "kind", title = "哪种", type = "choice", options = [
    { id = "one", title = "一" }, { id = "two", title = "二" },
  ] },
  { id = "told", title = "说明", type = "text", required = false },
  { id = "since", title = "从哪天", type = "date" },
]
"""


@pytest.fixture(scope="module")
def rule() -> Rule:
    return load(_BOOK, "book.toml").get_rule("R1")


def test_numbers_become_numbers_and_the_rest_stays_text(rule: Rule) -> None:
    strings = {"times": "3", "hours": "1.5", "kind": "one", "told": "12", "since": "2026-06-01"}
    assert parse_answers(rule, strings) == {**strings, "times": 3, "hours": 1.5}


def test_full_width_digits_are_digits(rule: Rule) -> None:
    assert parse_answers(rule, {"times": "１２", "hours": "２.５"}) == {"times": 12, "hours": 2.5}


def test_what_is_not_a_number_stays_text(rule: Rule) -> None:
    strings = {"times": "1.5", "hours": "很久"}
    assert parse_answers(rule, strings) == strings


def test_empty_and_unknown_answers_are_left_out(rule: Rule) -> None:
    assert parse_answers(rule, {"times": "", "admin": "yes"}) == {}
