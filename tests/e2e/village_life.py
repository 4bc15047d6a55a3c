"""A village's people, each in a browser of their own, from day to day: for stories of many hands."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from api.awards.review.held import UNDO_FOR
from tests.chromium import chromium
from tests.conftest import LiveTown, run_jobs, serving
from tests.e2e import chromium as desk

BROAD: ViewportSize = {"width": 1280, "height": 800}
ON_PHONES = ("wang", "hp-1", "hp-2")
"""A grid member in the lane, and the households."""


@dataclass
class Story:
    """Everybody's browser, each with a context of their own; who comes on another day signs in again."""

    town: LiveTown
    browser: Browser
    stack: AsyncExitStack
    pages: dict[str, Page] = field(default_factory=dict)
    signed_in: dict[str, date] = field(default_factory=dict)

    async def _page(self, who: str) -> Page:
        if who not in self.pages:
            screen = desk.PHONE if who in ON_PHONES else BROAD
            opened = desk.phone(self.browser, self.town, screen=screen)
            self.pages[who] = await self.stack.enter_async_context(opened)
        return self.pages[who]

    async def at_desk(self, login: str) -> Page:
        page, today = await self._page(login), self.town.clock.now().date()
        if self.signed_in.get(login) == today:
            await page.goto("/desk")
        else:
            await desk.sign_in(page, login)
            self.signed_in[login] = today
        return page

    async def at_home(self, household: str) -> Page:
        """The page behind the household's card."""
        page = await self._page(household)
        await page.goto(f"/c/{ {'hp-1': self.town.card, 'hp-2': self.town.poor_card}[household] }")
        return page

    async def at_board(self) -> Page:
        """The village's notice, before which anybody stands."""
        page = await self._page("anybody")
        await page.goto("/")
        await follow(page, "公示栏")
        await follow(page, "河畔村")
        return page

    async def on(self, month: int, day: int, hour: int = 10) -> None:
        """By then, with what the server did until then."""
        for each in (self.town.clock.now(), datetime(2026, month, day, hour - 8, tzinfo=UTC)):
            self.town.clock.travel(each)
            await run_jobs(self.town.town)

    async def a_minute_later(self) -> None:
        """What was decided at the desk can't be undone any more, and is carried out."""
        self.town.clock.travel(self.town.clock.now() + UNDO_FOR)
        await run_jobs(self.town.town)


async def follow(page: Page | Locator, link: str) -> None:
    await page.get_by_role("link", name=link).first.click()


async def press(page: Page | Locator, button: str) -> None:
    await page.get_by_role("button", name=button, exact=True).first.click()


async def told(page: Page, text: str) -> None:
    await expect(page.get_by_role("status")).to_contain_text(text)


def line(page: Page, *texts: str) -> Locator:
    """The one of a list in which all of this stands."""
    found = page.locator("main").get_by_role("listitem")
    for text in texts:
        found = found.filter(has_text=text)
    return found


async def read(page: Page | Locator) -> str:
    found = page.locator("main") if isinstance(page, Page) else page
    return re.sub(r"\s+", " ", await found.inner_text())


@asynccontextmanager
async def opened_story(town: LiveTown) -> AsyncIterator[Story]:
    async with (
        serving(town.town, undo_for=UNDO_FOR) as url,
        chromium() as browser,
        AsyncExitStack() as stack,
    ):
        yield Story(replace(town, url=url), browser, stack)


def squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)


def assert_told(text: str, *sentences: str) -> None:
    squeezed = squeeze(text)
    assert [each for each in sentences if squeeze(each) not in squeezed] == [], text
