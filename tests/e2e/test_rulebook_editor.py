"""A draft in the editor, in Chromium with real keys: on a desk's screen and on a phone, and without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import Dialog, Page, ViewportSize, expect

from tests.api.awards.rulebooks.conftest import text
from tests.chromium import chromium, needs_chromium
from tests.conftest import LiveTown
from tests.e2e.chromium import PHONE, fits, phone, sign_in

pytestmark = needs_chromium

DESK: ViewportSize = {"width": 1280, "height": 800}
# The numbers of the lines that the gutter marks.
_GUTTER = """() => [...document.querySelectorAll("#editor .ace_gutter-cell.ace_error")].map(e => e.textContent)"""


async def begin(page: Page, wanted: str) -> None:
    """A draft with this text, in the editor, its first line under the cursor."""
    await page.goto("/desk/rulebooks")
    summary = page.locator("summary", has_text="新起草")
    if not await page.get_by_label("从文件开始").is_visible():
        await summary.click()
    await page.get_by_label("从文件开始").set_input_files(
        {"name": "新办法.toml", "mimeType": "text/plain", "buffer": wanted.encode()}
    )
    await page.get_by_role("button", name="上传并起草").click()
    await page.locator("#editor .ace_content").click(position={"x": 30, "y": 12})
    await page.keyboard.press("Control+Home")


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
async def test_a_typo_is_marked_at_its_line_and_a_save_keeps_the_place(
    town: LiveTown, screen: ViewportSize
) -> None:
    faults: list[str] = []
    async with chromium() as browser, phone(browser, town, scripts=True, screen=screen) as page:
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        await sign_in(page, "ma")
        await begin(page, "[book]\n" + text("2026.2").partition("\n[book]\n")[2])
        summary, problems = page.locator("#summary"), page.locator("#problems li")
        await expect(summary).to_have_text("没有问题，可以提议。")
        assert await page.evaluate(_GUTTER) == []

        # titel for title, typed as a person would.
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("End")
        await page.keyboard.press("Enter")
        await page.keyboard.type('titel = "错"')
        await expect(summary).to_have_text("有 1 处问题，改好才能提议。")
        await expect(problems).to_have_text(["第 3 行 书头 [book]：不认识的字段「titel」，您是想写「title」吧。"])
        assert await page.evaluate(_GUTTER) == ["3"]
        await expect(page.locator("#editor .wrong")).to_have_count(1)
        assert await page.locator("#editor .wrong").evaluate("e => e.getBoundingClientRect().width") > 30

        # The item leads back to the line, where the keyboard then is.
        await page.keyboard.press("Control+End")
        await problems.get_by_role("button", name="第 3 行").click()
        await page.keyboard.press("Shift+End")
        await page.keyboard.press("Delete")
        await expect(summary).to_have_text("没有问题，可以提议。")
        await expect(page.locator("#editor .wrong")).to_have_count(0)

        await page.keyboard.type("# 改过")
        await page.keyboard.press("Control+s")
        await expect(page.get_by_text("已保存。")).to_be_visible()
        await expect(page.locator("#editor .ace_line").nth(2)).to_have_text("# 改过")
        await page.keyboard.type("了")
        await expect(page.locator("#editor .ace_line").nth(2)).to_have_text("# 改过了")
        await page.get_by_role("button", name="保存并提议").click()
        await expect(page.get_by_role("heading", name="提议 2026.2 版")).to_be_visible()
    assert faults == [], "no policy was violated, no script failed"


async def test_leaving_with_unsaved_words_asks_first(town: LiveTown) -> None:
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    async with chromium() as browser, phone(browser, town, scripts=True, screen=DESK) as page:
        await sign_in(page, "ma")
        await begin(page, text("2026.2"))
        await page.keyboard.type("# 还没保存\n")
        page.on("dialog", stay)
        async with page.expect_event("dialog"):
            await page.get_by_role("link", name="返回积分规则").click(no_wait_after=True)
        await expect(page.locator("#editor .ace_line").first).to_have_text("# 还没保存")
        assert asked == ["beforeunload"]


async def test_without_scripts_the_draft_is_a_form_with_the_same_list(town: LiveTown) -> None:
    async with chromium() as browser, phone(browser, town) as page:
        await sign_in(page, "ma")
        await page.goto("/desk/rulebooks")
        await page.get_by_role("button", name="从现行的 2025.1 版开始").click()
        area = page.get_by_label("规则正文")
        await area.fill(text("2026.2").replace("title = ", "titel = ", 1))
        await page.get_by_role("button", name="保存", exact=True).click()
        await expect(page.locator("#problems li")).to_have_count(2)
        await expect(page.locator("#problems")).to_contain_text("不认识的字段「titel」")
        await expect(area).to_be_visible()


async def test_the_rulebook_s_pages_fit_a_small_phone(town: LiveTown) -> None:
    async with chromium() as browser, phone(browser, town, scripts=True) as page:
        await sign_in(page, "ma")
        for path in ("/desk", "/desk/rulebooks", "/desk/rulebooks/books?version=2025.1"):
            await fits(page, path)
        await begin(page, text("2026.2"))
        await page.get_by_role("button", name="保存并提议").click()
        await fits(page, page.url)
        await page.get_by_label("哪天决定的").fill("2026-06-10")
        await page.get_by_label("从哪天起执行").fill("2026-07-01")
        await page.get_by_role("button", name="提议").click()
        await expect(page.get_by_role("status")).to_contain_text("已提议")
        await fits(page, page.url)
        await page.get_by_role("button", name="退出").click()
        await sign_in(page, "office")
        await page.get_by_role("link", name="1 份提议等您确认").click()
        await page.get_by_role("listitem").filter(has_text="2026.2 版").get_by_role("link").click()
        await fits(page, page.url)
        # Dozens, each of which a person would tick.
        await page.get_by_role("checkbox").evaluate_all("boxes => boxes.forEach(box => { box.checked = true; })")
        await page.get_by_role("button", name="确认，从2026年7月1日起执行").click()
        await expect(page.get_by_role("status")).to_contain_text("已确认")
