"""A draft over recorded claims: figures computed by hand, the bounds of periods, drafts without effect."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import (
    Claim,
    RecordedClaim,
    Rulebook,
    Simulation,
    Tally,
    VillageResult,
    VillageSimulation,
    backdate,
    evaluate,
    load,
    relevant_days,
    summarize,
)
from tests.profile import many

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)

HEAD = """
[book]
title = "积分办法"
version = "2"
township = "示范乡"
effective_from = 2026-01-01
adopted_by = { body = "乡党委", meeting = "第 1 次会议", date = 2025-12-20 }
"""
SWEEPING = """
[[category]]
id = "clean"
title = "环境卫生"
limits = [{ period = "year", points = 20 }]

[[category]]
id = "help"
title = "邻里互助"

[[rule]]
id = "SWEEP"
title = "清扫"
category = "clean"
points = 6
limits = [{ period = "month", times = 2 }]
evidence = ["照片"]
reviewers = ["grid"]

[[rule]]
id = "HELP"
title = "帮助邻居"
category = "help"
points = "input.hours * 2"
points_note = "每小时 2 分"
inputs = [{ id = "hours", title = "几小时", type = "integer", min = 1, max = 10 }]
evidence = ["照片"]
reviewers = ["grid"]

[[campaign]]
id = "spring"
title = "春季行动"
from = 2026-03-01
until = 2026-03-31
multiply = 1.5
rules = ["HELP"]
"""
DRAFT = HEAD + SWEEPING


def claim(rule: str, day: str, household: str, village: str = "a", **more: Any) -> Claim:
    return Claim(rule, date.fromisoformat(day), household, village, **more)


def simulate(
    book: Rulebook,
    villages: dict[str, Sequence[RecordedClaim]],
    first: date = FIRST,
    last: date = LAST,
    rate: Fraction | None = None,
) -> Simulation:
    draft = backdate(book, last)
    results = []
    for village, recorded in villages.items():
        simulation = VillageSimulation(draft.book, village, f"{village}村", 3, first, last)
        simulation.add_claims(recorded)
        results.append(simulation.build_result())
    return summarize(draft, first, last, results, {"SORT": "垃圾分类"}, {"old": "旧类"}, rate)


# Sweeping gave 5 without limits, helping 3 whatever it was, and sorting waste 2.
TWO_VILLAGES = {
    "a": [
        RecordedClaim(claim("SWEEP", "2026-03-02", "a-1"), "clean", 5),
        RecordedClaim(claim("SWEEP", "2026-03-09", "a-1"), "clean", 5),
        # The third of the month: refused by the rule's limit.
        RecordedClaim(claim("SWEEP", "2026-03-16", "a-1"), "clean", 5),
        RecordedClaim(claim("SWEEP", "2026-04-01", "a-1"), "clean", 5),
        # 18 of the category's 20 are used: cut to 2. Then nothing is left.
        RecordedClaim(claim("SWEEP", "2026-05-01", "a-1"), "clean", 5),
        RecordedClaim(claim("SWEEP", "2026-06-01", "a-1"), "clean", 5),
        # 4 × 1.5 in the campaign; the answer that the draft lacks is ignored.
        RecordedClaim(claim("HELP", "2026-03-31", "a-2", inputs={"hours": 2, "whom": "邻居"}), "help", 3),
    ],
    "b": [
        RecordedClaim(claim("SORT", "2026-02-01", "b-1", "b"), "old", 2),
        RecordedClaim(claim("HELP", "2026-04-01", "b-1", "b", inputs={"hours": 3}), "old", 3),
        # The hours, which the draft requires, are missing.
        RecordedClaim(claim("HELP", "2026-04-02", "b-2", "b"), "old", 3),
        # Two of three were taken back by a correction: of the draft's ten, eight are left.
        RecordedClaim(claim("HELP", "2026-04-03", "b-3", "b", inputs={"hours": 5}), "old", 3, taken_back=2),
        RecordedClaim(claim("SWEEP", "2026-04-03", "b-3", "b"), "clean", 5, taken_back=5),
    ],
}


def test_no_list_names_a_household_by_an_award_that_is_not_published() -> None:
    kept_back = [
        RecordedClaim(claim("SWEEP", "2026-03-02", "a-1"), "clean", 9, published=False),
        RecordedClaim(claim("SWEEP", "2026-03-02", "a-2"), "clean", 1, published=False),
        # Its points stay as they were: what changes of it tells nothing.
        RecordedClaim(claim("SWEEP", "2026-03-02", "a-3"), "clean", 6, published=False),
        RecordedClaim(claim("SWEEP", "2026-03-09", "a-3"), "clean", 7),
    ]
    households = simulate(load(DRAFT), {"a": kept_back}).households
    assert (households.gained, households.lost) == (5, 3 + 1)
    assert households.largest_gains == []
    assert [c.household for c in households.largest_losses] == ["a-3"]


def test_two_villages_computed_by_hand() -> None:
    result = simulate(load(DRAFT), TWO_VILLAGES, rate=Fraction(5, 2))
    total = result.total
    assert (total.claims, total.accepted, total.refused, total.cut) == (11, 7, 4, 1)
    assert (total.recorded, total.simulated, total.difference) == (42, 20 + 6 + 6 + 8, -2)
    assert [(v.id, v.title, v.claims, v.recorded, v.simulated) for v in result.villages] == [
        ("a", "a村", 7, 33, 26),
        ("b", "b村", 4, 9, 14),
    ]
    assert [(c.title, c.recorded, c.simulated) for c in result.categories] == [
        ("环境卫生", 30, 20),
        ("邻里互助", 3, 20),
        ("旧类", 9, 0),
    ]
    assert [(r.id, r.title, r.refused, r.difference) for r in result.rules] == [
        ("SWEEP", "清扫", 2, -10),
        ("HELP", "帮助邻居", 1, 10),
        ("SORT", "垃圾分类", 1, -2),
    ]
    assert [(m.id, m.title, m.recorded, m.simulated) for m in result.months] == [
        ("2026-02", "2026年2月", 2, 0),
        ("2026-03", "2026年3月", 18, 18),
        ("2026-04", "2026年4月", 12, 20),
        ("2026-05", "2026年5月", 5, 2),
        ("2026-06", "2026年6月", 5, 0),
    ]
    assert [(r.rule, r.code, r.message, r.claims, r.recorded) for r in result.refusals] == [
        ("SWEEP", "limit_reached", "这一类每户每年最多 20 分，已满。", 1, 5),
        ("SWEEP", "limit_reached", "这一项每户每月最多 2 次，已满。", 1, 5),
        ("HELP", "bad_input", "请填「几小时」。", 1, 3),
        ("SORT", "no_such_rule", "草案里没有这一项。", 1, 2),
    ]
    assert result.budget is not None
    assert (result.budget.recorded, result.budget.simulated, result.budget.difference) == (105, 100, -5)


def test_households_computed_by_hand() -> None:
    households = simulate(load(DRAFT), TWO_VILLAGES).households
    # Before: 0 30 3, 5 3 1; after: 0 20 6, 6 0 8.
    assert (households.number, households.gaining, households.losing, households.unchanged) == (6, 3, 2, 1)
    assert (households.gained, households.lost) == (3 + 1 + 7, 10 + 3)
    assert [(c.household, c.village, c.difference) for c in households.largest_gains] == [
        ("b-3", "b村", 7),
        ("a-2", "a村", 3),
        ("b-1", "b村", 1),
    ]
    assert [(c.household, c.difference) for c in households.largest_losses] == [("a-1", -10), ("b-2", -3)]
    assert (households.recorded.middle, households.recorded.most, households.recorded.mean) == (3, 30, 7.0)
    assert (households.simulated.tenth, households.simulated.middle, households.simulated.most) == (0, 6, 20)
    assert sum(b.recorded for b in households.bins) == sum(b.simulated for b in households.bins) == 6
    assert [(b.low, b.high, b.recorded, b.simulated) for b in households.bins[:3]] == [
        (None, 0, 1, 2),
        (1, 5, 4, 0),
        (6, 10, 0, 3),
    ]


def test_caveats() -> None:
    caveats = "".join(simulate(load(DRAFT), TWO_VILLAGES).caveats)
    assert "没有通过的申报没有记录" in caveats
    assert "垃圾分类（SORT）" in caveats
    assert "1 件缺少草案要求填报的内容" in caveats


@pytest.mark.parametrize(
    ("day", "counts"),
    [("2026-03-31", False), ("2026-04-01", True), ("2026-04-30", True), ("2026-05-01", False)],
)
def test_the_period_includes_both_days(day: str, counts: bool) -> None:
    recorded = [RecordedClaim(claim("SWEEP", day, "a-1"), "clean", 5)]
    result = simulate(load(DRAFT), {"a": recorded}, date(2026, 4, 1), date(2026, 4, 30))
    assert (result.total.claims, result.total.recorded, result.total.simulated) == (
        (1, 5, 6) if counts else (0, 0, 0)
    )
    assert ("不在这段时间" in "".join(result.caveats)) != counts


def test_earlier_awards_count_towards_limits_with_their_recorded_points() -> None:
    recorded = [
        RecordedClaim(claim("SWEEP", "2026-01-05", "a-1"), "clean", 17),
        RecordedClaim(claim("SWEEP", "2025-12-30", "a-1"), "clean", 17),
        RecordedClaim(claim("SWEEP", "2026-04-05", "a-1"), "clean", 5),
    ]
    result = simulate(load(DRAFT), {"a": recorded}, date(2026, 4, 1), date(2026, 4, 30))
    assert (result.total.simulated, result.total.cut) == (3, 1)


def test_relevant_days() -> None:
    book = load(DRAFT)
    first, last = date(2026, 4, 10), date(2026, 4, 20)
    assert relevant_days(book, first, last) == (date(2026, 1, 1), date(2026, 12, 31))
    monthly = load(DRAFT.replace('limits = [{ period = "year", points = 20 }]', ""))
    assert relevant_days(monthly, first, last) == (date(2026, 4, 1), date(2026, 4, 30))
    unlimited = load("\n".join(line for line in DRAFT.splitlines() if not line.startswith("limits")))
    assert relevant_days(unlimited, first, last) == (first, last)
    streak = DRAFT.replace("input.hours * 2", "input.hours * 2 + rule.SWEEP.streak_months")
    assert relevant_days(load(streak), first, last) == (date.min, date.max)


def test_a_draft_that_starts_after_the_period_is_backdated() -> None:
    later = load(DRAFT.replace("2026-", "2028-").replace("date = 2025-12-20", "date = 2027-12-20"))
    helped = [RecordedClaim(claim("HELP", "2026-03-15", "a-1", inputs={"hours": 2}), "help", 3)]
    result = simulate(later, {"a": helped})
    assert result.total.simulated == 6
    assert "提前 2 年" in "".join(result.caveats)
    assert backdate(later, date(2027, 12, 31)).years == 1
    assert backdate(later, date(2028, 1, 1)).years == 0


def test_backdating_a_leap_day() -> None:
    leap = DRAFT.replace("2026-01-01", "2028-01-01").replace("2026-03-01", "2028-02-29").replace("2026-", "2028-")
    draft = backdate(load(leap), LAST)
    assert [campaign.first for campaign in draft.book.campaigns] == [date(2026, 2, 28)]


def test_the_order_of_villages_and_batches_changes_nothing() -> None:
    result = simulate(load(DRAFT), TWO_VILLAGES)
    reversed_order = simulate(load(DRAFT), dict(reversed(TWO_VILLAGES.items())))
    assert msgspec.json.encode(result) == msgspec.json.encode(reversed_order)
    simulation = VillageSimulation(backdate(load(DRAFT), LAST).book, "a", "a村", 3, FIRST, LAST)
    for each in TWO_VILLAGES["a"]:
        simulation.add_claims([each])
    at_once = VillageSimulation(backdate(load(DRAFT), LAST).book, "a", "a村", 3, FIRST, LAST)
    at_once.add_claims(TWO_VILLAGES["a"])
    assert simulation.build_result() == at_once.build_result()


def test_a_result_survives_json() -> None:
    simulation = VillageSimulation(backdate(load(DRAFT), LAST).book, "a", "a村", 3, FIRST, LAST)
    simulation.add_claims(TWO_VILLAGES["a"])
    assert (
        msgspec.json.decode(msgspec.json.encode(simulation.build_result()), type=VillageResult)
        == simulation.build_result()
    )


def test_no_recorded_claims() -> None:
    result = simulate(load(DRAFT), {})
    assert (result.total.claims, result.households.number, result.households.bins) == (0, 0, [])


IN_FORCE = load(
    HEAD
    + SWEEPING
    + """
[[rule]]
id = "AGAIN"
title = "常来帮忙"
category = "help"
points = "2 + rule.HELP.times_year"
points_note = "常来的多记"
when = "rule.AGAIN.times_month < 3"
when_note = "每月最多 3 次"
limits = [{ per = "village", period = "month", points = 30 }, { per = "person", period = "day", times = 1 }]
evidence = ["照片"]
reviewers = ["grid"]
"""
)

_DEEDS = st.tuples(
    st.sampled_from(["SWEEP", "HELP", "AGAIN"]),
    st.integers(0, 200),
    st.sampled_from(["1", "2", "3"]),
    st.integers(1, 10),
    st.sampled_from(["王", "李"]),
)


@settings(max_examples=many(150))
@given(st.lists(_DEEDS, max_size=60), st.integers(0, 200), st.integers(0, 200))
def test_the_book_that_was_in_force_changes_nothing(
    deeds: list[tuple[str, int, str, int, str]], one: int, other: int
) -> None:
    history, recorded = Tally(IN_FORCE), []
    for rule, day, household, hours, person in deeds:
        inputs = {"hours": hours} if rule == "HELP" else {}
        simulated_claim = Claim(rule, FIRST + timedelta(day), household, "a", person=person, inputs=inputs)
        evaluation = evaluate(IN_FORCE, simulated_claim, history)
        if evaluation.accepted:
            history.add(simulated_claim, evaluation.points)
            recorded.append(RecordedClaim(simulated_claim, IN_FORCE.get_rule(rule).category, evaluation.points))
    first, last = sorted((FIRST + timedelta(one), FIRST + timedelta(other)))
    result = simulate(IN_FORCE, {"a": recorded}, first, last)
    within = [each for each in recorded if first <= each.claim.deed_on <= last]
    assert (result.total.claims, result.total.recorded) == (len(within), sum(each.points for each in within))
    assert (result.total.refused, result.refusals) == (0, [])
    assert all(
        totals.difference == 0 for totals in (result.total, *result.rules, *result.categories, *result.months)
    )
    assert (result.households.gaining, result.households.losing) == (0, 0)
    assert result.households.recorded == result.households.simulated
