"""The pages in headless Chromium, on a small phone (360×740) with JavaScript switched off."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from tests.api.pages.browser import on_notice
from tests.api.simulation.conftest import DOUBLED
from tests.conftest import NOW, PASSWORD, LiveTown

CHROMIUM = shutil.which("chromium")
PHONE: ViewportSize = {"width": 360, "height": 740}
SMALLEST_TYPE = 18
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="chromium is not installed"
)

# What is wrong with a page, by element: out of the screen, in type too small to read, too low to be hit.
_MEASURE = """() => {
    const seen = [...document.querySelectorAll("body *")].filter(e => e.getClientRects().length);
    const box = e => e.getBoundingClientRect();
    const named = elements => elements.map(e => e.outerHTML.slice(0, 99));
    const lettered = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const small = e => parseFloat(getComputedStyle(e).fontSize) < SMALLEST && !e.closest("[aria-hidden]");
    const touched = "button, summary, .button, input:not([type=checkbox], [type=radio])";
    return {
        wider: document.documentElement.scrollWidth - innerWidth,
        outside: named(seen.filter(e => box(e).right > innerWidth + 0.5)),
        small: named(seen.filter(e => lettered(e) && small(e))),
        low: named(seen.filter(e => e.matches(touched) && box(e).height < 36)),
    };
}""".replace("SMALLEST", str(SMALLEST_TYPE))


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def phone(browser: Browser, town: LiveTown, *, scripts: bool = False) -> AsyncIterator[Page]:
    context = await browser.new_context(
        base_url=town.url, viewport=PHONE, java_script_enabled=scripts, locale="zh-CN"
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def sign_in(page: Page, login: str) -> None:
    await page.goto("/desk")
    await page.get_by_label("用户名").fill(login)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("button", name="退出")).to_be_visible()


async def test_every_page_fits_a_small_phone_in_large_type(town: LiveTown) -> None:
    await on_notice(town, "hp-1")
    # Measuring needs scripts; the pages themselves have none.
    async with chromium() as browser, phone(browser, town, scripts=True) as page:
        for path in (f"/C/{town.card}", "/c/123", "/", "/notices", "/notices/hp", "/desk/sign-in"):
            await _fits(page, path)
        for login, paths in {
            "wang": ["/desk", "/desk/declare", *(f"/desk/declare?rule={rule}" for rule in ("A09", "A35", "T1"))],
            "zhao": ["/desk"],
            "li": ["/desk"],
            "qian": ["/desk"],
        }.items():
            await sign_in(page, login)
            for path in paths:
                await _fits(page, path)
            await page.goto("/desk")
            await page.get_by_role("button", name="退出").click()


async def _fits(page: Page, path: str) -> None:
    await page.goto(path)
    assert await _measured(page) == {"wider": 0, "outside": [], "small": [], "low": []}, path


async def _measured(page: Page) -> object:
    """With everything unfolded."""
    for folded in await page.locator("details").all():
        await folded.evaluate("e => { e.open = true; }")
    return await page.evaluate(_MEASURE)


async def test_a_claim_is_clicked_through_without_scripts(town: LiveTown) -> None:
    async with chromium() as browser:
        async with phone(browser, town) as page:
            await sign_in(page, "wang")
            await page.get_by_role("link", name="申报一件好事").click()
            await page.get_by_text("环境卫生").click()
            await page.get_by_role("link", name="参加村庄清扫").click()
            await page.get_by_label("哪一户").fill("王建国")
            await page.get_by_role("button", name="提交申报").click()
            await expect(page.get_by_role("status")).to_contain_text("已申报")
        async with phone(browser, town) as page:
            await sign_in(page, "zhao")
            await page.get_by_role("checkbox", name="参加村庄清扫").check()
            await page.get_by_role("button", name="评议通过所选").click()
            await expect(page.get_by_role("status")).to_contain_text("评议通过 1 件")
        async with phone(browser, town) as page:
            await sign_in(page, "li")
            await page.get_by_role("link", name="全选").click()
            await page.get_by_role("button", name="审定所选并公示").click()
            await expect(page.get_by_role("status")).to_contain_text("审定并公示 1 件")
        async with phone(browser, town) as page:
            await page.goto("/notices")
            await page.get_by_role("link", name="河畔村").click()
            await expect(page.get_by_role("row").filter(has_text="参加村庄清扫")).to_contain_text("+5")
            await page.goto(f"/C/{town.card}")
            await expect(page.get_by_text("公示到 6月18日 10:00")).to_be_visible()
            town.clock.travel(NOW + timedelta(days=4))
            # The server posts by itself; a villager looks again.
            for _ in range(200):
                await page.reload()
                if "105" in await page.get_by_label("余额").inner_text():
                    break
            await expect(page.get_by_label("余额")).to_contain_text("105 分")


async def test_a_simulation_is_read_on_a_phone_and_asks_nothing_of_other_servers(
    town: LiveTown, tmp_path: Path
) -> None:
    file = tmp_path / "草案.toml"
    file.write_text(DOUBLED, encoding="utf-8")
    asked: list[str] = []
    async with chromium() as browser, phone(browser, town, scripts=True) as page:
        await sign_in(page, "office")
        await _fits(page, "/desk/rulebooks/simulation")
        page.on("request", lambda request: asked.append(request.url))
        await page.get_by_label("草案文件").set_input_files(file)
        await page.get_by_role("button", name="开始试算").click()
        await expect(page.get_by_text("多 203 分（+100.0%）")).to_be_visible(timeout=30_000)
        assert await _measured(page) == {"wider": 0, "outside": [], "small": [], "low": []}
        widths = await page.locator("img.chart").evaluate_all("found => found.map(e => e.naturalWidth)")
        assert len(widths) >= 2
        assert set(widths) == {320}
    assert {url.partition(":")[0] for url in asked if not url.startswith(town.url)} <= {"data"}
