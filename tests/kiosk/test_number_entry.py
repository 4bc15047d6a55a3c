"""Goods numbers from digit keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.number_entry import NumberPick


def press(digits: str, numbers: list[int]) -> list[int]:
    pick, picked = NumberPick(), []
    for digit in digits:
        picked += pick.digit(digit, numbers)
    return picked + pick.settle()


def test_a_digit_that_can_mean_one_thing_answers_at_once() -> None:
    assert NumberPick().digit("1", range(1, 10)) == [1]
    assert NumberPick().digit("2", range(1, 15)) == [2]


def test_a_digit_that_may_go_on_is_held() -> None:
    pick = NumberPick()
    assert pick.digit("1", range(1, 15)) == []
    assert pick.held == "1"
    assert pick.digit("2", range(1, 15)) == [12]
    assert pick.held == ""


def test_a_pair_that_is_no_number_is_two_picks() -> None:
    assert press("19", list(range(1, 15))) == [1, 9]
    assert press("11", [1, 2, 10]) == [1, 1]


def test_a_number_not_on_the_shelf_is_still_answered() -> None:
    assert press("0", [1, 2]) == [0]


@given(st.sets(st.integers(1, 99), min_size=1), st.data())
def test_every_number_on_the_shelf_can_be_picked(numbers: set[int], data: st.DataObject) -> None:
    number = data.draw(st.sampled_from(sorted(numbers)))
    assert press(str(number), sorted(numbers)) == [number]
