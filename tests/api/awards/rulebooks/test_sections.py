"""The sections of a village's book: its own rules, changed ones, retired ones."""

from __future__ import annotations

from api.awards.rulebooks import sections
from rules import load
from tests.rules.whole_book import BOOK, OVERLAY

BASE = load(BOOK)
VILLAGE = load(
    OVERLAY
    + """
[[campaign]]
id = "autumn"
title = "秋收互助"
from = 2026-09-01
until = 2026-09-30
multiply = 2
rules = ["V01"]
""",
    base=BASE,
    # Before campaigns of a village had the bounds of its rules.
    adopted=True,
)
ROWS = {
    row.rule.id: row for section in sections.build_sections(VILLAGE, BASE, notice_days=5) for row in section.rows
}


def test_each_rule_has_its_origin() -> None:
    assert {id: row.origin for id, row in ROWS.items()} == {
        "fixed": "本村调整",
        "taken": "",
        "choice": "",
        "counted": "",
        "V01": "本村自定",
    }
    assert ROWS["fixed"].changes == ("由 5 分改为 6 分", "新增上限：这一项每户每年最多 10 次")
    assert ROWS["V01"].changes == ()


def test_rules_of_a_townships_book_have_no_origin() -> None:
    assert {row.origin for section in sections.build_sections(BASE, None, 0) for row in section.rows} == {""}
    assert sections.retired_titles(BASE, None) == []


def test_retired_titles() -> None:
    assert sections.retired_titles(VILLAGE, BASE) == ["自设项目"]


def test_campaigns_are_sorted_by_their_days() -> None:
    found = [(campaign.title, origin) for campaign, _, origin in sections.describe_campaigns(VILLAGE, BASE)]
    assert found == [("春季清洁行动", ""), ("秋收互助", "本村自定")]


def test_numbers_and_units_are_not_separated() -> None:
    assert ROWS["choice"].amounts == ("村级 3\u00a0分", "市级 30\u00a0分")
    assert ROWS["fixed"].limits == ("每户每年最多 10\u00a0次", "每户每月最多 1\u00a0次")
    assert ROWS["taken"].amounts == ("扣 5 分",)


def test_total_limits() -> None:
    assert sections.describe_total_limits(VILLAGE) == [
        "所有项目合起来全村每年最多 50000 分",
        "任何一项一次最多 100 分",
        "扣分一次最多 10 分，一户一年最多 30 分",
    ]


def test_a_category_without_rules_has_no_heading() -> None:
    empty = load(BOOK + '[[category]]\nid = "later"\ntitle = "以后再定"\n')
    assert [section.category.id for section in sections.build_sections(empty, None, 0)] == ["clean", "honours"]
