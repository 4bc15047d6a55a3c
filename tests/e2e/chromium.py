"""Pages in Chromium: signed in at the desk, and what is wrong with a page on a given screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.conftest import PASSWORD, LiveTown

PHONE: ViewportSize = {"width": 360, "height": 740}
SMALLEST_TYPE = 18
LOWEST_TARGET = 44
NOTHING_WRONG = {"wider": 0, "outside": [], "small": [], "low": [], "broken": []}

# What is wrong with a page, by element: out of the screen, in type too small to read, too low to be hit, and
# numbers and codes on two lines though there is room for them on one.
_MEASURE = """() => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
    const isShown = e => e.getClientRects().length && !e.closest(".ace_editor");
    const seen = [...document.querySelectorAll("body *")].filter(isShown);
    const box = e => e.getBoundingClientRect();
    const named = elements => elements.map(e => e.outerHTML.slice(0, 99));
    const lettered = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const small = e => parseFloat(getComputedStyle(e).fontSize) < SMALLEST && !e.closest("[aria-hidden]");
    const touched = "a, button, summary, input:not([type=checkbox], [type=radio])";
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const broken = [];
    const room = text => {
        let block = text.parentElement;
        while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
        return block.clientWidth;
    };
    for (let text; (text = texts.nextNode()); ) {
        if (text.parentElement.closest("pre, code, script, .ace_editor")) continue;
        for (const found of text.data.matchAll(/[0-9A-Za-z.]*[0-9](-?[0-9A-Za-z.])*/g)) {
            const range = document.createRange();
            range.setStart(text, found.index);
            range.setEnd(text, found.index + found[0].length);
            const rects = [...range.getClientRects()];
            const width = rects.reduce((sum, r) => sum + r.width, 0);
            if (new Set(rects.map(r => Math.round(r.top))).size > 1 && width < room(text)) broken.push(found[0]);
        }
    }
    return {
        wider: document.documentElement.scrollWidth - innerWidth,
        outside: named(seen.filter(e => box(e).right > innerWidth + 0.5)),
        small: named(seen.filter(e => lettered(e) && small(e))),
        low: named(seen.filter(e => e.matches(touched) && box(e).height < LOWEST)),
        broken,
    };
}""".replace("SMALLEST", str(SMALLEST_TYPE)).replace("LOWEST", str(LOWEST_TARGET))


@asynccontextmanager
async def phone(
    browser: Browser, town: LiveTown, *, scripts: bool = False, screen: ViewportSize = PHONE
) -> AsyncIterator[Page]:
    context = await browser.new_context(
        base_url=town.url, viewport=screen, java_script_enabled=scripts, locale="zh-CN"
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


async def set_type(page: Page, times: int) -> None:
    """So many times the usual type, as people set it in their browser."""
    wanted = {"fontSizes": {"standard": 16 * times, "fixed": 13 * times}}
    await (await page.context.new_cdp_session(page)).send("Page.setFontSizes", wanted)
    await expect(page.locator("html")).to_have_css("font-size", f"{20 * times}px")


async def fits(page: Page, path: str) -> None:
    """Open a page; fail unless all of it can be read and hit on this screen."""
    await page.goto(path)
    assert await measured(page) == NOTHING_WRONG, path


async def measured(page: Page) -> object:
    """What is wrong with the page now open, with everything unfolded."""
    return await page.evaluate(_MEASURE)
