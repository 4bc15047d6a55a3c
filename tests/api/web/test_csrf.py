"""Forms come from our own pages, and cookies behind TLS from our own host."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from api.platform.access import SESSION_COOKIE
from api.web.csrf import COOKIE
from tests.api.web.browser import browsing
from tests.conftest import PASSWORD, LiveTown

SIGN_OUT = "/desk/sign-out"
SIGN_IN = "/desk/sign-in"


def token_of(page: httpx.Response) -> str:
    [token] = set(re.findall(r'name="_csrf_token" value="([^"]+)"', page.text))
    return str(token)


async def test_a_token_is_its_sessions_alone(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang, browsing(town, "zhao") as zhao, browsing(town) as visitor:
        await visitor.open(SIGN_IN)
        foreign = [token_of(zhao.page), token_of(visitor.page), "", "x", "0" * 96, "\u4ee4"]
        own = token_of(wang.page)
        for token in (*foreign, own[:-1], own.replace(own[:32], "0" * 32)):
            assert (await wang.http.post(SIGN_OUT, data={"_csrf_token": token})).status_code == 403, token
        wang.http.cookies.set(COOKIE, token_of(visitor.page))
        refused = await wang.http.post(SIGN_OUT, data={"_csrf_token": token_of(visitor.page)})
        assert refused.status_code == 403
        assert "已退出" in await wang.send(SIGN_OUT)


async def test_signing_in_and_out_ends_the_tokens_of_before(town: LiveTown) -> None:
    async with browsing(town) as browser:
        await browser.open(SIGN_IN)
        before = token_of(browser.page)
        await browser.send(SIGN_IN, login="wang", password=PASSWORD)
        assert COOKIE not in browser.http.cookies
        first = token_of(browser.page)
        assert (await browser.http.post(SIGN_OUT, data={"_csrf_token": before})).status_code == 403
        await browser.send(SIGN_OUT)
        for token in (before, first):
            sent = {"_csrf_token": token, "login": "wang", "password": PASSWORD}
            assert (await browser.http.post(SIGN_IN, data=sent)).status_code == 403
        await browser.send(SIGN_IN, login="wang", password=PASSWORD)
        assert (await browser.http.post(SIGN_OUT, data={"_csrf_token": first})).status_code == 403


async def test_nobody_is_signed_in_by_a_page_elsewhere(town: LiveTown) -> None:
    """With a token of the attacker's own, whose cookie the victim's browser doesn't have."""
    async with browsing(town) as attacker, browsing(town) as victim:
        await attacker.open(SIGN_IN)
        sent = {"_csrf_token": token_of(attacker.page), "login": "wang", "password": PASSWORD}
        assert (await victim.http.post(SIGN_IN, data=sent)).status_code == 403
        await victim.open(SIGN_IN)
        assert (await victim.http.post(SIGN_IN, data=sent)).status_code == 403


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 303)])
async def test_a_browser_that_says_where_a_form_comes_from_is_believed(
    town: LiveTown, site: str, status: int
) -> None:
    async with browsing(town, "wang") as wang:
        sent = {"_csrf_token": token_of(wang.page)}
        answer = await wang.http.post(
            SIGN_OUT, data=sent, headers={"Sec-Fetch-Site": site}, follow_redirects=False
        )
        assert answer.status_code == status


async def test_only_a_page_with_a_form_sets_a_cookie(town: LiveTown) -> None:
    async with browsing(town) as browser:
        for path in ("/", "/notices", "/rules", "/static/style.css", "/assets/ace/ace.js", "/schema", "/nothing"):
            assert "set-cookie" not in (await browser.http.get(path)).headers, path
        answer = await browser.http.get(SIGN_IN)
        assert answer.headers["cache-control"] == "no-store"
        [cookie] = answer.headers.get_list("set-cookie")
        assert cookie.startswith(f"{COOKIE}=")
        assert {"httponly", "samesite=lax"} <= set(cookie.lower().split("; "))
        # The same one for the next page.
        assert "set-cookie" not in (await browser.http.get(SIGN_IN)).headers


async def test_tokens_differ_from_page_to_page(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        first = token_of(wang.page)
        await wang.open("/desk")
        assert token_of(wang.page) != first


def test_no_cookie_has_a_path_of_its_own() -> None:
    """Browsers take `__Host-` with the path / alone."""
    setting = re.compile(r"(?:set_cookie|delete_cookie|Cookie)\((?:[^()]|\([^()]*\))*\bpath=")
    for source in (Path(__file__).parents[3] / "api").rglob("*.py"):
        assert not setting.search(source.read_text(encoding="utf-8")), source


async def test_behind_tls_all_cookies_are_of_this_very_host(town: LiveTown) -> None:
    proxied = {"X-Forwarded-Proto": "https"}
    async with httpx.AsyncClient(base_url=town.url, headers=proxied, verify=False) as http:

        async def send(path: str, fields: dict[str, str], cookies: str) -> httpx.Response:
            http.cookies.clear()
            return await http.post(path, data=fields, headers={"Cookie": cookies})

        page = await http.get(SIGN_IN)
        token = token_of(page)
        fields = {"_csrf_token": token, "login": "wang", "password": PASSWORD}
        # As a neighbouring sub-domain would slip it in.
        assert (await send(SIGN_IN, fields, f"{COOKIE}={token}")).status_code == 403
        signed_in = await send(SIGN_IN, fields, f"{COOKIE}=tossed; __Host-{COOKIE}={token}")
        assert signed_in.status_code == 303
        cookies = [*page.headers.get_list("set-cookie"), *signed_in.headers.get_list("set-cookie")]
        assert len(cookies) >= 3
        for cookie in cookies:
            assert cookie.startswith("__Host-")
            assert {"secure", "path=/"} <= set(cookie.lower().split("; ")), cookie
            assert "domain=" not in cookie.lower()
        [session] = [c.split(";")[0] for c in cookies if SESSION_COOKIE in c]
        http.cookies.clear()
        desk = await http.get("/desk", headers={"Cookie": session})
        assert desk.status_code == 200
        bare = session.removeprefix("__Host-")
        assert (await http.get("/desk", headers={"Cookie": bare})).status_code == 303
