"""The pages in headless Chromium, on a small phone (360×740) with JavaScript switched off."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.api.awards.simulation.conftest import DOUBLED
from tests.chromium import chromium, needs_chromium
from tests.conftest import NOW, LiveTown, run_jobs
from tests.e2e.chromium import NOTHING_WRONG, fits, measured, phone, sign_in

pytestmark = [needs_chromium, pytest.mark.slow]


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
            await run_jobs(town.town)
            await page.reload()
            await expect(page.get_by_label("余额")).to_contain_text("105 分")


async def test_a_simulation_is_read_on_a_phone_and_asks_nothing_of_other_servers(
    town: LiveTown, tmp_path: Path
) -> None:
    file = tmp_path / "草案.toml"
    file.write_text(DOUBLED, encoding="utf-8")
    asked: list[str] = []
    async with chromium() as browser, phone(browser, town, scripts=True) as page:
        await sign_in(page, "office")
        await fits(page, "/desk/rulebooks/simulation")
        page.on("request", lambda request: asked.append(request.url))
        await page.get_by_label("草案文件").set_input_files(file)
        await page.get_by_role("button", name="开始试算").click()
        await expect(page.get_by_text("多 203 分（+100.0%）")).to_be_visible(timeout=30_000)
        assert await measured(page) == NOTHING_WRONG
        widths = await page.locator("img.chart").evaluate_all("found => found.map(e => e.naturalWidth)")
        assert len(widths) >= 2
        assert set(widths) == {320}
    assert {url.partition(":")[0] for url in asked if not url.startswith(town.url)} <= {"data"}
