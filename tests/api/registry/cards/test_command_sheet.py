"""The sheet of command cards, printed by a real browser and read by a real scanner."""

import re
from dataclasses import dataclass

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import sync_playwright

from api.registry.cards.command_sheet import render_command_sheet
from api.wire import Command
from tests.api.registry.cards.test_card_sheet import DOTS_PER_MM, MM, Box, boxes, picture, read
from tests.chromium import CHROMIUM, FLAGS, needs_chromium

pytestmark = needs_chromium

MODULES = 21 + 2 * 4  # version 1 with its margin


@dataclass(frozen=True)
class Printed:
    codes: list[Image.Image]
    page: Image.Image
    card_boxes: list[Box]
    code_boxes: list[Box]
    words: list[str]
    overflowing: int
    pdf: bytes


@pytest.fixture(scope="module")
def printed() -> Printed:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 794, "height": 1123}, device_scale_factor=DOTS_PER_MM / MM)
        page.set_content(render_command_sheet())
        page.emulate_media(media="print")
        found = Printed(
            codes=[picture(code.screenshot()) for code in page.locator(".code").all()],
            page=picture(page.locator(".page").screenshot()),
            card_boxes=boxes(page, ".card"),
            code_boxes=boxes(page, ".code"),
            words=page.locator("h1").all_inner_texts(),
            overflowing=page.evaluate(
                "[...document.querySelectorAll('.card, .what, h1, .scan')].filter("
                "e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).length"
            ),
            pdf=page.pdf(prefer_css_page_size=True),
        )
        browser.close()
    return found


def test_each_card_says_its_word_and_reads_as_its_command(printed: Printed) -> None:
    assert printed.words == ["确认兑换", "取消", "再看收据", "作废"]
    assert [read(code) for code in printed.codes] == [[command.value] for command in Command]


def test_the_whole_page_at_once(printed: Printed) -> None:
    assert sorted(read(printed.page)) == sorted(command.value for command in Command)


@pytest.mark.parametrize("angle", [7, 30, 45, 90, 135, 180, 222, 270, 311])
def test_rotated(printed: Printed, angle: int) -> None:
    turned = [code.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255) for code in printed.codes]
    assert [read(code) for code in turned] == [[command.value] for command in Command]


@pytest.mark.parametrize("blur", [0.25, 0.5])
def test_blurred(printed: Printed, blur: float) -> None:
    """Out of focus by up to half a module (standard deviation of the Gauss filter)."""
    blurred = [code.filter(ImageFilter.GaussianBlur(blur * code.width / MODULES)) for code in printed.codes]
    assert [read(code) for code in blurred] == [[command.value] for command in Command]


@pytest.mark.parametrize("pixels", [3, 4])
def test_far_away(printed: Printed, pixels: int) -> None:
    """So small that a module is three or four pixels of the camera."""
    size = (MODULES * pixels, MODULES * pixels)
    small = [code.resize(size, Image.Resampling.LANCZOS) for code in printed.codes]
    assert [read(code) for code in small] == [[command.value] for command in Command]


def test_large_codes_far_apart_on_one_page(printed: Printed) -> None:
    width = 40 / 21 * MODULES
    assert [box[2:] for box in printed.code_boxes] == [pytest.approx((width, width), abs=0.1)] * 4
    assert printed.card_boxes == [pytest.approx((20, 15 + 67 * row, 170, 67), abs=0.1) for row in range(4)]
    assert len(re.findall(rb"/Type\s*/Page\b", printed.pdf)) == 1
    assert printed.overflowing == 0


def test_asks_nothing_of_the_network() -> None:
    assert not re.search(r"(src|href|url\(|@import)", render_command_sheet())
