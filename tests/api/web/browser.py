"""A browser without a screen: keeps cookies, follows redirects, and sends forms as their page made them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape

import httpx

from tests.conftest import PASSWORD, PLAINLY, LiveTown


class Browser:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.page = httpx.Response(204)

    @property
    def text(self) -> str:
        """What a reader sees of the page, without marks."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.page.text)).split())

    async def open(self, path: str) -> str:
        self.page = await self.http.get(path)
        return self.text

    async def send(self, path: str, file: tuple[str, bytes] | None = None, **fields: str | list[str]) -> str:
        """Fill in the form of the page now open that goes to `path`, and send it; with a file's name and content,
        if one is chosen."""
        form = next(f for f in re.findall(r"<form.*?</form>", self.page.text, re.DOTALL) if f'"{path}"' in f)
        hidden = {
            name: unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        }
        files = None if file is None else {"file": file}
        self.page = await self.http.post(path, data={**hidden, **fields}, files=files)
        return self.text

    def claims(self) -> list[str]:
        """The ids that can be ticked on this page."""
        return re.findall(r'name="claims" value="([^"]+)"', self.page.text)


@asynccontextmanager
async def browsing(town: LiveTown, login: str = "") -> AsyncIterator[Browser]:
    """A browser, signed in if `login` is given."""
    async with httpx.AsyncClient(base_url=town.url, follow_redirects=True, timeout=30, **PLAINLY) as http:
        browser = Browser(http)
        if login:
            await browser.open("/desk/sign-in")
            await browser.send("/desk/sign-in", login=login, password=PASSWORD)
            assert browser.page.url.path == "/desk", browser.text
        yield browser


async def declare(browser: Browser, household: str, rule: str = "A09", **fields: str) -> str:
    await browser.open(f"/desk/declare?rule={rule}")
    return await browser.send("/desk/declare", household=household, deed_on="2026-06-14", **fields)


async def on_notice(town: LiveTown, household: str, rule: str = "A09", **fields: str) -> None:
    """A claim brought as far as the public notice through the desk."""
    async with browsing(town, "wang") as wang:
        assert "已申报" in await declare(wang, household, rule, **fields)
    async with browsing(town, "zhao") as zhao:
        assert "评议通过" in await zhao.send("/desk/claims/review", claims=zhao.claims())
    async with browsing(town, "li") as li:
        assert "审定并公示" in await li.send("/desk/claims/approve", claims=li.claims())
