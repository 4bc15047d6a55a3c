"""Windows cover the calendar without gap or overlap, and no sequence of claims exceeds a limit."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import Claim, Limit, Tally, Usage, evaluate, load
from rules.limits import Period, period_numbers
from rules.spelling import comparable
from tests.profile import many
from tests.rules.conftest import RULE

PERIODS: tuple[Period, ...] = ("day", "week", "month", "quarter", "year", "lifetime")
limits = st.builds(Limit, period=st.sampled_from(PERIODS), times=st.just(1))


@given(limits, st.dates(max_value=date(9998, 12, 31)))
def test_a_window_contains_its_day_and_is_that_of_all_its_days(limit: Limit, day: date) -> None:
    starts, ends = limit.window(day)
    assert starts <= day < ends
    assert limit.window(starts) == limit.window(ends - timedelta(days=1)) == (starts, ends)


@given(st.sampled_from(PERIODS[:5]), st.dates(max_value=date(9998, 12, 31)))
def test_windows_follow_each_other_without_gap_or_overlap(period: Period, day: date) -> None:
    limit = Limit(period=period, times=1)
    _, ends = limit.window(day)
    assert limit.window(ends)[0] == ends


@pytest.mark.parametrize(
    ("period", "starts", "ends"),
    [
        ("day", date(2026, 11, 30), date(2026, 12, 1)),
        ("month", date(2026, 11, 1), date(2026, 12, 1)),
        ("week", date(2026, 11, 30), date(2026, 12, 7)),
        ("quarter", date(2026, 10, 1), date(2027, 1, 1)),
        ("year", date(2026, 1, 1), date(2027, 1, 1)),
        ("lifetime", date.min, date.max),
    ],
)
def test_windows_of_the_30th_of_november(period: Period, starts: date, ends: date) -> None:
    assert Limit(period=period, times=1).window(date(2026, 11, 30)) == (starts, ends)


@pytest.mark.parametrize("period", PERIODS)
def test_the_last_day_of_the_calendar_has_a_window(period: Period) -> None:
    starts, ends = Limit(period=period, times=1).window(date.max)
    assert starts <= date.max <= ends


class Register:
    """The awards so far, added up one by one: the model for `Tally`."""

    def __init__(self, rule_categories: dict[str, str]) -> None:
        self.categories = rule_categories
        self.awards: list[tuple[Claim, int]] = []

    def used(self, limit: Limit, claim: Claim) -> Usage:
        starts, ends = limit.window(claim.deed_on)
        counted = [
            points
            for other, points in self.awards
            if starts <= other.deed_on < ends
            and (limit.scope != "rule" or other.rule == claim.rule)
            and (limit.scope != "category" or self.categories[other.rule] == self.categories[claim.rule])
            and (limit.per == "village" or other.household == claim.household)
            and (limit.per != "person" or other.person == claim.person)
            and all(other.inputs.get(name) == claim.inputs.get(name) for name in limit.by)
        ]
        return Usage(len(counted), sum(counted))


BOOK = """
[book]
title = "试用积分办法"
version = "1"
township = "示范乡"
effective_from = 2026-01-01
adopted_by = {{ body = "村党支部", meeting = "支委会", date = 2025-12-20 }}
limits = [{{ period = "{total}", points = {total_points} }}]

[[category]]
id = "one"
title = "甲类"
limits = [{{ period = "{category}", times = {category_times}, points = {category_points} }}]

[[category]]
id = "two"
title = "乙类"

[[rule]]
id = "R1"
title = "清扫"
category = "one"
points = 5
limits = [
  {{ period = "{rule}", per = "person", times = {rule_times} }},
  {{ period = "{village}", per = "village", points = {village_points} }},
]
evidence = ["照片"]
reviewers = ["grid"]

[[rule]]
id = "R2"
title = "捐款"
category = "one"
points = "input.yuan / 100"
points_note = "每满 100 元 1 分"
limits = [{{ period = "{by}", by = ["cause"], times = 2, points = 6 }}]
inputs = [
  {{ id = "yuan", title = "多少元", type = "integer" }},
  {{ id = "cause", title = "捐给什么", type = "choice", options = [
    {{ id = "road", title = "修路" }},
    {{ id = "school", title = "助学" }},
  ] }},
]
evidence = ["收据"]
reviewers = ["committee"]

[[rule]]
id = "R3"
title = "议事"
category = "two"
points = 3
evidence = ["签到"]
reviewers = ["grid"]
"""

periods = st.sampled_from(PERIODS)
small = st.integers(1, 12)
DAYS = st.dates(date(2026, 1, 1), date(2027, 6, 30))
people = {"household": st.sampled_from(["h1", "h2"]), "person": st.sampled_from(["张三", "李四"])}
claims = st.one_of(
    st.builds(Claim, st.sampled_from(["R1", "R3"]), DAYS, village=st.just("王庄村"), **people),
    st.builds(
        Claim,
        st.just("R2"),
        DAYS,
        village=st.just("王庄村"),
        **people,
        inputs=st.fixed_dictionaries(
            {"yuan": st.integers(-50, 2000), "cause": st.sampled_from(["road", "school"])}
        ),
    ),
)


@settings(max_examples=many(150))
@given(
    terms=st.fixed_dictionaries(
        {
            "total": periods,
            "total_points": small,
            "category": periods,
            "category_times": small,
            "category_points": small,
            "rule": periods,
            "rule_times": small,
            "village": periods,
            "village_points": st.integers(1, 30),
            "by": periods,
        }
    ),
    sequence=st.lists(claims, max_size=40),
)
def test_no_sequence_of_claims_exceeds_any_limit(terms: dict[str, object], sequence: list[Claim]) -> None:
    book = load(BOOK.format(**terms))
    register = Register({rule.id: rule.category for rule in book.rules.values()})
    tally = Tally(book)
    for claim in sequence:
        for limit in book.get_rule(claim.rule).limits:
            assert Usage(*tally.sum_awards(limit.count, claim)) == register.used(limit, claim)
        evaluation = evaluate(book, claim, tally)
        assert evaluation.accepted == (evaluation.points > 0)
        if evaluation.accepted:
            register.awards.append((claim, evaluation.points))
            tally.add(claim, evaluation.points)
    for claim in sequence:
        for limit in book.get_rule(claim.rule).limits:
            used = register.used(limit, claim)
            assert limit.times is None or used.times <= limit.times
            assert limit.points is None or used.points <= limit.points


@given(st.sampled_from(PERIODS[:5]), st.dates(max_value=date(9998, 12, 31)))
def test_numbers_of_following_periods_are_consecutive(period: Period, day: date) -> None:
    count = Limit(period=period, times=1).count
    starts, ends = count.window(day)
    first, this, following = (period_numbers(on)[count.position] for on in (starts, day, ends))
    assert first == this == following - 1


MATTER = """
[[rule.inputs]]
id = "matter"
title = "哪件事"
type = "{type}"
"""
ONCE = 'limits = [{ period = "lifetime", by = ["matter"], times = 1 }]\n'
SAME_DAYS = ("2026-03-08", "20260308", "2026-W10-7")
SAME_MATTERS = (
    ("2026年3月8日的婚事", "2026-03-08 的婚事", "二〇二六年三月八日的婚事", "２０２６．０３．０８的婚事"),
    ("捐款一千元", "捐款1000元", "捐款 1,000", "捐款1千", "捐款壹仟圆整", "捐款 1000.00 元", "捐款 ¥1000"),
    ("第三次", "第3次", "第 03 次", "第３次"),
    ("廿一日", "二十一日", "21日"),
    ("两万", "20000", "2万", "二万"),
    ("大儿子结婚", "大兒子結婚", "大儿子，结婚", " 大 儿\u200b子 结婚"),
    ("01 号楼", "O1号楼", "o l 号楼", "0-1".replace("-", "") + "号楼"),
)


@pytest.mark.parametrize(
    ("type", "spellings"), [("date", SAME_DAYS), *(("text", spellings) for spellings in SAME_MATTERS)]
)
def test_one_matter_in_many_spellings_counts_once(
    book_text: Callable[..., str], type: str, spellings: tuple[str, ...]
) -> None:
    book = load(book_text(ONCE + MATTER.format(type=type)))
    tally = Tally(book)
    points = []
    for spelling in spellings:
        claim = Claim("R1", date(2026, 3, 8), "h1", inputs={"matter": spelling})
        evaluation = evaluate(book, claim, tally)
        points.append(evaluation.points)
        if evaluation.accepted:
            tally.add(claim, evaluation.points)
    assert points == [5] + [0] * (len(spellings) - 1)


@given(day=st.dates(date(2000, 1, 1), date(2030, 12, 31)))
def test_a_day_is_one_day_however_it_is_written(day: date) -> None:
    numerals = dict(enumerate("〇一二三四五六七八九"))
    year = "".join(numerals[int(digit)] for digit in str(day.year))
    spellings = {
        day.isoformat(),
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}/{day.month:02}/{day.day}",
        f"{year}年{day.month:02} 月 {day.day} 号",
    }
    assert len({comparable(spelling) for spelling in spellings}) == 1
    assert comparable(day.isoformat()) != comparable((day + timedelta(days=1)).isoformat())


@given(st.text(max_size=30))
def test_comparing_again_changes_nothing_and_forgets_no_word(text: str) -> None:
    assert comparable(f" {text} ") == comparable(text)
    assert comparable(f"{text}甲") != comparable(f"{text}乙")


def test_other_matters_stay_apart() -> None:
    texts = (
        "大儿子结婚",
        "二儿子结婚",
        "第 1-23 号",
        "第 12-3 号",
        "第 1-5 号",
        "第 1-50 号",
        "100",
        "1000",
        "万家",
        "3月8日",
        "3月18日",
        "王家",
        "汪家",
    )
    assert len({comparable(text) for text in texts}) == len(texts)


def test_what_a_year_allows_to_deduct_holds_under_the_next_book_too(book_text: Callable[..., str]) -> None:
    adopted = '{ body = "村民会议", meeting = "第 1 次", date = 2025-12-20 }'
    deduction = (
        RULE.replace("points = 5", "points = -20").replace('["grid"]', '["council", "supervisors"]')
        + f'deduction = {{ covenant = "第八条", reminder = false, adopted_by = {adopted} }}\n'
    )
    book = load(book_text(points="-20", rule=deduction.replace("points = -20", "points = 5")))
    tally = Tally(book)
    for day in (1, 2):
        tally.add(Claim("OLD", date(2026, 3, day), "h1"), -20)
    evaluation = evaluate(book, Claim("R1", date(2026, 3, 8), "h1"), tally)
    assert evaluation.points == -10
