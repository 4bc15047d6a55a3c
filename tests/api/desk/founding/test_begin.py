"""The first page of a fresh server: behind a code, nothing lost on a mistake, founded once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from api import wire
from api.desk.founding.door import Door
from api.platform.services import Services
from api.registry.register.use_cases import init_township
from tests.api.asking import problem
from tests.api.desk.founding.conftest import ANSWERS, FIRST, SECOND
from tests.api.web.browser import Browser
from tests.conftest import serving

PASSWORDS = {"password": FIRST, "again": FIRST}


@dataclass
class Fresh:
    """A server without a township."""

    services: Services
    door: Door
    url: str


@pytest.fixture
async def fresh(base: Services) -> AsyncIterator[Fresh]:
    door = Door()
    async with serving(base, door=door) as url:
        yield Fresh(base, door, url)


@asynccontextmanager
async def browsing(fresh: Fresh, code: str = "") -> AsyncIterator[Browser]:
    """A browser at the founding's first page; past the code, if one is given."""
    async with httpx.AsyncClient(base_url=fresh.url, follow_redirects=True, timeout=30, verify=False) as http:
        browser = Browser(http)
        await browser.open("/")
        if code:
            await browser.send("/begin/code", code=code)
        yield browser


async def test_from_the_code_to_the_invitation(fresh: Fresh) -> None:
    async with browsing(fresh) as browser:
        assert browser.page.url.path == "/begin"
        typed = " ".join([fresh.door.code[:4], fresh.door.code[4:]]).lower()
        assert "一、乡镇" in await browser.send("/begin/code", code=typed)
        told = await browser.send("/begin", **ANSWERS)
        assert "评上的积分公示 5 天" in told
        assert "积分满 18 个月没用的过期。" in told
        assert "由青山乡党委决定（2026 年第 1 次会议）" in told
        told = await browser.send("/begin/found", **PASSWORDS)
        assert "李明（用户名 liming）" in told
        code = "".join(re.findall(r"<b>([0-9A-Z]{4})</b>", browser.page.text))
        assert "王芳" in await browser.open("/desk")
        assert browser.page.url.path == "/desk"
        assert browser.page.status_code == 200
        await browser.open("/begin")
        assert browser.page.url.path == "/desk"
        async with browsing(fresh) as other:
            assert "好事有积分" in other.text
            await other.open(f"/join/{code}")
            assert "密码设好了" in await other.send(other.page.url.path, password=SECOND, again=SECOND), other.text


async def test_without_the_code_nobody_comes_further(fresh: Fresh) -> None:
    async with browsing(fresh) as browser:
        for path in ("/desk", "/rules", "/notices", "/c/123", "/join", "/desk/sign-in"):
            await browser.open(path)
            assert browser.page.url.path == "/begin", path
            assert "终端上的码" in browser.text
        problem(await browser.http.post("/v1/sign-in", json={"login": "x", "password": "y"}), 503, "no-township")
        assert (await browser.http.get("/healthz")).text == "ok"
        assert "码不对" in await browser.send("/begin/code", code="0" * 12)
        assert browser.page.status_code == 404
        token = browser.page.text.partition('name="_csrf_token" value="')[2].partition('"')[0]
        browser.http.cookies.set("jimei-begin", "guessed")
        for path in ("/begin", "/begin/found"):
            sent = {**ANSWERS, **PASSWORDS, "_csrf_token": token}
            answer = await browser.http.post(path, data=sent)
            assert "请先输入服务器终端上显示的码" in answer.text
    assert fresh.door.is_open


async def test_wrong_codes_are_counted(fresh: Fresh) -> None:
    async with browsing(fresh) as browser:
        for _ in range(30):
            await browser.send("/begin/code", code="wrong")
        assert "试错的码太多了" in await browser.send("/begin/code", code=fresh.door.code)
        assert browser.page.status_code == 429


async def test_each_mistake_is_told_at_its_place_and_nothing_is_lost(fresh: Fresh) -> None:
    wrong = {
        "township": "",
        "first_login": "Wang Fang",
        "second_name": "李\u202e明",
        "notice_days": "99",
        "months": "0",
        "decided_on": "昨天",
    }
    async with browsing(fresh, fresh.door.code) as browser:
        told = await browser.send("/begin", **ANSWERS | wrong)
        assert browser.page.status_code == 400
        assert "有 6 处要改" in told
        assert browser.page.text.count('aria-invalid="true"') == 6
        assert "请填 0 到 30 的整数。" in told
        assert "请写日期，例如 2026-06-15。" in told
        for kept in ("王芳", "liming", "青山乡党委", "99", "Wang Fang"):
            assert f'value="{kept}"' in browser.page.text
        assert "用户名不能一样" in await browser.send("/begin", **ANSWERS | {"second_login": "wangfang"})
        assert "不能晚于今天" in await browser.send("/begin", **ANSWERS | {"decided_on": "2026-06-16"})
        assert "软件里没有" in await browser.send("/begin", **ANSWERS | {"rulebook": "village-own"})
        await browser.send("/begin", **ANSWERS | {"rulebook": "later", "meeting": "", "decided_on": "x"})
        assert "积分办法以后在工作台上定。" in browser.text
        assert "太常见" in await browser.send("/begin/found", password="wangfang123", again="wangfang123")
        assert "两次输入的密码不一样" in await browser.send("/begin/found", **PASSWORDS | {"again": "other"})
        assert "至少 8 位" in await browser.send("/begin/found", password="x", again="x")
        assert FIRST not in browser.page.text
        told = await browser.send("/begin", then="change")
        assert 'value="王芳"' in browser.page.text
        await browser.send("/begin", **ANSWERS)
        assert "邀请单" in await browser.send("/begin/found", **PASSWORDS)


async def test_of_two_browsers_at_once_one_founds_and_the_other_is_told(fresh: Fresh) -> None:
    async with browsing(fresh, fresh.door.code) as one, browsing(fresh, fresh.door.code) as other:
        await one.send("/begin", **ANSWERS)
        await other.send("/begin", **ANSWERS | {"township": "绿水乡"})
        await asyncio.gather(*(each.send("/begin/found", **PASSWORDS) for each in (one, other)))
        texts = sorted("邀请单" in each.text for each in (one, other))
        assert texts == [False, True]
        [lost] = [each for each in (one, other) if "邀请单" not in each.text]
        assert "已经" in lost.text
        assert "登录" in lost.text


async def test_a_township_that_another_process_founds_closes_the_door(fresh: Fresh) -> None:
    async with browsing(fresh, fresh.door.code) as browser:
        await browser.send("/begin", **ANSWERS)
        office = wire.NewPerson(login="zhao", name="赵刚", roles=["office"], township=True, password=FIRST)
        await init_township(fresh.services, "绿水乡", office)
        assert "登录" in await browser.send("/begin/found", **PASSWORDS)
        assert browser.page.url.path == "/desk/sign-in"
        assert not fresh.door.is_open
