"""Codes on packs, as scanners send them."""

from __future__ import annotations

from datetime import date

import pytest

from api.wire.barcode import WrongCheckDigit, find_unit
from api.wire.gs1 import GS, GoodsScan, NoProduct, NotReadWhole, read_goods

TODAY = date(2026, 11, 30)
OIL = "6901234567892"
CARD = "HTTPS://EXAMPLE.CN/C/" + "7K3M9QXR2TDV7K3M9QXR"
DATED = GoodsScan(OIL, lot="A7-03", sell_by=date(2027, 3, 31))


@pytest.mark.parametrize(
    "scanned",
    [
        f"010{OIL}1727033110A7-03",
        f"]C1010{OIL}1727033110A7-03",
        f"]d2010{OIL}10A7-03{GS}17270331",
        f"]Q3010{OIL}10A7-03{GS}17270331",
        f"]e0010{OIL}1727033110A7-03",
        f"{GS}010{OIL}10A7-03{GS}17270331{GS}",
        f"010{OIL}10A7-03␝17270331",
        f"010{OIL}10A7-03<GS>17270331",
        f"(01)0{OIL}(17)270331(10)A7-03",
        f"（01）0{OIL}（17）270331（10）A7-03",
        f"(01)0{OIL}(15)270400(17)270331(10)A7-03",
        f"(01)0{OIL}(17)270300(10)A7-03",
        f"https://id.example.cn/01/0{OIL}/10/A7-03?17=270331",
        f"HTTPS://ID.EXAMPLE.CN/01/0{OIL}/10/A7-03?17=270331",
        f"https://shop.example/a/b/01/0{OIL}/10/A7%2D03/?17=270331&linkType=gs1:pip#x",
        f"http://example.cn/gtin/{OIL}/lot/A7-03?exp=270331",
        f"]Q1https://id.example.cn/01/{OIL}?10=A7-03&17=270331",
    ],
)
def test_one_pack_in_every_form(scanned: str) -> None:
    assert read_goods(scanned, TODAY) == DATED


@pytest.mark.parametrize("digits", [OIL, f"0{OIL}", f"]E0{OIL}", f"]I10{OIL}", f"]C1010{OIL}", " 6901234567892\r"])
def test_digits_of_one_number_are_one_product(digits: str) -> None:
    scan = read_goods(digits, TODAY)
    assert scan is not None
    assert scan.barcode == OIL


def test_a_carton_is_another_level_and_tells_its_unit() -> None:
    scan = read_goods("16901234567899", TODAY)
    assert scan == GoodsScan("16901234567899")
    assert find_unit("16901234567899") == OIL
    assert find_unit(OIL) == ""


def test_a_label_counts_what_is_packed() -> None:
    scan = read_goods(f"]C1020{OIL}1527010037{24}{GS}10B1", TODAY)
    assert scan == GoodsScan(OIL, lot="B1", sell_by=date(2027, 1, 31), count=24)


def test_other_identifiers_are_stepped_over() -> None:
    scan = read_goods(
        f"]d2010{OIL}11260901310300050021S-1{GS}8008260901{GS}4141234567890128710X{GS}17270331", TODAY
    )
    assert scan == GoodsScan(OIL, serial="S-1", sell_by=date(2027, 3, 31), made_on=date(2026, 9, 1))


@pytest.mark.parametrize(
    ("digits", "day"),
    [
        ("260228", date(2026, 2, 28)),
        ("280200", date(2028, 2, 29)),
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
    ],
)
def test_a_day_of_two_digit_years(digits: str, day: date) -> None:
    scan = read_goods(f"(01)0{OIL}(17){digits}", TODAY)
    assert scan is not None
    assert scan.sell_by == day


@pytest.mark.parametrize(
    ("scanned", "error"),
    [
        ("6901234567891", WrongCheckDigit),
        ("26901234567899", WrongCheckDigit),
        ("(01)06901234567891", WrongCheckDigit),
        ("]C1010690123456789117270331", WrongCheckDigit),
        ("https://id.example.cn/01/06901234567891", WrongCheckDigit),
        (f"]C1010{OIL}172703", NotReadWhole),
        (f"]C1010{OIL}17271331", NotReadWhole),
        (f"]C1010{OIL}17270231", NotReadWhole),
        (f"]C1010{OIL}10{'X' * 21}", NotReadWhole),
        (f"(01)0{OIL}(17)27-3-3", NotReadWhole),
        (f"(01)0{OIL}(10)A(10)B", NotReadWhole),
        (f"https://id.example.cn/01/0{OIL}/10", NotReadWhole),
        ("]C100" + "1" * 18, NoProduct),
        ("(414)1234567890128", NoProduct),
    ],
)
def test_what_is_misread_is_told_as_such(scanned: str, error: type[ValueError]) -> None:
    with pytest.raises(error):
        read_goods(scanned, TODAY)


@pytest.mark.parametrize(
    "scanned",
    [
        "",
        "肥皂",
        "JIMEI:CONFIRM",
        "https://example.cn/p/123",
        CARD,
        "]Q1abc",
        "0" * 19,
    ],
)
def test_what_is_no_code_of_goods(scanned: str) -> None:
    assert read_goods(scanned, TODAY) is None


def test_sixteen_digits_may_be_a_shops_own() -> None:
    assert read_goods("0112345678901234", TODAY) == GoodsScan("0112345678901234")
    assert read_goods(f"010{OIL}", TODAY) == GoodsScan(OIL, own_code=f"010{OIL}")
