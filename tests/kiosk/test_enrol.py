"""The first screen of a new machine."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from kiosk.store.enrolments import CODE_LENGTH
from tests.api.web.browser import browsing
from tests.chromium import chromium, needs_chromium
from tests.kiosk.conftest import Network, OpenTill


@pytest.fixture
async def code(town: Any) -> str:
    async with town.staff("office") as http:
        added = await http.post("/v1/kiosks", json={"supermarket": "hp", "name": "后门"})
        return str(added.raise_for_status().json()["code"])


async def test_a_code_typed_by_hand(town: Any, open_till: OpenTill, code: str) -> None:
    async with open_till(enrol=False, signed_in=False) as till:
        await till.sees("登 记 终 端")
        await till.scan("JIMEI:CONFIRM")
        await till.sees_refusal("请先登记")
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.card}")
        await till.sees_refusal("这不是登记码")
        for symbol in code[:-1].lower():
            await till.press(symbol)
        await till.press("f2")
        await till.sees_refusal("还差 1 位")
        await till.press(code[-1], "f2")
        await till.until(lambda: till.screen == "SignInScreen")
        await till.sees("河畔村积美超市")
        await till.sign_in()
        await till.show_card(town.card)


async def test_a_wrong_code_and_a_scanned_one(open_till: OpenTill, code: str) -> None:
    async with open_till(enrol=False, signed_in=False) as till:
        await till.sees("登 记 终 端")
        await till.scan("0" * CODE_LENGTH)
        await till.sees_refusal("登记码不对或已过期")
        await till.press("escape")
        await till.scan(f"JIMEI:ENROL:{code}")
        await till.until(lambda: till.screen == "SignInScreen")


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_lost_answer_is_requested_again_with_the_same_key(
    network: Network, open_till: OpenTill, code: str, restarted: bool
) -> None:
    async with open_till(network.url, enrol=False, signed_in=False, code=code) as till:
        network.lose_everything = True
        await till.sees_refusal("连不上服务器")
        network.lose_everything = False
        if not restarted:
            await till.press("f2")
            await till.until(lambda: till.screen == "SignInScreen")
    # The code is known from before the restart.
    async with open_till(network.url, enrol=False, signed_in=False) as till:
        await till.until(lambda: till.screen == "SignInScreen")
        await till.sign_in()
        assert [each.epoch for each in till.store.enrolments.list_all()] == [1]


@needs_chromium
async def test_the_printed_code_brings_the_address_along(town: Any, open_till: OpenTill) -> None:
    """As the desk shows it, read off its picture, at a machine that was started without a server."""
    async with chromium() as browser, browsing(town, "office") as office:
        await office.open("/desk/tills")
        await office.send("/desk/tills", supermarket="hp", name="后门")
        page = await browser.new_page()
        await page.set_content(office.page.text)
        shown = Image.open(BytesIO(await page.locator(".scan svg").screenshot()))
        await page.close()
    [printed] = zxingcpp.read_barcodes(shown)
    async with open_till("http://127.0.0.1:9", enrol=False, signed_in=False) as till:
        await till.sees("登 记 终 端")
        await till.scan(printed.text)
        await till.until(lambda: till.screen == "SignInScreen")
        assert till.store.enrolments.required.server == town.url
        await till.sees("河畔村积美超市")
        await till.sign_in()


async def test_an_enrolled_machine_takes_no_other_address(town: Any, open_till: OpenTill, code: str) -> None:
    async with open_till(signed_in=False) as till:
        await till.until(lambda: till.screen == "SignInScreen")
        await till.scan(f"JIMEI:ENROL:{code}/HTTP://127.0.0.1:9")
        await till.until(lambda: len(till.store.enrolments.list_all()) == 2)
        assert till.store.enrolments.required.server == town.url


async def test_an_enrolled_kiosk_starts_at_signing_in(open_till: OpenTill) -> None:
    async with open_till(signed_in=False) as till:
        await till.until(lambda: till.screen == "SignInScreen")
