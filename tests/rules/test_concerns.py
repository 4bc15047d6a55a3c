"""Which rules have to be ticked goes by their shape, in any spelling."""

from collections.abc import Callable

import pytest

from rules import find_delicate, load, load_builtin

BookText = Callable[..., str]


@pytest.mark.parametrize(
    "title", ["不乱倒垃圾", "未乱扔", "没有积水", "沒有積水", "拒收礼金", "零污染", "〇污染", "0 污染", "無積水"]
)
def test_a_title_that_denies_something_has_to_be_ticked(book_text: BookText, title: str) -> None:
    book = load(book_text().replace('"清扫"', f'"{title}"'))
    assert [item.key for item in find_delicate(book)] == ["R1"]


def test_an_ordinary_title_is_not_ticked(book_text: BookText) -> None:
    assert find_delicate(load(book_text().replace('"清扫"', '"清扫 10 户"'))) == []


def test_of_an_overlay_what_the_village_adds_or_adopts_has_to_be_ticked() -> None:
    base, village = load_builtin("township"), load_builtin("covenant-deductions")
    assert {item.key for item in find_delicate(base)} >= {"D01", "D09", "A20"}
    assert [item.key for item in find_delicate(village, base)] == [f"D{n:02}" for n in range(1, 11)]
