"""Deductions that a township offers are not in force until a village's assembly adopts each of them."""

from collections.abc import Callable
from datetime import date

import pytest

from rules import Decision, Rulebook, RulebookError, Tally, UnknownRule, evaluate, load
from tests.rules.heads import OVERLAY
from tests.rules.histories import ClaimFactory

BookText = Callable[..., str]

OFFERED = """
[[rule]]
id = "D1"
title = "乱倒垃圾，经教育不改"
category = "clean"
points = -5
village_points = [-10, -5]
deduction = { offered = true }
evidence = ["两次照片"]
reviewers = ["council", "supervisors"]
"""
ADOPT = """
[[adopt]]
id = "D1"
covenant = "村规民约第八条"
adopted_by = { body = "王庄村村民代表会议", meeting = "第 1 次会议第 3 项表决", date = 2026-02-10 }
"""
CAMPAIGN = """
[[campaign]]
id = "spring"
title = "春季清洁"
from = 2026-03-01
until = 2026-04-30
multiply = 2
categories = ["clean"]
"""


@pytest.fixture
def base(book_text: BookText) -> Rulebook:
    return load(book_text(OFFERED).replace("[book]\n", "[book]\nvillage = { multiply = 2 }\n"))


def refused(base: Rulebook, *parts: str) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        load("".join((OVERLAY, *parts)), "overlay.toml", base)
    return [problem.message for problem in caught.value.problems]


def test_an_offered_deduction_is_no_rule_of_the_book(base: Rulebook, make_claim: ClaimFactory) -> None:
    assert (list(base.rules), list(base.offered_deductions)) == (["R1"], ["D1"])
    with pytest.raises(UnknownRule):
        evaluate(base, make_claim("D1", inputs={"reminded_on": "2026-03-01"}), Tally(base))


def test_a_village_that_adopts_nothing_deducts_nothing(base: Rulebook) -> None:
    village = load(OVERLAY, base=base)
    assert (list(village.rules), list(village.offered_deductions)) == (["R1"], ["D1"])


def test_an_adopted_deduction_deducts_points_and_cites_its_clause(
    base: Rulebook, make_claim: ClaimFactory
) -> None:
    village = load(OVERLAY + ADOPT, base=base)
    assert (list(village.rules), list(village.offered_deductions)) == (["R1", "D1"], [])
    deduction = village.get_rule("D1").deduction
    assert deduction is not None
    assert deduction.adopted_by == Decision("王庄村村民代表会议", "第 1 次会议第 3 项表决", date(2026, 2, 10))
    evaluation = evaluate(village, make_claim("D1", inputs={"reminded_on": "2026-03-01"}), Tally(village))
    assert (evaluation.points, evaluation.trace.covenant) == (-5, "村规民约第八条")


def test_the_base_is_unchanged(base: Rulebook) -> None:
    load(OVERLAY + ADOPT, base=base)
    assert base.offered_deductions["D1"].deduction == load(OVERLAY, base=base).offered_deductions["D1"].deduction
    assert "D1" not in base.rules


def test_an_adopted_deduction_can_be_changed_within_the_townships_bounds(base: Rulebook) -> None:
    assert load(OVERLAY + ADOPT + '[[change]]\nid = "D1"\npoints = -10\n', base=base).get_rule("D1").points == -10
    assert refused(base, ADOPT, '[[change]]\nid = "D1"\npoints = -11\n') == [
        "改动「D1」：「乱倒垃圾，经教育不改」村里只能定 -10 到 -5 分。"
    ]


def test_a_campaign_of_a_category_does_not_include_its_deductions(base: Rulebook) -> None:
    assert load(OVERLAY + ADOPT + CAMPAIGN, base=base).campaigns[0].rules == {"R1"}


@pytest.mark.parametrize(
    ("adopt", "sentence"),
    [
        (ADOPT.replace('"D1"', '"D2"'), "没有「D2」这一项待启用的扣分。"),
        (ADOPT.replace('"D1"', '"R1"'), "没有「R1」这一项待启用的扣分"),
        (ADOPT.replace('covenant = "村规民约第八条"\n', ""), "缺少 covenant。"),
        (
            ADOPT.replace("王庄村村民代表会议", "村委会"),
            "只能由村民会议或村民代表会议逐条表决，不能由「村委会」决定",
        ),
        *(
            (ADOPT.replace("王庄村村民代表会议", body), f"不能由「{body}」决定")
            for body in (
                "村民委员会",
                "王庄村村民委员会",
                "王庄村村民小组会议",
                "村民理事会",
                "村民委员会（代村民代表会议）",
                "村民代表会议委托村民委员会",
                "李家沟村村民代表会议",
                "村民委员会召集村民会议",
            )
        ),
        (ADOPT.replace("2026-02-10", "2026-03-02"), "不能扣表决以前的事"),
        (ADOPT.replace("村规民约第八条", "村规民约第八条：越级上访"), "不能因「上访」扣分"),
        (ADOPT + "reminder = false\n", "不认识的字段「reminder」"),
        (ADOPT + ADOPT, "「D1」启用了两次。"),
        ('[[change]]\nid = "D1"\npoints = -6\n', "「D1」是扣分，要先用 [[adopt]] 写明村民的表决。"),
        ('[[retire]]\nid = "D1"\nwhy = "不扣"\n', "没有「D1」这一项"),
        (OFFERED.replace('"D1"', '"V1"').replace("village_points = [-10, -5]\n", ""), "不能只是待启用"),
    ],
)
def test_errors_in_an_adoption(base: Rulebook, adopt: str, sentence: str) -> None:
    assert any(sentence in message for message in refused(base, adopt))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("offered = true", 'offered = true, covenant = "村规民约第八条"', "不认识的字段「covenant」"),
        ("[-10, -5]", "[-21, -5]", "村里能定的分值要在 -20 到 -1 之间，现在是 -21 到 -5。"),
        ("[-10, -5]", "[-5, 5]", "村里能定的分值要在 -20 到 -1 之间"),
        ("points = -5", "points = -21", "一次最多扣 20 分"),
        ('["council", "supervisors"]', '["council"]', "两个不同的组织审核"),
    ],
)
def test_errors_in_an_offered_deduction(book_text: BookText, old: str, new: str, sentence: str) -> None:
    with pytest.raises(RulebookError, match=sentence.replace("[", r"\[")):
        load(book_text(OFFERED.replace(old, new)))


def test_a_village_may_not_turn_an_award_into_a_deduction(book_text: BookText) -> None:
    with pytest.raises(RulebookError, match="村里能定的分值要在 1 到 10000 之间，现在是 -5 到 5。"):
        load(book_text("village_points = [-5, 5]\n"))


def test_a_deduction_may_not_begin_before_its_vote(book_text: BookText) -> None:
    late = book_text(OFFERED).replace(
        "{ offered = true }",
        '{ covenant = "村规民约第八条", adopted_by = { body = "村民会议", meeting = "春季", date = 2026-04-01 } }',
    )
    with pytest.raises(RulebookError, match="不能扣表决以前的事，请用 from 写明从哪天起"):
        load(late)
    assert load(late + "from = 2026-04-01\n").get_rule("D1").first == date(2026, 4, 1)


@pytest.mark.parametrize("body", ["村民会议", "村民代表会议", "王庄村村民会议", "示范乡王庄村村民代表会议"])
def test_the_villagers_assembly_adopts_under_its_own_name(base: Rulebook, body: str) -> None:
    text = OVERLAY + ADOPT.replace("王庄村村民代表会议", body)
    assert load(text, base=base).get_rule("D1").deduction is not None


def test_what_a_villagers_committee_adopted_before_stays_readable_until_the_next_book(base: Rulebook) -> None:
    text = OVERLAY + ADOPT.replace("王庄村村民代表会议", "村民委员会")
    with pytest.raises(RulebookError):
        load(text, base=base)
    assert "D1" in load(text, base=base, adopted=True).rules
