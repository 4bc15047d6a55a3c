"""Goods numbers from digit keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.number_entry import NumberEntry


def press(digits: str, numbers: list[int]) -> list[int]:
    entry, entered = NumberEntry(), []
    for digit in digits:
        entered += entry.add_digit(digit, numbers)
    return entered + entry.finish()


def test_an_unambiguous_digit_is_a_number_at_once() -> None:
    assert NumberEntry().add_digit("1", range(1, 10)) == [1]
    assert NumberEntry().add_digit("2", range(1, 15)) == [2]


def test_an_ambiguous_digit_is_held() -> None:
    entry = NumberEntry()
    assert entry.add_digit("1", range(1, 15)) == []
    assert entry.digits == "1"
    assert entry.add_digit("2", range(1, 15)) == [12]
    assert entry.digits == ""


def test_a_pair_that_is_no_number_is_two_numbers() -> None:
    assert press("19", list(range(1, 15))) == [1, 9]
    assert press("11", [1, 2, 10]) == [1, 1]


def test_a_number_not_on_the_shelf_is_returned() -> None:
    assert press("0", [1, 2]) == [0]


@given(st.sets(st.integers(1, 99), min_size=1), st.data())
def test_every_number_on_the_shelf_can_be_picked(numbers: set[int], data: st.DataObject) -> None:
    number = data.draw(st.sampled_from(sorted(numbers)))
    assert press(str(number), sorted(numbers)) == [number]
