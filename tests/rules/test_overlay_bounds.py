"""A village's overlay never gives more for a deed than its township allows."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import Claim, RulebookError, Tally, evaluate, load
from tests.rules.heads import OVERLAY

BookText = Callable[..., str]

BASE_RULES = """
[[rule]]
id = "R2"
title = "庭院"
category = "clean"
points = 4
village_points = [3, 8]
evidence = ["照片"]
reviewers = ["grid"]

[[rule]]
id = "R3"
title = "植树"
category = "clean"
points = "input.trees * 2"
points_note = "每棵 2 分"
inputs = [{ id = "trees", title = "几棵", type = "integer", min = 1, max = 5 }]
evidence = ["照片"]
reviewers = ["grid"]
"""
CHANGE = """
[[change]]
id = "R2"
points = {points}
"""
OWN = """
[[rule]]
id = "V1"
title = "巡河"
category = "clean"
points = {points}
evidence = ["名单"]
reviewers = ["grid"]
"""
CAMPAIGN = """
[[campaign]]
id = "c{number}"
title = "活动"
from = {first}
until = {last}
multiply = {multiply}
rules = ["{rule}"]
"""
DAY = date(2026, 3, 8)


def campaign(rule: str, multiply: float, number: int = 1) -> str:
    return CAMPAIGN.format(rule=rule, multiply=multiply, number=number, first="2026-03-01", last="2026-04-30")


def base_text(book_text: BookText, multiply: float) -> str:
    allowed = f", multiply = {multiply}" if multiply > 1 else ""
    permissions = f"[book]\nvillage = {{ add = 2, points = 3{allowed} }}\n"
    return book_text(BASE_RULES).replace("[book]\n", permissions)


@pytest.mark.parametrize(
    ("rule", "multiply", "sentence"),
    [
        ("R1", 10, "由乡镇统一规定，乡镇的办法没有许村里加倍"),
        ("R3", 10, "由乡镇统一规定"),
        ("R2", 10, "一次会记 40 分，乡镇许村里最多定 8 分"),
        ("V1", 2, "一次会记 6 分，乡镇许村里最多定 3 分"),
    ],
)
def test_a_campaign_multiplies_nothing_past_the_townships_bound(
    book_text: BookText, rule: str, multiply: float, sentence: str
) -> None:
    base = load(base_text(book_text, 1))
    text = OVERLAY + OWN.format(points=3) + campaign(rule, multiply)
    with pytest.raises(RulebookError, match=sentence):
        load(text, base=base)
    assert load(text, base=base, adopted=True).campaigns


MULTIPLIERS = st.sampled_from([1.1, 1.5, 2, 3, 10])


@given(
    allowed=st.sampled_from([1, 1.5, 2]),
    change=st.none() | st.integers(1, 20),
    own=st.none() | st.integers(1, 5),
    campaigns=st.dictionaries(st.sampled_from(["R1", "R2", "R3", "V1"]), MULTIPLIERS, max_size=4),
    trees=st.integers(1, 5),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_award_under_an_overlay_is_larger_than_the_township_allows(
    book_text: BookText,
    allowed: float,
    change: int | None,
    own: int | None,
    campaigns: dict[str, float],
    trees: int,
) -> None:
    base = load(base_text(book_text, allowed))
    text = OVERLAY
    text += CHANGE.format(points=change) if change else ""
    text += OWN.format(points=own) if own else ""
    text += "".join(campaign(rule, by, number) for number, (rule, by) in enumerate(campaigns.items()))
    try:
        village = load(text, base=base)
    except RulebookError:
        return
    factor = Fraction(str(allowed))
    bounds = {"R1": int(5 * factor), "R2": 8, "R3": int(trees * 2 * factor), "V1": 3}
    for id in village.rules:
        inputs = {"trees": trees} if id == "R3" else {}
        evaluation = evaluate(village, Claim(id, DAY, "h1", "王庄村", inputs=inputs), Tally(village))
        assert 0 < evaluation.points <= max(bounds[id], 4 if id == "R2" else 0)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (OWN.format(points=3).replace("巡河", "清 扫"), "「清扫」是乡镇已有的规则"),
        (
            '[[retire]]\nid = "R1"\nwhy = "另有办法"\n' + OWN.format(points=3).replace("巡河", "清掃"),
            "「清扫」是乡镇已有的规则",
        ),
        (CHANGE.format(points=8) + CHANGE.format(points=3), "「R2」改动了两次"),
    ],
)
def test_no_deed_of_the_township_is_set_anew(book_text: BookText, more: str, sentence: str) -> None:
    with pytest.raises(RulebookError, match=sentence):
        load(OVERLAY + more, base=load(base_text(book_text, 1)))
