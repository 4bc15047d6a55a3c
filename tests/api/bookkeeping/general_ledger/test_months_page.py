"""`/desk/months` in a browser: who closes a month there, which, and who looks on."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from api.bookkeeping.general_ledger.pages import MONTHS_PATH
from api.bookkeeping.general_ledger.periods import MAX_OPEN_MONTHS
from api.desk.proposals.pages import PROPOSALS
from api.platform.clock import SHANGHAI
from tests.api.asking import sign_in, standing
from tests.api.bookkeeping.general_ledger.conftest import ask, bring_in, row, send
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown


def offered(browser: Browser) -> list[str]:
    return re.findall(r'<option value="([^"]+)"', browser.page.text)


@pytest.mark.parametrize(("login", "other"), [("tan", "office"), ("office", "tan")])
async def test_a_month_is_closed_by_two_bodies(town: LiveTown, login: str, other: str) -> None:
    await bring_in(town, [row(5, on="2026-05-20")])
    async with browsing(town, login) as browser:
        page = await browser.open(MONTHS_PATH)
        assert "还没有结过账" in page
        months = offered(browser)
        assert (months[0], months[-1], len(months)) == ("2026-05", "2025-06", MAX_OPEN_MONTHS)
        assert "请选好月份" in await browser.send(MONTHS_PATH, month="2026-05", reason="")
        assert "请选好月份" in await browser.send(MONTHS_PATH, month="2026-05", reason="长" * 201)
        assert "已提议结账，等另一方" in await browser.send(MONTHS_PATH, month="2026-05", reason="核对过了")
        assert "这是您提议的，请由另一个人确认。" in await browser.open(PROPOSALS)
    assert await ask(town, "/v1/periods") == []
    async with browsing(town, other) as browser:
        assert "1 份等您确认" in browser.page.text
        page = await browser.open(PROPOSALS)
        assert "结 2026-05 和以前各月的账：核对过了" in page
        [confirm] = re.findall(r'action="(/desk/proposals/[^"]+/confirm)"', browser.page.text)
        assert "已确认，并已办好。" in await browser.send(confirm)
        page = await browser.open(MONTHS_PATH)
        assert "6月1日以前" in page
        assert "结账，6月15日 10:00 核对过了" in page
        assert "过完的月份都结了账" in page
        assert offered(browser) == []
    assert [period["month"] for period in await ask(town, "/v1/periods")] == ["2026-05"]
    assert (await standing(town))[0]["in_balance"]


async def test_what_was_not_closed_in_between_is_offered(town: LiveTown) -> None:
    await close(town, "2026-04")
    async with browsing(town, "tan") as browser:
        await browser.open(MONTHS_PATH)
        assert offered(browser) == ["2026-05"]
    town.clock.travel(datetime(2026, 8, 1, 0, 0, tzinfo=SHANGHAI))
    await sign_in(town, "tan")
    async with browsing(town, "tan") as browser:
        await browser.open(MONTHS_PATH)
        assert offered(browser) == ["2026-07", "2026-06", "2026-05"]


async def test_what_was_closed_meanwhile_or_goes_on(town: LiveTown) -> None:
    """A page that was left open, and one that was tampered with."""
    async with browsing(town, "office") as late:
        await late.open(MONTHS_PATH)
        await close(town, "2026-05")
        assert "已结账：2026年5月和以前各月" in await late.send(MONTHS_PATH, month="2026-04", reason="月结")
    assert len(await ask(town, "/v1/periods")) == 1
    town.clock.travel(datetime(2026, 7, 1, 0, 0, tzinfo=SHANGHAI))
    await sign_in(town, "tan")
    async with browsing(town, "tan") as browser:
        await browser.open(MONTHS_PATH)
        assert "2026-07 还没有过完，不能结账。" in await browser.send(MONTHS_PATH, month="2026-07", reason="月结")


async def close(town: LiveTown, month: str) -> None:
    await send(town, "/v1/periods", {"month": month, "reason": "月结"}, "tan")


async def test_others_look_on_or_see_nothing(town: LiveTown) -> None:
    await close(town, "2026-04")
    async with browsing(town, "li") as browser:
        assert f'href="{MONTHS_PATH}"' in browser.page.text
        page = await browser.open(MONTHS_PATH)
        assert "谭监委结账" in page
        assert "结一个月的账" not in page
        # With another form's right to be sent.
        await browser.open("/desk")
        sent = await browser.http.post(MONTHS_PATH, data={**hidden(browser), "month": "2026-05", "reason": "月结"})
        assert sent.status_code == 403
    async with browsing(town, "wang") as browser:
        assert f'href="{MONTHS_PATH}"' not in browser.page.text
        await browser.open(MONTHS_PATH)
        assert browser.page.status_code == 403
    async with browsing(town) as browser:
        assert "请先登录" in await browser.open(MONTHS_PATH)
    assert [period["month"] for period in await ask(town, "/v1/periods")] == ["2026-04"]


def hidden(browser: Browser) -> dict[str, str]:
    """What a form of the page now open carries along."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', browser.page.text))
