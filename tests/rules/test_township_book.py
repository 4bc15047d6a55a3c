"""Every row of the scoring table, computed by hand: what it gives, its limit, and who looks at it."""

from datetime import date
from typing import Any

import pytest

from rules import Limit, Rulebook, evaluate
from tests.rules.pasts import NOTHING, Already, Claiming

GRID, COUNCIL, COMMITTEE, SUPERVISORS = "grid", "council", "committee", "supervisors"


def once(period: Any, times: int = 1) -> tuple[Limit, ...]:
    return (Limit(period=period, times=times),)


def most(period: Any, points: int) -> tuple[Limit, ...]:
    return (Limit(period=period, points=points),)


DAY = date(2025, 5, 20)
PHOTO: dict[str, object] = {"photo": "p1"}

# id, category, [(inputs, points)], limits, reviewers
ROWS: list[tuple[str, str, list[tuple[dict[str, object], int]], tuple[Limit, ...], tuple[str, ...]]] = [
    ("A01", "遵纪守法", [({}, 1)], most("year", 3), (GRID,)),
    ("A02", "遵纪守法", [({"case_number": "2025-18"}, 10)], most("year", 20), (COMMITTEE, SUPERVISORS)),
    ("A03", "遵纪守法", [({}, 1)], most("year", 3), (GRID,)),
    ("A04", "公共参与", [({}, 5)], once("month"), (GRID,)),
    ("A05", "公共参与", [({"suggestion": "修路灯"}, 2)], most("year", 10), (COMMITTEE,)),
    ("A06", "公共参与", [(PHOTO, 8), ({}, 8)], once("month", 2), (GRID, COUNCIL)),
    ("A07", "公共参与", [(PHOTO, 2)], once("month", 2), (GRID, COUNCIL)),
    ("A08", "公共参与", [({"before": "p1", "after": "p2"}, 2)], most("month", 4), (GRID,)),
    ("A09", "环境卫生", [({}, 5)], once("month", 2), (GRID,)),
    ("A10", "环境卫生", [({}, 5)], once("month"), (COUNCIL,)),
    ("A11", "环境卫生", [({}, 15)], once("quarter"), (COUNCIL, COMMITTEE)),
    ("A12", "环境卫生", [({}, 10)], once("quarter"), (GRID,)),
    ("A13", "环境卫生", [(PHOTO, 10)], once("year", 2), (GRID, COUNCIL)),
    ("A14", "环境卫生", [({"before": "p1", "after": "p2"}, 5)], once("year"), (COMMITTEE,)),
    ("A15", "孝老爱亲", [({"honour": "daughter_in_law"}, 20)], once("year"), (COMMITTEE,)),
    ("A16", "孝老爱亲", [({}, 10)], once("month", 2), (GRID, COUNCIL)),
    ("A17", "孝老爱亲", [({"months": 6}, 5), ({"months": 30}, 5)], once("year"), (COUNCIL,)),
    ("A18", "移风易俗", [({"matter": "长子婚礼"}, 10)], once("day"), (COUNCIL, COMMITTEE)),
    ("A19", "移风易俗", [({"matter": "祖母"}, 10)], once("day"), (COMMITTEE,)),
    ("A20", "移风易俗", [({"matter": "次女婚事"}, 20)], once("day"), (COMMITTEE, SUPERVISORS)),
    ("A21", "志愿服务", [({}, 15)], once("month", 2), (GRID,)),
    (
        "A22",
        "志愿服务",
        [
            ({"tier": "h10"}, 2),
            ({"tier": "h20"}, 5),
            ({"tier": "h50"}, 10),
            ({"tier": "h80"}, 15),
            ({"tier": "h100"}, 20),
        ],
        (Limit(period="year", times=5, points=52),),
        (COUNCIL,),
    ),
    ("A23", "志愿服务", [({}, 5)], once("month", 2), ("system", GRID)),
    ("A24", "志愿服务", [({"effort": "joined"}, 1), ({"effort": "outstanding"}, 2)], (), (COMMITTEE,)),
    ("A25", "志愿服务", [({}, 10)], once("year", 2), (COMMITTEE,)),
    ("A26", "邻里和睦", [({"helped": "李家"}, 1)], most("month", 1), (GRID,)),
    ("A27", "邻里和睦", [({"helped": "李家"}, 1)], most("month", 2), (GRID,)),
    ("A28", "邻里和睦", [({"record": "调 12"}, 10)], once("year", 4), (COUNCIL,)),
    (
        "A29",
        "诚信善举",
        [
            ({"value": "under_100"}, 1),
            ({"value": "to_1000"}, 2),
            ({"value": "to_5000"}, 3),
            ({"value": "to_10000"}, 5),
            ({"value": "over_10000"}, 10),
        ],
        (),
        (COUNCIL,),
    ),
    ("A30", "诚信善举", [({"deed": "下河救人"}, 50)], (), (COMMITTEE, SUPERVISORS)),
    (
        "A31",
        "产业发展",
        [({"income": "to_5000"}, 2), ({"income": "to_10000"}, 3)],
        most("year", 5),
        (COMMITTEE, SUPERVISORS),
    ),
    ("A32", "产业发展", [({}, 5)], once("year", 2), (GRID,)),
    ("A33", "产业发展", [({"project": "蓄水池"}, 5)], once("month", 2), (COMMITTEE,)),
    (
        "A34",
        "教育国防",
        [({"degree": "college"}, 20), ({"degree": "bachelor"}, 30)],
        (Limit(per="person", period="lifetime", times=1),),
        (COMMITTEE,),
    ),
    (
        "A35",
        "教育国防",
        [({"step": "enlisted"}, 30), ({"step": "discharged"}, 10)],
        (Limit(per="person", period="lifetime", times=2, points=40),),
        (COMMITTEE,),
    ),
    (
        "A36",
        "教育国防",
        [({"merit": "third"}, 50), ({"merit": "second_or_higher"}, 100)],
        (),
        (COMMITTEE,),
    ),
    (
        "A37",
        "表彰奖励",
        [
            ({"deed": "护林", "level": "village"}, 3),
            ({"deed": "护林", "level": "township"}, 5),
            ({"deed": "护林", "level": "county"}, 20),
            ({"deed": "护林", "level": "city"}, 30),
            ({"deed": "护林", "level": "province"}, 60),
            ({"deed": "护林", "level": "nation"}, 100),
        ],
        (Limit(per="person", period="day", times=1),),
        (COMMITTEE,),
    ),
    (
        "A38",
        "爱心捐赠",
        [({"yuan": 100}, 1), ({"yuan": 199}, 1), ({"yuan": 750}, 7), ({"yuan": 1000}, 10)],
        most("year", 40),
        (COMMITTEE, SUPERVISORS),
    ),
    (
        "A39",
        "村自设",
        [({"item": "看护水源", "points": 1}, 1), ({"item": "看护水源", "points": 2}, 2)],
        (),
        (COMMITTEE,),
    ),
]


def test_the_book_has_exactly_the_39_rows_in_order(township: Rulebook) -> None:
    assert list(township.rules) == [row[0] for row in ROWS] == [f"A{n:02}" for n in range(1, 40)]


@pytest.mark.parametrize(("rule_id", "category", "cases", "limits", "reviewers"), ROWS, ids=[r[0] for r in ROWS])
def test_row(
    township: Rulebook,
    claiming: Claiming,
    rule_id: str,
    category: str,
    cases: list[tuple[dict[str, object], int]],
    limits: tuple[Limit, ...],
    reviewers: tuple[str, ...],
) -> None:
    rule = township.rule(rule_id)
    titles = {each.id: each.title for each in township.categories}
    assert (titles[rule.category], rule.limits, rule.reviewers) == (category, limits, reviewers)
    assert rule.notice_days == 3
    assert rule.evidence
    assert rule.source
    for inputs, points in cases:
        outcome = evaluate(township, claiming(rule_id, DAY, inputs=inputs, person="李四"), NOTHING)
        assert (outcome.points, outcome.accepted) == (points, True), outcome.trace.refusals


@pytest.mark.parametrize("row", [row for row in ROWS if row[3]], ids=lambda row: row[0])
def test_a_full_limit_refuses_the_row(township: Rulebook, claiming: Claiming, row: tuple[Any, ...]) -> None:
    rule_id, _, [(inputs, _), *_], (limit, *_), _ = row
    full = Already(times=limit.times or 99, points=limit.points or 999)
    outcome = evaluate(township, claiming(rule_id, DAY, inputs=inputs, person="李四"), full)
    assert (outcome.points, outcome.accepted) == (0, False)
    assert [refusal.code for refusal in outcome.trace.refusals] == ["limit_reached"]


def test_only_private_matters_stay_off_the_notice_board(township: Rulebook) -> None:
    assert [rule.id for rule in township.rules.values() if not rule.publish] == ["A02", "A20", "A28"]


@pytest.mark.parametrize(
    ("rule_id", "inputs", "sentence"),
    [
        ("A17", {"months": 5}, "不符合条件：要连续帮助 6 个月以上。"),
        ("A38", {"yuan": 99}, "不符合条件：一次捐款在 100 元到 1000 元之间才记分。"),
        ("A38", {"yuan": 1001}, "不符合条件：一次捐款在 100 元到 1000 元之间才记分。"),
        ("A39", {"item": "看护水源", "points": 3}, "「村里定的分值」不能大于 2。"),
        ("A39", {"item": "看护水源", "points": 0}, "「村里定的分值」不能小于 1。"),
        ("A13", {}, "请填「植树照片」。"),
    ],
)
def test_claims_the_table_does_not_reward(
    township: Rulebook, claiming: Claiming, rule_id: str, inputs: dict[str, object], sentence: str
) -> None:
    outcome = evaluate(township, claiming(rule_id, DAY, inputs=inputs), NOTHING)
    assert not outcome.accepted
    assert [refusal.message for refusal in outcome.trace.refusals] == [sentence]


def test_a_year_of_volunteering_never_gives_more_than_all_tiers_together(
    township: Rulebook, claiming: Claiming
) -> None:
    # 2 + 5 + 10 + 15 = 32 so far; the last tier brings the year to 52, and a sixth claim finds nothing left.
    fifth = evaluate(township, claiming("A22", DAY, inputs={"tier": "h100"}), Already(4, 32))
    sixth = evaluate(township, claiming("A22", DAY, inputs={"tier": "h100"}), Already(5, 52))
    assert (fifth.points, sixth.points) == (20, 0)


def test_a_donation_near_the_years_bound_is_cut_to_what_is_left(township: Rulebook, claiming: Claiming) -> None:
    outcome = evaluate(township, claiming("A38", DAY, inputs={"yuan": 1000}), Already(4, 36))
    assert (outcome.points, outcome.trace.offered) == (4, 10)
