"""Signing in and out of the desk."""

from __future__ import annotations

from datetime import timedelta

import httpx

from api.platform.access import SESSION_COOKIE
from api.registry.people.use_cases import SESSION_LIFETIME
from tests.api.web.browser import browsing, declare
from tests.conftest import NOW, PASSWORD, LiveTown


async def test_the_desk_asks_strangers_to_sign_in(town: LiveTown) -> None:
    async with browsing(town) as browser:
        assert "请先登录" in await browser.open("/desk")
        assert browser.page.url.path == "/desk/sign-in"


async def test_a_wrong_password_keeps_the_login(town: LiveTown) -> None:
    async with browsing(town) as browser:
        await browser.open("/desk/sign-in")
        assert "用户名或密码不对" in await browser.send("/desk/sign-in", login="wang", password="wrong")
        assert browser.page.status_code == 401
        assert 'name="login" value="wang"' in browser.page.text
        assert SESSION_COOKIE not in browser.http.cookies
        assert "请填写用户名和密码" in await browser.send("/desk/sign-in", login="", password="")
        await browser.send("/desk/sign-in", login="wang", password=PASSWORD)
        assert browser.page.url.path == "/desk"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(town: LiveTown) -> None:
    async with httpx.AsyncClient(base_url=town.url) as http:
        token = (await http.get("/desk/sign-in")).cookies["csrftoken"]
        answer = await http.post(
            "/desk/sign-in", data={"_csrf_token": token, "login": "wang", "password": PASSWORD}
        )
        assert answer.status_code == 303
        [cookie] = [c for c in answer.headers.get_list("set-cookie") if c.startswith(SESSION_COOKIE)]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()


async def test_signing_out_ends_the_session_itself(town: LiveTown) -> None:
    async with browsing(town, "wang") as browser:
        kept = browser.http.cookies[SESSION_COOKIE]
        assert "已退出" in await browser.send("/desk/sign-out")
        assert SESSION_COOKIE not in browser.http.cookies
        browser.http.cookies.set(SESSION_COOKIE, kept)
        assert "请先登录" in await browser.open("/desk")


async def test_an_expired_session_leads_back_to_signing_in(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang, browsing(town, "zhao") as browser:
        await declare(wang, "hp-1")
        await browser.open("/desk")
        town.clock.travel(NOW + SESSION_LIFETIME + timedelta(seconds=1))
        assert "请先登录" in await browser.send("/desk/claims/review")
        assert browser.page.url.path == "/desk/sign-in"
