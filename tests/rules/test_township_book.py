"""Every row of the scoring table: points computed by hand, limits and reviewers."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from rules import Deduction, Limit, Rulebook, RulebookError, books_path, evaluate, load, load_builtin
from rules.book import DeductionBounds, VillagePermissions
from tests.rules.histories import NO_AWARDS, ClaimFactory, FixedHistory

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
    (
        "A18",
        "移风易俗",
        [({"matter": "长子婚礼"}, 10)],
        (Limit(period="lifetime", by=("matter",), times=1), *once("day")),
        (COUNCIL, COMMITTEE),
    ),
    (
        "A19",
        "移风易俗",
        [({"deceased": "祖母"}, 10)],
        (Limit(period="lifetime", by=("deceased",), times=1),),
        (COMMITTEE,),
    ),
    (
        "A20",
        "移风易俗",
        [({"marriage": "次女婚事"}, 20)],
        (Limit(period="lifetime", by=("marriage",), times=1), *once("day")),
        (COMMITTEE, SUPERVISORS),
    ),
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
        (Limit(period="year", by=("tier",), times=1),),
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
        (Limit(per="person", period="lifetime", by=("step",), times=1),),
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
        (Limit(per="person", period="lifetime", by=("deed",), highest=True),),
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
        [
            ({"item": "看护水源", "decided_points": 1, "decided_record": "会议 3"}, 1),
            ({"item": "看护水源", "decided_points": 2, "decided_record": "会议 3"}, 2),
        ],
        (),
        (COMMITTEE,),
    ),
]


def test_the_book_has_exactly_the_39_rows_in_order(township: Rulebook) -> None:
    assert list(township.rules) == [row[0] for row in ROWS] == [f"A{n:02}" for n in range(1, 40)]


@pytest.mark.parametrize(("rule_id", "category", "cases", "limits", "reviewers"), ROWS, ids=[r[0] for r in ROWS])
def test_row(
    township: Rulebook,
    make_claim: ClaimFactory,
    rule_id: str,
    category: str,
    cases: list[tuple[dict[str, object], int]],
    limits: tuple[Limit, ...],
    reviewers: tuple[str, ...],
) -> None:
    rule = township.get_rule(rule_id)
    titles = {each.id: each.title for each in township.categories}
    assert (titles[rule.category], rule.limits, rule.reviewers) == (category, limits, reviewers)
    assert rule.notice_days == 3
    assert rule.evidence
    assert rule.source
    for inputs, points in cases:
        evaluation = evaluate(township, make_claim(rule_id, DAY, inputs=inputs, person="李四"), NO_AWARDS)
        assert (evaluation.points, evaluation.accepted) == (points, True), evaluation.trace.refusals


@pytest.mark.parametrize("row", [row for row in ROWS if row[3]], ids=lambda row: row[0])
def test_a_full_limit_refuses_the_row(township: Rulebook, make_claim: ClaimFactory, row: tuple[Any, ...]) -> None:
    rule_id, _, [(inputs, _), *_], (limit, *_), _ = row
    full = FixedHistory(times=limit.times or 99, points=limit.points or 999)
    evaluation = evaluate(township, make_claim(rule_id, DAY, inputs=inputs, person="李四"), full)
    assert (evaluation.points, evaluation.accepted) == (0, False)
    assert [refusal.code for refusal in evaluation.trace.refusals] == ["limit_reached"]


def test_only_private_matters_are_not_published(township: Rulebook) -> None:
    assert [rule.id for rule in township.rules.values() if not rule.publish] == ["A02", "A20", "A28"]


@pytest.mark.parametrize(
    ("rule_id", "inputs", "sentence"),
    [
        ("A17", {"months": 5}, "不符合条件：要连续帮助 6 个月以上。"),
        ("A38", {"yuan": 99}, "不符合条件：一次捐款在 100 元到 1000 元之间才记分。"),
        ("A38", {"yuan": 1001}, "不符合条件：一次捐款在 100 元到 1000 元之间才记分。"),
        ("A39", {"item": "看护水源", "decided_points": 3, "decided_record": "3"}, "「议定的分数」不能大于 2。"),
        ("A39", {"item": "看护水源", "decided_points": 0, "decided_record": "3"}, "「议定的分数」不能小于 1。"),
        ("A39", {"item": "看护水源", "decided_points": 1}, "请填「会议记录（编号或照片）」。"),
        ("A13", {}, "请填「植树照片」。"),
    ],
)
def test_claims_the_table_does_not_reward(
    township: Rulebook, make_claim: ClaimFactory, rule_id: str, inputs: dict[str, object], sentence: str
) -> None:
    evaluation = evaluate(township, make_claim(rule_id, DAY, inputs=inputs), NO_AWARDS)
    assert not evaluation.accepted
    assert [refusal.message for refusal in evaluation.trace.refusals] == [sentence]


def test_a_donation_near_the_years_bound_is_cut_to_what_is_left(
    township: Rulebook, make_claim: ClaimFactory
) -> None:
    evaluation = evaluate(township, make_claim("A38", DAY, inputs={"yuan": 1000}), FixedHistory(4, 36))
    assert (evaluation.points, evaluation.trace.offered) == (4, 10)


# id, category, points, reminder, limits, reviewers
DEDUCTIONS: list[tuple[str, str, int, bool, tuple[Limit, ...], tuple[str, ...]]] = [
    ("D01", "环境卫生", -5, True, (), (COUNCIL, SUPERVISORS)),
    ("D02", "环境卫生", -5, True, (), (COUNCIL, SUPERVISORS)),
    ("D03", "环境卫生", -5, True, (), (COUNCIL, SUPERVISORS)),
    # The original table has only the council; a deduction needs two bodies.
    ("D04", "环境卫生", -1, False, once("quarter"), (COUNCIL, SUPERVISORS)),
    ("D05", "公共秩序", -10, True, (), (COUNCIL, SUPERVISORS)),
    ("D06", "公共秩序", -20, False, (), (COMMITTEE, SUPERVISORS)),
    (
        "D07",
        "移风易俗",
        -10,
        False,
        (Limit(period="lifetime", by=("matter",), times=1),),
        (COUNCIL, COMMITTEE),
    ),
    ("D08", "邻里和睦", -10, False, (), (COMMITTEE, SUPERVISORS)),
    ("D09", "诚信善举", -5, False, (), (COMMITTEE, SUPERVISORS)),
]


def test_the_deductions_are_only_offered(township: Rulebook) -> None:
    assert list(township.offered_deductions) == [row[0] for row in DEDUCTIONS]
    assert not set(township.offered_deductions) & set(township.rules)
    assert township.deduction_bounds == DeductionBounds(at_once=20, a_year=50)
    assert township.village_permissions == VillagePermissions(
        add=5, points=2, deductions=5, deduct=2, multiply=Fraction(2)
    )


@pytest.mark.parametrize(
    ("rule_id", "category", "points", "reminder", "limits", "reviewers"),
    DEDUCTIONS,
    ids=[d[0] for d in DEDUCTIONS],
)
def test_deduction(
    township: Rulebook,
    rule_id: str,
    category: str,
    points: int,
    reminder: bool,
    limits: tuple[Limit, ...],
    reviewers: tuple[str, ...],
) -> None:
    rule = township.offered_deductions[rule_id]
    assert (township.get_category(rule.category).title, rule.points) == (category, points)
    assert (rule.limits, rule.reviewers, rule.notice_days) == (limits, reviewers, 3)
    assert rule.deduction == Deduction("", None, reminder)


def test_a_village_adopted_each_deduction_by_a_vote_of_its_own(township: Rulebook) -> None:
    village = load_builtin("covenant-deductions")
    adopted = [rule.deduction for rule in village.rules.values() if rule.deduction]
    assert [id for id, rule in village.rules.items() if rule.deduction] == [f"D{n:02}" for n in range(1, 11)]
    assert len({deduction.covenant for deduction in adopted}) == 10
    assert len({deduction.adopted_by.meeting for deduction in adopted if deduction.adopted_by}) == 10
    assert set(village.rules) - set(township.rules) == {f"D{n:02}" for n in range(1, 11)}


def test_a_villages_own_deductions_take_two_points_at_most() -> None:
    assert load_builtin("covenant-deductions").get_rule("D10").points == -2
    text = (books_path() / "covenant-deductions.toml").read_text(encoding="utf-8")
    with pytest.raises(RulebookError, match="村里自设的扣分项每次最多 2 分"):
        load(text.replace("points = -2", "points = -3"), base=load_builtin("township"))
