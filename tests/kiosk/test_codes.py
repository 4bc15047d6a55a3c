"""Reading scanned codes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire import Command
from api.wire.barcode import check_digit
from kiosk.codes import CardCode, CommandCode, GoodsCode, UnreadableCode, read_code

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
    assert read_code(text) == CardCode(TOKEN)


@pytest.mark.parametrize(
    ("scanned", "barcode"),
    [("6901234567892", "6901234567892"), ("036000291452", "0036000291452"), ("96385074", "0000096385074")],
    ids=["EAN-13", "UPC-A", "EAN-8"],
)
def test_goods_need_their_check_digit(scanned: str, barcode: str) -> None:
    assert read_code(scanned) == GoodsCode(barcode)
    wrong = scanned[:-1] + str((int(scanned[-1]) + 1) % 10)
    assert read_code(wrong) == UnreadableCode("条码没有读对，请再扫一次")


@given(st.sampled_from([7, 11, 12]).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)), st.data())
def test_one_wrong_digit_is_noticed(body: str, data: st.DataObject) -> None:
    whole = body + check_digit(body)
    assert isinstance(read_code(whole), GoodsCode)
    place = data.draw(st.integers(0, len(body)))
    wrong = whole[:place] + str((int(whole[place]) + data.draw(st.integers(1, 9))) % 10) + whole[place + 1 :]
    assert isinstance(read_code(wrong), UnreadableCode)


@pytest.mark.parametrize("own", ["1234", "1234567", "123456789", "69012345678", "123456789012345"])
def test_digits_of_another_length_are_the_shops_own(own: str) -> None:
    assert read_code(own) == GoodsCode(own)


@pytest.mark.parametrize("command", Command)
def test_a_command_in_either_case(command: Command) -> None:
    full_width = command.value.replace(":", "：")
    for text in (command.value, command.value.lower(), command.value.title(), f" {command.value} ", full_width):
        assert read_code(text) == CommandCode(command)


@given(st.sampled_from(Command).map(str), st.data())
def test_part_of_a_command_is_unreadable(text: str, data: st.DataObject) -> None:
    half = text[: data.draw(st.integers(0, len(text) - 1))]
    assert isinstance(read_code(half), UnreadableCode)
    assert isinstance(read_code(text[len(half) + 1 :]), UnreadableCode)


@given(st.text() | st.from_regex("(?i)jimei:?[a-z]{0,8}", fullmatch=True) | st.text("0123456789ABCDEF:/"))
def test_nothing_but_a_command_card_is_a_command(text: str) -> None:
    assert isinstance(read_code(text), CommandCode) == (text.strip().upper() in set(Command))


@pytest.mark.parametrize(
    "text",
    ["", "HTTPS://JIMEI.EXAMPLE/C/7ZQ4", "https://u.wechat.com/abc", "69012345", TOKEN + "X", "王家湾", "١" * 13],
)
def test_anything_else_is_unreadable(text: str) -> None:
    refusal = read_code(text)
    assert isinstance(refusal, UnreadableCode)
    assert refusal.reason


def test_a_pack_is_never_a_card_and_a_card_is_never_goods() -> None:
    pack = "01069012345678921011"
    assert len(pack) == len(TOKEN)
    assert read_code(pack) == GoodsCode("6901234567892", lot="11")
    assert read_code(f"]Q1HTTPS://EXAMPLE.CN/C/{TOKEN}") == CardCode(TOKEN)
    link = read_code("https://example.cn/c/01/06901234567892/10/A7?17=270331")
    assert link == GoodsCode("6901234567892", lot="A7", sell_by=date(2027, 3, 31))
    assert read_code("]C1020690123456789237") == UnreadableCode("条码没有读对，请再扫一次")
    assert isinstance(read_code("(00)106141412345678908"), UnreadableCode)
