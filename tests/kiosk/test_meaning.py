"""What scanned texts mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.meaning import CardCode, GoodsCode, Unreadable, ean_13_holds, meaning

TOKEN = "7ZQ4M0K2D9XBW1T8RJ5C"


@pytest.mark.parametrize(
    "text",
    [
        f"HTTPS://JIMEI.EXAMPLE/C/{TOKEN}",
        f"https://jimei.example/c/{TOKEN.lower()}",
        f"http://127.0.0.1:8000/c/{TOKEN}/",
        TOKEN,
        TOKEN.lower(),
        f" {TOKEN} ",
        "".join(chr(ord(letter) + 0xFEE0) for letter in TOKEN),
    ],
)
def test_a_card_in_every_spelling(text: str) -> None:
    assert meaning(text) == CardCode(TOKEN)


def test_goods_need_their_check_digit() -> None:
    assert meaning("6901234567892") == GoodsCode("6901234567892")
    assert isinstance(meaning("6901234567893"), Unreadable)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_never_passes(body: str, place: int, off: int) -> None:
    whole = next(body + check for check in "0123456789" if ean_13_holds(body + check))
    wrong = whole[:place] + str((int(whole[place]) + off) % 10) + whole[place + 1 :]
    assert not ean_13_holds(wrong)


@pytest.mark.parametrize(
    "text",
    ["", "HTTPS://JIMEI.EXAMPLE/C/7ZQ4", "https://u.wechat.com/abc", "69012345", TOKEN + "X", "王家湾", "١" * 13],
)
def test_anything_else_is_refused_with_a_word(text: str) -> None:
    refusal = meaning(text)
    assert isinstance(refusal, Unreadable)
    assert refusal.reason
