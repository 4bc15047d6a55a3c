"""Large mode on small screens, and the contrast of the themes."""

from __future__ import annotations

import unicodedata
from itertools import product
from typing import Any

import pytest
from textual.color import Color
from textual.theme import Theme

from kiosk.appearance import CONTRAST, LARGE, PALETTE, THEME, Appearance
from kiosk.widgets.big_number import BigNumber
from kiosk.widgets.cart import CartView
from kiosk.widgets.household import Household
from kiosk.widgets.key_bar import KeyBar, KeyCap
from kiosk.widgets.shelf import Shelf
from tests.kiosk.conftest import OpenTill, Till

SMALL = [(50, 16), (40, 20), (60, 18)]
PANELS = (Household, Shelf, CartView)


def shown(till: Till) -> list[type]:
    """The panels shown."""
    return [panel for panel in PANELS if any(each.region.area for each in till.app.screen.query(panel))]


@pytest.fixture
async def numbers(town: Any) -> dict[str, str]:
    async with town.device() as http:
        shelf = (await http.get("/v1/till")).raise_for_status().json()["shelf"]
    return {item["name"]: str(item["number"]) for item in shelf}


@pytest.mark.parametrize("size", SMALL, ids=str)
async def test_a_whole_redemption(
    town: Any, open_till: OpenTill, numbers: Any, balance: Any, size: tuple[int, int]
) -> None:
    async with open_till(size=size) as till:

        def legible(*words: str) -> None:
            lines = till.shows.splitlines()
            assert (len(lines), {sum(map(cells, line)) for line in lines}) == (size[1], {size[0]})
            assert {sign for sign in till.shows if unicodedata.east_asian_width(sign) == "A"} == set()
            for word in words:
                assert word in till.shows
            assert "F2" in till.shows

        await till.sees("请扫户卡")
        assert shown(till) == [Household]
        legible("按货号")
        await till.show_card(town.card)
        await till.sees("现有 100 分")
        assert shown(till) == [Household]
        legible("王**")
        await till.press("down")
        await till.until(lambda: shown(till) == [Shelf])
        assert till.app.counter.session.cursor == 0
        legible("肥皂", "5 分", "牙刷", "缺货", "王**  有 100 分", "车里没有商品")
        await till.press(numbers["肥皂"], "+")
        await till.sees("车里 2 件 10 分")
        assert shown(till) == [Shelf]
        legible("x2")
        await till.press("f6")
        await till.until(lambda: shown(till) == [CartView])
        legible("肥皂 x2", "兑换后还剩", "90 分")
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("现有积分 90 分")
        assert "肥皂 x2" in till.shows
        assert "陈管理员" in till.shows
        assert await balance(town.card) == 90
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen" and shown(till) == [Household])


async def test_keys_do_not_change_a_hidden_cart(town: Any, open_till: OpenTill) -> None:
    async with open_till(size=(50, 16)) as till:
        await till.show_card(town.card)
        await till.press(" ")
        await till.until(lambda: shown(till) == [Shelf])
        assert till.app.counter.session.cart == []
        await till.press(" ")
        await till.until(lambda: till.app.counter.session.cart)


async def test_goods_scanned_show_the_cart_and_a_card_shows_the_household(town: Any, open_till: OpenTill) -> None:
    async with open_till(size=(50, 16)) as till:
        await till.scan("6901234567892")
        await till.until(lambda: shown(till) == [CartView])
        await till.press("+")
        await till.until(lambda: till.app.counter.session.total == 10)
        assert shown(till) == [CartView]
        await till.show_card(town.card)
        await till.until(lambda: shown(till) == [Household])
        await till.press("escape")
        await till.until(lambda: till.app.counter.session.card is None)
        assert shown(till) == [Household]


async def test_a_pin_of_eight_digits_fits(open_till: OpenTill) -> None:
    async with open_till(size=(40, 16), signed_in=False) as till:
        # In two parts: eight digits at once would be a scan.
        await till.press(*"1234")
        await till.press(*"5678")
        boxes = till.app.screen.query_one("PinBoxes")
        await till.until(lambda: boxes.region.width == 8 * 4 + 7)
        assert till.app.screen.region.contains_region(boxes.region)
        await till.press("escape")


async def test_help_scrolls(open_till: OpenTill) -> None:
    async with open_till(size=(50, 16)) as till:
        await till.press("f1")
        await till.sees("下面还有")
        assert "扫不出卡" not in till.shows
        # Faster than the screen is redrawn.
        await till.press("down", "down")
        await till.sees("扫不出卡")
        assert till.screen == "HelpScreen"
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")


async def test_a_long_sentence_is_wrapped(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till(size=(40, 16)) as till:
        await till.show_card(town.card)
        await till.press(numbers["肥皂"])
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.poor_card}")
        await till.sees_refusal("再扫下一户的卡")
        shown_signs = "".join(till.shows.split())
        assert till.status_text.replace(" ", "") in shown_signs


@pytest.mark.parametrize(
    ("size", "asked", "large"),
    [
        ((80, 24), None, False),
        ((80, 24), True, True),
        ((72, 20), None, False),
        ((71, 20), None, True),
        ((72, 19), None, True),
        ((50, 16), False, False),
    ],
)
async def test_large_mode_depends_on_size_and_setting(
    open_till: OpenTill, size: tuple[int, int], asked: bool | None, large: bool
) -> None:
    async with open_till(size=size, signed_in=False, appearance=Appearance(large=asked)) as till:
        assert till.app.has_class(LARGE) is large


async def test_large_mode_follows_resizing(town: Any, open_till: OpenTill) -> None:
    async with open_till(size=(80, 24)) as till:
        await till.until(lambda: shown(till) == list(PANELS))
        await till.until(lambda: "F6" not in till.shows and "F10" in till.shows)
        await till.pilot.resize_terminal(80, 16)
        await till.until(lambda: shown(till) == [Household])
        await till.sees("F6")
        await till.pilot.resize_terminal(120, 36)
        await till.until(lambda: shown(till) == list(PANELS))


async def test_large_mode_on_a_large_screen_keeps_the_big_figures(
    town: Any, open_till: OpenTill, numbers: Any
) -> None:
    async with open_till(size=(100, 30), appearance=Appearance(large=True)) as till:
        await till.show_card(town.card)
        await till.until(lambda: shown(till) == [Household])
        await till.press(numbers["肥皂"], "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.until(lambda: any(each.region.area for each in till.app.screen.query(BigNumber)))


@pytest.mark.parametrize("width", range(37, 100, 7))
async def test_key_caps_are_shown_completely_or_hidden(open_till: OpenTill, width: int) -> None:
    async with open_till(size=(width, 24)) as till:
        bar = till.app.screen.query_one(KeyBar)
        wanted = {"f2", "f9", "f6"} if width < 72 else {"f2", "f9", "escape", "f10"}

        def whole() -> bool:
            caps = [cap for cap in bar.query(KeyCap) if cap.display]
            fit = all(cap.region and bar.content_region.contains_region(cap.region) for cap in caps)
            return fit and wanted <= {cap.key for cap in caps}

        await till.until(whole)


# --- colours ----------------------------------------------------------------------------------------------


def contrast(one: str, other: str) -> float:
    """Of two colours, by WCAG 2.2: from 1, the same, to 21, black and white."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = Color.parse(colour).normalized
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colour(theme: Theme, name: str) -> str:
    return theme.variables.get(name) or getattr(theme, name)


WRITTEN_ON = [
    *product(
        ("gold", "cream", "faded", "faint", "jade", "ember"),
        ("background", "surface", "panel", "row", "keycap", "cinnabar"),
    ),
    *product(("ink",), ("gold", "warning")),
    ("paper", "error"),
]


@pytest.mark.parametrize(("writing", "ground"), WRITTEN_ON)
def test_high_contrast_is_triple_a(writing: str, ground: str) -> None:
    assert contrast(colour(CONTRAST, writing), colour(CONTRAST, ground)) >= 7


def test_contrast_is_calculated_as_in_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_themes_have_the_same_colours() -> None:
    assert set(CONTRAST.variables) == set(THEME.variables) == set(PALETTE)
    hues = {*CONTRAST.variables.values(), CONTRAST.background, CONTRAST.error, CONTRAST.warning}
    coloured = {hue for hue in hues if hue and len({hue[1:3], hue[3:5], hue[5:7]}) > 1}
    assert coloured == {"#ffff00"}


async def test_the_screen_has_the_themes_colours(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till(appearance=Appearance(theme="contrast")) as till:
        await till.show_card(town.card)
        await till.press(numbers["牙刷"])
        await till.sees_refusal("缺货")
        names = [*PALETTE, "background", "surface", "panel", "warning", "error"]
        asked_for = {till.app.theme_variables[name].lower() for name in names}
        assert drawn(till) <= asked_for
        await till.press("f1")
        await till.sees("网络断了")
        assert drawn(till) <= asked_for


def drawn(till: Till) -> set[str]:
    """Every colour on the screen."""
    styles = [segment.style for strip in till.app.screen._compositor.render_strips() for segment in strip]
    colours = [each for style in styles if style for each in (style.color, style.bgcolor) if each]
    return {each.get_truecolor().hex for each in colours}


def cells(sign: str) -> int:
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
