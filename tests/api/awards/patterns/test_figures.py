"""Each figure by itself, over anything that there may be: thresholds, sums, and an order that ranks nobody."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.awards.patterns.approving import BINS, Batch, compare_members, count_by_time, list_quick, list_runs
from api.awards.patterns.awards import AwardSum
from api.awards.patterns.declarers import find_pairs
from api.awards.patterns.grids import find_grids
from api.awards.patterns.periods import offer_periods, read_period
from api.awards.patterns.thresholds import (
    BODY_APPROVALS,
    BODY_PERCENT,
    GRID_DISTANCE,
    PAIR_CLAIMS,
    PAIR_PERCENT,
    PAIR_TIMES,
    RUN_BATCHES,
    RUN_GAP,
)
from api.platform.access import Staff
from api.registry.register.queries import GridFacts

JULY = read_period("2026-07")
PEOPLE = [UUID(int=n) for n in range(1, 5)]
NAMES = {id: f"人{n}" for n, id in enumerate(PEOPLE)}
HOMES = [("g1", "h1"), ("g1", "h2"), ("g1", "h3"), ("g2", "h4"), ("g2", "h5")]
# Where each of the people lives.
STAFF = {
    id: Staff(id, NAMES[id], frozenset({"grid-member", "council"}), "v", frozenset({home}))
    for id, (_, home) in zip(PEOPLE, HOMES, strict=False)
}


def award_sum(home: int, by: UUID | None, claims: int, points: int) -> AwardSum:
    grid, household = HOMES[home]
    return AwardSum("v", grid, household, "某某", True, by, claims, points)


sums = st.dictionaries(
    st.tuples(st.integers(0, len(HOMES) - 1), st.sampled_from([None, *PEOPLE])),
    st.tuples(st.integers(1, 9), st.integers(0, 90)),
).map(lambda found: [award_sum(home, by, *numbers) for (home, by), numbers in found.items()])


@given(sums)
def test_pairs_are_those_that_pass_the_thresholds(sums: list[AwardSum]) -> None:
    bins, pairs = find_pairs(sums, STAFF, JULY)
    assert sum(each.number for each in bins) == sum(
        each.claims >= PAIR_CLAIMS.number and each.declared_by is not None for each in sums
    )
    assert sum(each.listed for each in bins) == len(pairs)
    assert [(pair.household, pair.name) for pair in pairs] == sorted((pair.household, pair.name) for pair in pairs)
    for pair in pairs:
        [own] = [each for each in sums if each.household == pair.household and each.declared_by == pair.declarer]
        household = sum(each.points for each in sums if each.household == own.household)
        others = [each for each in sums if each.grid == own.grid and each.household != own.household]
        of_others = sum(each.points for each in others if each.declared_by == own.declared_by)
        assert own.claims >= PAIR_CLAIMS.number
        assert (pair.claims, pair.points) == (own.claims, own.points)
        if "household" in pair.signs:
            assert own.points * 100 >= PAIR_PERCENT.number * household
            if others and household:
                share, rest = own.points / household, of_others / max(1, sum(each.points for each in others))
                assert share >= PAIR_TIMES.number * rest - 1e-9
        if "declarer" in pair.signs:
            declared = sum(each.points for each in sums if each.declared_by == own.declared_by)
            assert own.points * 100 >= PAIR_PERCENT.number * declared
        assert ("both-ways" in pair.signs) == (pair.back >= PAIR_CLAIMS.number)


def test_where_one_person_declares_for_all_no_household_stands_out() -> None:
    alike = [award_sum(home, PEOPLE[0], 9, 40) for home in range(3)]
    assert find_pairs(alike, STAFF, JULY)[1] == []
    # The same beside somebody else who declares for the others as well.
    other = [award_sum(home, PEOPLE[1], 9, 60) for home in (1, 2)]
    elsewhere = award_sum(3, PEOPLE[1], 4, 60)
    [pair] = find_pairs([*alike, *other, elsewhere], STAFF, JULY)[1]
    assert (pair.household, pair.signs) == ("h1", ["household"])


def test_what_a_household_declared_itself_is_its_own() -> None:
    bins, pairs = find_pairs([award_sum(0, None, 9, 90), award_sum(0, PEOPLE[1], 5, 10)], STAFF, JULY)
    assert [(pair.of_household, pair.of_declarer, pair.signs) for pair in pairs] == [(10, 100, ["declarer"])]
    assert sum(each.number for each in bins) == 1


def grids_of(points: list[int]) -> tuple[list[AwardSum], list[GridFacts], dict[str, int]]:
    """Each with ten households."""
    codes = [f"g{n:02}" for n in range(len(points))]
    sums = [
        AwardSum("v", code, f"h{code}", "某某", True, PEOPLE[0], 1, number)
        for code, number in zip(codes, points, strict=True)
    ]
    return sums, [GridFacts(code, "v", code) for code in codes], dict.fromkeys(codes, 10)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=12))
def test_far_grids_are_few_and_by_code(points: list[int]) -> None:
    [spread], far = find_grids(*grids_of(points), JULY)
    assert spread.per_household == sorted(number / 10 for number in points)
    # The distance is measured by where the middle half is: never as many as half can be far from it.
    assert len(far) < len(points) / 2
    assert [grid.grid for grid in far] == sorted(grid.grid for grid in far)
    assert all(grid.distance > GRID_DISTANCE.number - 0.1 for grid in far)


@pytest.mark.parametrize(
    ("points", "far"),
    [
        ([100, 110, 90, 105, 95, 400], ["g05"]),
        ([100, 110, 90, 105, 95, 0], ["g05"]),
        # However far it is, it doesn't hide a second one.
        ([100, 110, 90, 105, 95, 100, 100_000, 300], ["g06", "g07"]),
        ([100, 110, 90, 105, 95, 120], []),
        # All but one are equal: a little more is nothing.
        ([100, 100, 100, 100, 100, 130], []),
        ([0, 0, 0, 0, 0, 30], []),
        # Too few to compare.
        ([100, 110, 90, 900], []),
    ],
)
def test_which_grids_are_far(points: list[int], far: list[str]) -> None:
    assert [grid.grid for grid in find_grids(*grids_of(points), JULY)[1]] == far


def test_a_grid_without_households_is_left_out() -> None:
    assert find_grids([], [GridFacts("g", "v", "g")], {}, JULY) == ([], [])


batches = st.lists(
    st.builds(
        lambda seconds, person, body, within: Batch(
            "v",
            body,
            person,
            datetime(2026, 7, 10, tzinfo=UTC) + timedelta(seconds=seconds),
            0.0,
            [*within, *[0] * (len(BINS) - len(within))],
        ),
        st.integers(0, 60),
        st.sampled_from(PEOPLE),
        st.sampled_from(["council", "committee"]),
        st.lists(st.integers(0, 3), min_size=3, max_size=3).filter(any),
    ),
    max_size=40,
    unique_by=lambda batch: (batch.decided_at, batch.person, batch.body),
)


@given(batches)
def test_bars_and_rows_tell_the_same_numbers(batches: list[Batch]) -> None:
    bins = count_by_time(batches)
    assert sum(each.number for each in bins) == sum(batch.claims for batch in batches)
    assert bins[0].number == bins[0].listed == sum(row.quick for row in list_quick(batches, NAMES))
    assert not any(each.listed for each in bins[1:])


@given(batches)
def test_runs_are_separate_acts_with_no_pause(batches: list[Batch]) -> None:
    runs = list_runs(batches, NAMES)
    for run in runs:
        moments = sorted(
            {
                batch.decided_at
                for batch in batches
                if batch.person == run.person and run.since <= batch.decided_at <= run.until
            }
        )
        assert len(moments) == run.batches >= RUN_BATCHES.number
        assert all(later - earlier < RUN_GAP for earlier, later in pairwise(moments))
        outside = [
            batch.decided_at for batch in batches if batch.person == run.person and batch.decided_at not in moments
        ]
        assert all(at <= run.since - RUN_GAP or at >= run.until + RUN_GAP for at in outside)
    assert runs == sorted(runs, key=lambda run: (run.since, run.name))


@given(batches)
def test_only_members_above_the_threshold_are_named(batches: list[Batch]) -> None:
    bins, members = compare_members(batches, list(STAFF.values()), NAMES, JULY)
    given_by = Counter[tuple[str, UUID]]()
    for batch in batches:
        given_by[batch.body, batch.person] += batch.claims
    assert sum(each.listed for each in bins) == len(members)
    for member in members:
        of_body = sum(number for (body, _), number in given_by.items() if body == member.body)
        assert member.approvals == given_by[member.body, member.person]
        assert (member.of_body, member.percent) == (of_body, 100 * member.approvals // of_body)
        assert of_body >= BODY_APPROVALS.number
        assert member.percent >= BODY_PERCENT.number
        assert member.members >= 2


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 3, 31), date(2026, 12, 31), date(2024, 2, 29)])
def test_periods_hold_today_and_have_no_gap(today: date) -> None:
    month, earlier, quarter, year = (each.period for each in offer_periods(today))
    for period in (month, quarter, year):
        assert period.first <= today <= period.last
        assert read_period(period.key) == period
    assert earlier.last + timedelta(days=1) == month.first
    months = [read_period(f"{today.year}-{n:02}") for n in range(1, 13)]
    quarters = [read_period(f"{today.year}-q{n}") for n in range(1, 5)]
    for parts in (months, quarters):
        assert (parts[0].first, parts[-1].last) == (year.first, year.last)
        for part, after in pairwise(parts):
            assert part.last + timedelta(days=1) == after.first
            assert part.ends < after.begins
