"""The first pages of a fresh server on a small phone: read, hit and told by a screen reader, in large type too."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from api.desk.founding.door import Door
from api.platform.services import Services
from tests.api.desk.founding.conftest import ANSWERS, FIRST
from tests.chromium import chromium, needs_chromium
from tests.conftest import serving
from tests.e2e.chromium import NOTHING_WRONG, PHONE, measured, set_type
from tests.e2e.test_every_page import find_faults

pytestmark = [needs_chromium, pytest.mark.slow]


async def test_from_the_code_to_the_invitation(base: Services) -> None:
    door, faults = Door(), {}

    async def look(page: Page, name: str) -> None:
        for times in (1, 2):
            await set_type(page, times)
            faults[name, times] = (await measured(page), await find_faults(page, times))

    async with serving(base, door=door) as url, chromium() as browser:
        context = await browser.new_context(base_url=url, viewport=PHONE, locale="zh-CN")
        page = await context.new_page()
        await page.goto("/")
        await look(page, "code")
        await page.get_by_label("终端上的码").fill(door.code)
        await page.get_by_role("button", name="下一步").click()
        for name in ("township", "first_name", "second_name", "second_login", "meeting"):
            await page.locator(f"[name={name}]").fill(ANSWERS[name])
        await page.locator("[name=first_login]").fill("Wang Fang")
        await page.get_by_role("button", name="下一步").click()
        await look(page, "mistake")
        await page.locator("[name=first_login]").fill("wangfang")
        await page.get_by_role("button", name="下一步").click()
        await look(page, "summary")
        for name in ("password", "again"):
            await page.locator(f"[name={name}]").fill(FIRST)
        await page.get_by_role("button", name="建立").click()
        await look(page, "invitation")
        await page.get_by_role("link", name="返回").click()
        await look(page, "desk")
        await context.close()
    assert {where: found for where, found in faults.items() if found != (NOTHING_WRONG, [])} == {}
