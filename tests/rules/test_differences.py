"""Every change of a book is reported, and nothing else."""

import random
from dataclasses import fields, replace
from datetime import date
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import (
    Campaign,
    Category,
    Deduction,
    Difference,
    Input,
    Option,
    PointsByChoice,
    PointsByMeeting,
    Rule,
    Rulebook,
    compare_books,
    load,
    load_builtin,
)
from rules.book import DeductionBounds, SheetItem, VillagePermissions
from rules.expression import compile_amount, compile_condition
from rules.limits import Limit
from tests.rules.whole_book import BOOK, OVERLAY

BASE = load(BOOK)
VILLAGE = load(OVERLAY, base=BASE)
TOWNSHIP = load_builtin("township")
DECISION = replace(BASE.adopted_by, date=date(2026, 2, 1), body="村民会议")
YUAN = (("input.yuan", "integer"),)


def with_rule(id: str, **edits: Any) -> Rulebook:
    return replace(BASE, rules={**BASE.rules, id: replace(BASE.rules[id], **edits)})


def with_category(**edits: Any) -> Rulebook:
    return replace(BASE, categories=(replace(BASE.categories[0], **edits), *BASE.categories[1:]))


def with_campaign(**edits: Any) -> Rulebook:
    return replace(BASE, campaigns=(replace(BASE.campaigns[0], **edits),))


def with_input(rule: str, place: int, **edits: Any) -> Rulebook:
    inputs = list(BASE.rules[rule].inputs)
    inputs[place] = replace(inputs[place], **edits)
    return with_rule(rule, inputs=tuple(inputs))


def with_deduction(**edits: Any) -> Rulebook:
    deduction = BASE.rules["taken"].deduction
    assert deduction
    return with_rule("taken", deduction=replace(deduction, **edits))


def with_bounds(**edits: int) -> Rulebook:
    return replace(BASE, deduction_bounds=replace(BASE.deduction_bounds, **edits))


def with_permissions(**edits: Any) -> Rulebook:
    return replace(BASE, village_permissions=replace(BASE.village_permissions, **edits))


def with_limit(**edits: Any) -> Rulebook:
    [own] = [limit for limit in BASE.rules["fixed"].limits if limit.scope == "rule"]
    return with_rule("fixed", limits=(replace(own, **edits),))


def renamed(id: str, new: str) -> Rulebook:
    rules = {rule.id: rule for rule in BASE.rules.values() if rule.id != id}
    return replace(BASE, rules={**rules, new: replace(BASE.rules[id], id=new)})


def with_options(*options: Option, **amounts: int) -> Rulebook:
    book = with_input("choice", 1, options=options)
    rule = replace(book.rules["choice"], points=PointsByChoice("level", amounts))
    return replace(book, rules={**book.rules, "choice": rule})


VILLAGE_LEVEL, CITY_LEVEL = BASE.rules["choice"].inputs[1].options
YARD, HOUSE = BASE.rules["fixed"].inputs[0].items

# For every field an edited book and the texts its differences must contain, old and new value.
EDITS: dict[tuple[type, str], tuple[Rulebook, tuple[str, ...]]] = {
    (Rulebook, "title"): (replace(BASE, title="新办法"), ("试用积分办法", "新办法")),
    (Rulebook, "version"): (replace(BASE, version="2"), ("「1」", "「2」")),
    (Rulebook, "township"): (replace(BASE, township="另一乡"), ("示范乡", "另一乡")),
    (Rulebook, "effective_from"): (replace(BASE, effective_from=date(2026, 1, 2)), ("1 月 1 日", "1 月 2 日")),
    (Rulebook, "effective_until"): (replace(BASE, effective_until=None), ("2026 年 12 月 31 日", "未定")),
    (Rulebook, "adopted_by"): (replace(BASE, adopted_by=DECISION), ("乡党委第 12 次", "村民会议第 12 次")),
    (Rulebook, "categories"): (replace(BASE, categories=BASE.categories[:1]), ("不再有", "表彰奖励")),
    (Rulebook, "rules"): (replace(BASE, rules={"fixed": BASE.rules["fixed"]}), ("不再有", "每满 100 元 1 分")),
    (Rulebook, "total_limits"): (replace(BASE, total_limits=()), ("不再有上限", "全村每年最多 50000 分")),
    (Rulebook, "campaigns"): (replace(BASE, campaigns=()), ("不再有", "春季清洁行动", "1.5 倍")),
    (Rulebook, "most_points"): (replace(BASE, most_points=200), ("100 分", "200 分")),
    (Rulebook, "village"): (replace(BASE, village="王庄村"), ("新增", "王庄村")),
    (Rulebook, "offered_deductions"): (
        replace(BASE, offered_deductions={"more": replace(BASE.rules["taken"], id="more", title="占道晒粮")}),
        ("新增「占道晒粮」", "村里可以表决启用", "扣 5 分"),
    ),
    (Rulebook, "base_version"): (replace(BASE, base_version="2025"), ("新增", "2025")),
    (Rulebook, "deduction_bounds"): (with_bounds(a_year=20), ("30 分", "20 分")),
    (DeductionBounds, "a_year"): (with_bounds(a_year=20), ("30 分", "20 分")),
    (DeductionBounds, "at_once"): (with_bounds(at_once=5), ("10 分", "5 分")),
    (Rulebook, "village_permissions"): (with_permissions(add=6), ("5 条", "6 条")),
    (VillagePermissions, "add"): (with_permissions(add=6), ("加分项最多 5 条", "6 条")),
    (VillagePermissions, "points"): (with_permissions(points=3), ("加分项每次的分值最多 2 分", "3 分")),
    (VillagePermissions, "deductions"): (with_permissions(deductions=6), ("扣分项最多 5 条", "6 条")),
    (VillagePermissions, "deduct"): (with_permissions(deduct=3), ("扣分项每次的分值最多 2 分", "3 分")),
    (VillagePermissions, "multiply"): (with_permissions(multiply=Fraction(3)), ("加倍", "1 倍", "3 倍")),
    (VillagePermissions, "retire"): (with_permissions(retire=False), ("村里可以停用", "村里不可以停用")),
    (Category, "id"): (with_category(id="tidy"), ("新增", "不再有", "环境卫生")),
    (Category, "title"): (with_category(title="整洁"), ("环境卫生", "整洁")),
    (Category, "limits"): (
        with_category(limits=(Limit("category", period="month", points=30, of="clean"),)),
        ("这一类每户每月最多 40 分", "30 分"),
    ),
    (Campaign, "id"): (with_campaign(id="tidy"), ("新增", "不再有", "春季清洁行动")),
    (Campaign, "title"): (with_campaign(title="春风行动"), ("春季清洁行动", "春风行动")),
    (Campaign, "first"): (with_campaign(first=date(2026, 3, 2)), ("3 月 1 日", "3 月 2 日")),
    (Campaign, "last"): (with_campaign(last=date(2026, 5, 1)), ("4 月 30 日", "5 月 1 日")),
    (Campaign, "factor"): (with_campaign(factor=Fraction(2)), ("1.5 倍", "2 倍")),
    (Campaign, "rules"): (with_campaign(rules=frozenset({"fixed"})), ("不再管", "捐款")),
    (Rule, "id"): (renamed("fixed", "F"), ("新增", "不再有", "月评")),
    (Rule, "title"): (with_rule("fixed", title="季评"), ("月评“最清洁户”", "季评")),
    (Rule, "category"): (with_rule("fixed", category="honours"), ("环境卫生", "表彰奖励")),
    (Rule, "points"): (with_rule("fixed", points=6), ("由 5 分改为 6 分",)),
    (Rule, "points_note"): (with_rule("fixed", points_note="每户一样"), ("新增分值说明「每户一样」",)),
    (Rule, "inputs"): (with_rule("fixed", inputs=()), ("不再要「院内照片」", "不再要「评分单」")),
    (Rule, "when"): (
        with_rule("counted", when=compile_condition("input.yuan >= 101", YUAN)),
        ("input.yuan >= 100 &&", "input.yuan >= 101"),
    ),
    (Rule, "when_note"): (with_rule("counted", when_note="满百才记"), ("满 100 元才记", "满百才记")),
    (Rule, "limits"): (with_limit(times=2), ("这一项每户每月最多 1 次改为 2 次",)),
    (Rule, "evidence"): (
        with_rule("fixed", evidence=("照片", "公示单")),
        ("不再要「三人评分单」", "新增「公示单」"),
    ),
    (Rule, "reviewers"): (
        with_rule("fixed", reviewers=("supervisors", "council")),
        ("由道德评议会审核、村委会审定", "改为由村务监督委员会审核、道德评议会审定"),
    ),
    (Rule, "notice_days"): (with_rule("fixed", notice_days=5), ("公示由 3 天改为 5 天",)),
    (Rule, "publish"): (with_rule("fixed", publish=False), ("由公示户名和事由", "改为不公示")),
    (Rule, "source"): (with_rule("fixed", source="县里拟定"), ("乡里拟定", "县里拟定")),
    (Rule, "purpose"): (with_rule("fixed", purpose=""), ("不再有目的「鼓励保持整洁」",)),
    (Rule, "wording_reviewed"): (with_rule("fixed", wording_reviewed="乡党委审过"), ("新增", "乡党委审过")),
    (Rule, "most_points"): (with_rule("fixed", most_points=10), ("一次最多 9 分改为 10 分",)),
    (Rule, "first"): (with_rule("fixed", first=None), ("2026 年 2 月 1 日", "办法生效之日")),
    (Rule, "last"): (with_rule("fixed", last=date(2026, 12, 1)), ("11 月 30 日", "12 月 1 日")),
    (Rule, "village_points"): (with_rule("fixed", village_points=None), ("3–8 分", "由乡镇统一规定")),
    (Rule, "mandatory"): (with_rule("fixed", mandatory=True), ("村里可以停用", "村里不能停用")),
    (Rule, "every_household"): (with_rule("fixed", every_household=True), ("一户一户", "统一申报")),
    (Rule, "deduction"): (with_rule("taken", deduction=None), ("不再有扣分依据", "村规民约第八条")),
    (Deduction, "covenant"): (with_deduction(covenant="村规民约第九条"), ("第八条", "第九条")),
    (Deduction, "adopted_by"): (with_deduction(adopted_by=DECISION), ("村民代表会议", "村民会议")),
    (Deduction, "reminder"): (with_deduction(reminder=False), ("由先书面提醒", "改为不用先提醒")),
    (PointsByMeeting, "body"): (
        with_rule("decided", points=PointsByMeeting("村民会议", 1, 2)),
        ("村民代表会议", "村民会议"),
    ),
    (PointsByMeeting, "low"): (
        with_rule("decided", points=PointsByMeeting("村民代表会议", 2, 2)),
        ("1–2 分", "改为 2 分"),
    ),
    (PointsByMeeting, "high"): (
        with_rule("decided", points=PointsByMeeting("村民代表会议", 1, 3)),
        ("1–2 分", "1–3 分"),
    ),
    (PointsByChoice, "input_id"): (with_rule("choice", points=3), ("村级 3 分，市级 30 分", "记 3 分")),
    (PointsByChoice, "amounts"): (
        with_options(VILLAGE_LEVEL, CITY_LEVEL, village=3, city=25),
        ("「市级」由 30 分改为 25 分",),
    ),
    (Option, "id"): (
        with_options(VILLAGE_LEVEL, replace(CITY_LEVEL, id="town"), village=3, town=20),
        ("不再有「市级」30 分", "新增「市级」20 分"),
    ),
    (Option, "title"): (
        with_options(VILLAGE_LEVEL, replace(CITY_LEVEL, title="地市级"), village=3, city=30),
        ("由「市级」改为「地市级」",),
    ),
    (Input, "id"): (with_input("choice", 0, id="what"), ("新增「因什么事迹」", "不再要「因什么事迹」")),
    (Input, "title"): (with_input("choice", 0, title="哪件事"), ("因什么事迹", "哪件事")),
    (Input, "type"): (with_input("choice", 0, type="date"), ("填文字", "填日期")),
    (Input, "required"): (with_input("choice", 0, required=False), ("必填", "可不填")),
    (Input, "low"): (with_input("counted", 0, low=2), ("最小由 1 改为 2",)),
    (Input, "high"): (with_input("counted", 0, high=None), ("最大由 5000 改为不限",)),
    (Input, "options"): (with_options(VILLAGE_LEVEL, village=3), ("不再有「市级」30 分",)),
    (Input, "items"): (with_input("fixed", 0, items=(YARD,)), ("不再要「屋内」",)),
    (Input, "judges"): (with_input("fixed", 0, judges=3), ("2 位评委", "3 位评委")),
    (SheetItem, "id"): (
        with_input("fixed", 0, items=(replace(YARD, id="court"), HOUSE)),
        ("新增「院内」", "不再要「院内」"),
    ),
    (SheetItem, "title"): (with_input("fixed", 0, items=(replace(YARD, title="庭院"), HOUSE)), ("院内", "庭院")),
    (SheetItem, "max_score"): (
        with_input("fixed", 0, items=(replace(YARD, max_score=5), HOUSE)),
        ("由 2 分改为 5 分",),
    ),
    (Limit, "per"): (with_limit(per="person"), ("这一项每户每月最多 1 次", "这一项每人每月最多 1 次")),
    (Limit, "period"): (with_limit(period="year"), ("这一项每户每月最多 1 次", "这一项每户每年最多 1 次")),
    (Limit, "times"): (with_limit(times=None, points=5), ("最多 1 次改为 5 分",)),
    (Limit, "points"): (with_limit(points=5), ("最多 1 次改为 1 次、5 分",)),
    (Limit, "by"): (
        with_limit(by=("held_on",), by_note="评比日期"),
        ("这一项每户每月最多 1 次", "这一项同一「评比日期」每户每月最多 1 次"),
    ),
    (Limit, "highest"): (with_limit(highest=True), ("每月最多 1 次」", "每月只取最高的一次，最多 1 次」")),
}

# Fields that follow from others: `variables` and `counts` from expressions and limits, an option's points from the
# amounts of the choice, a limit's scope from its owner.
DERIVED = {
    (Rule, "variables"),
    (Rule, "requires_person"),
    *((Input, name) for name in ("option_ids", "minimum", "maximum")),
    (Rulebook, "counts"),
    (Rulebook, "variable_names"),
    (Option, "points"),
    *((Limit, name) for name in ("scope", "of", "by_note", "count")),
}
OPPOSITE = {"better": "worse", "worse": "better", "neither": "neither"}
EVERY_FIELD = [
    (owner, field.name)
    for owner in (
        *(Rulebook, Category, Campaign, Rule, Input, Option, SheetItem, Limit),
        *(PointsByChoice, PointsByMeeting, Deduction, DeductionBounds, VillagePermissions),
    )
    for field in fields(owner)
]


@pytest.mark.parametrize(
    ("owner", "name"),
    [field for field in EVERY_FIELD if field not in DERIVED],
    ids=lambda part: part if isinstance(part, str) else part.__name__,
)
def test_a_change_of_any_field_is_reported_with_old_and_new_value(owner: type, name: str) -> None:
    edited, expected = EDITS[owner, name]
    differences = compare_books(BASE, edited)
    assert differences
    assert all(difference.sentences for difference in differences if difference.kind == "changed")
    text = "".join(difference.text for difference in differences)
    assert [word for word in expected if word not in text] == [], text
    reverse = compare_books(edited, BASE)
    assert sorted(OPPOSITE[difference.effect] for difference in reverse) == sorted(d.effect for d in differences)


@pytest.mark.parametrize("book", [BASE, VILLAGE, TOWNSHIP], ids=["whole", "village", "township"])
def test_a_book_is_no_different_from_itself(book: Rulebook) -> None:
    assert compare_books(book, book) == ()


def test_white_space_and_comments_make_no_difference() -> None:
    assert compare_books(BASE, load(BOOK.replace("\n\n", "\n\n\n") + "\n# 无关的话\n")) == ()


@given(st.randoms(use_true_random=False))
def test_the_order_of_elements_makes_no_difference(shuffle: random.Random) -> None:
    def mixed(things: Any) -> tuple[Any, ...]:
        return tuple(shuffle.sample(list(things), len(things)))

    rules = {
        rule.id: replace(
            rule,
            inputs=tuple(replace(a, options=mixed(a.options), items=mixed(a.items)) for a in mixed(rule.inputs)),
            limits=mixed(rule.limits),
            evidence=mixed(rule.evidence),
        )
        for rule in mixed(BASE.rules.values())
    }
    shuffled = replace(BASE, rules=rules, categories=mixed(BASE.categories), campaigns=mixed(BASE.campaigns))
    assert compare_books(BASE, shuffled) == ()


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 40), st.integers(1, 40))
def test_changes_of_amounts_and_limits_have_their_numbers(old: int, new: int, often: int, rare: int) -> None:
    [own] = [limit for limit in BASE.rules["fixed"].limits if limit.scope == "rule"]
    books = [
        with_rule("fixed", points=points, limits=(replace(own, times=times),))
        for points, times in ((old, often), (new, rare))
    ]
    differences = compare_books(*books)
    clauses = [clause for difference in differences for clause in difference.sentences]
    assert (f"由 {old} 分改为 {new} 分" in clauses) == (old != new)
    assert (f"这一项每户每月最多 {often} 次改为 {rare} 次" in clauses) == (often != rare)
    assert len(clauses) == (old != new) + (often != rare)


@pytest.mark.parametrize(
    ("book", "effect"),
    [
        (with_rule("fixed", points=6), "better"),
        (with_rule("fixed", points=4), "worse"),
        (with_rule("fixed", most_points=None), "better"),
        (with_limit(times=2), "better"),
        (with_rule("fixed", limits=()), "better"),
        (with_limit(times=None, points=5), "neither"),
        (with_limit(period="year"), "neither"),
        (with_rule("fixed", points=6, most_points=7), "neither"),
        (with_rule("fixed", points=6, title="季评"), "better"),
        (with_rule("fixed", first=date(2026, 1, 1)), "better"),
        (with_rule("fixed", last=date(2026, 10, 1)), "worse"),
        (with_rule("counted", when=None), "better"),
        (with_rule("counted", points=compile_amount("input.yuan / 50", YUAN)), "neither"),
        (with_rule("fixed", notice_days=5), "neither"),
        (with_rule("taken", points=-6), "worse"),
        (with_rule("taken", limits=()), "worse"),
        (with_deduction(reminder=False), "worse"),
        (with_bounds(a_year=20), "better"),
        (replace(BASE, effective_until=None), "neither"),
        (replace(BASE, campaigns=()), "worse"),
        (replace(BASE, rules={id: r for id, r in BASE.rules.items() if id != "taken"}), "better"),
        (replace(BASE, rules={id: r for id, r in BASE.rules.items() if id != "decided"}), "worse"),
        (with_options(VILLAGE_LEVEL, CITY_LEVEL, village=4, city=31), "better"),
        (with_options(VILLAGE_LEVEL, CITY_LEVEL, village=4, city=29), "neither"),
    ],
)
def test_effects(book: Rulebook, effect: str) -> None:
    [difference] = compare_books(BASE, book)
    assert difference.effect == effect, difference.text


def test_a_village_that_only_repeats_a_looser_limit_changes_nothing() -> None:
    [own] = [limit for limit in BASE.rules["fixed"].limits if limit.scope == "rule"]
    assert compare_books(BASE, with_rule("fixed", limits=(replace(own, times=9), own))) == ()


def test_an_overlay_differs_from_its_base_by_its_own_changes() -> None:
    texts = [difference.text for difference in compare_books(BASE, VILLAGE) if difference.subject == "rule"]
    assert texts == [
        "「月评“最清洁户”」由 5 分改为 6 分；新增上限：这一项每户每年最多 10 次。",
        "新增「给独居老人送饭」：记 2 分。要有老人确认。由网格长审核、村委会审定，公示 3 天，没有异议就入账。",
        "不再有「自设项目」：1–2 分，由村民代表会议逐件议定，会议记录一起交。要有会议记录。"
        "由网格长或道德评议会审核、村委会审定，公示 3 天，没有异议就入账。",
    ]


@pytest.mark.parametrize("other", [VILLAGE, with_limit(times=2), replace(BASE, campaigns=())])
def test_differences_survive_json(other: Rulebook) -> None:
    differences = compare_books(BASE, other)
    assert msgspec.json.decode(msgspec.json.encode(differences), type=tuple[Difference, ...]) == differences
