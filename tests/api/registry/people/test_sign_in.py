"""Signing in and out of the desk."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest
from litestar.testing import RequestFactory

from api.platform.access import SESSION_COOKIE
from api.registry.people.clients import KNOWN_FOR, TERMINAL, Client, cookie_name, read_client
from api.registry.people.sessions import SESSION_LIFETIME
from api.registry.people.use_cases import authenticate
from tests.api.asking import confirmed, problem, rows, sign_in
from tests.api.web.browser import browsing, declare
from tests.conftest import NOW, PASSWORD, LiveTown, run_jobs, serving
from tests.databases import owner_engine


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
        assert "登录已过期，没有提交" in await browser.send("/desk/claims/review")
        assert 'action="/desk/sign-in"' in browser.page.text


async def test_after_signing_in_one_is_where_one_wanted_to_go(town: LiveTown) -> None:
    async with browsing(town) as browser:
        await browser.open("/desk/households?q=%E7%8E%8B")
        assert browser.page.url.path == "/desk/sign-in"
        assert "用户名或密码不对" in await browser.send("/desk/sign-in", login="li", password="wrong")
        await browser.send("/desk/sign-in", login="li", password=PASSWORD)
        assert browser.page.url.raw_path == b"/desk/households?q=%E7%8E%8B"
        await browser.send("/desk/sign-out")
        await browser.send("/desk/sign-in", login="li", password=PASSWORD)
        assert browser.page.url.path == "/desk"


@pytest.mark.parametrize(
    "wanted",
    [
        "//elsewhere.example/desk",
        "https://elsewhere.example/desk",
        "/desk//elsewhere.example",
        "/desk\\elsewhere.example",
        "/desk/\t/elsewhere.example",
        "/deskelsewhere",
        "/c/1234",
        "%2Fdesk%0d%0aSet-Cookie:x=1",
        "",
    ],
)
async def test_a_forged_destination_leads_to_the_desk(town: LiveTown, wanted: str) -> None:
    async with browsing(town) as browser:
        await browser.open("/desk/sign-in")
        browser.http.cookies.set("jimei-destination", quote(wanted))
        await browser.send("/desk/sign-in", login="li", password=PASSWORD)
        assert str(browser.page.url) == f"{town.url}/desk"


# --- wrong passwords ------------------------------------------------------------------------------------


async def guess(http: httpx.AsyncClient, login: str, password: str = "wrong", origin: str = "") -> httpx.Response:
    """Through a trusted proxy that says where it comes from, if `origin` is given."""
    headers = {"X-Forwarded-For": origin} if origin else {}
    return await http.post("/v1/sign-in", json={"login": login, "password": password}, headers=headers)


def stranger(town: LiveTown) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=town.url, timeout=30, verify=False)


async def test_of_many_tries_at_once_five_are_judged(town: LiveTown) -> None:
    async with stranger(town) as http:
        answers = await asyncio.gather(*(guess(http, "office") for _ in range(40)))
        assert Counter(a.json()["type"] for a in answers) == {"wrong-password": 5, "password-locked": 35}
        locked = await guess(http, "office", PASSWORD)
        problem(locked, 423, "password-locked")
        assert locked.headers["Retry-After"] == "300"
        assert "请 5 分钟后再试" in locked.json()["detail"]
        town.clock.travel(NOW + timedelta(minutes=5))
        assert (await guess(http, "office", PASSWORD)).status_code == 200


async def test_a_login_that_does_not_exist_or_has_no_password_is_answered_like_any_other(town: LiveTown) -> None:
    async with town.staff("office") as http:
        guest = {"login": "guest", "name": "客人", "roles": ["committee"], "village": "hp"}
        (await confirmed(town, await http.post("/v1/people", json=[guest]))).raise_for_status()

    async def told(login: str) -> list[tuple[int, bytes, str | None]]:
        async with stranger(town) as http:
            answers = [await guess(http, login) for _ in range(7)]
        return [(a.status_code, a.content, a.headers.get("Retry-After")) for a in answers]

    known = await told("office")
    assert [status for status, _, _ in known] == [401] * 5 + [423] * 2
    assert await told("nobody") == known
    assert await told("guest") == known


async def test_who_guesses_from_one_place_locks_out_nobody_elsewhere(town: LiveTown) -> None:
    async with stranger(town) as http:
        for _ in range(6):
            answer = await guess(http, "office", origin="203.0.113.7")
        problem(answer, 423, "password-locked")
        assert (await guess(http, "office", PASSWORD, "203.0.113.8")).status_code == 200
        problem(await guess(http, "office", PASSWORD, "203.0.113.7"), 423, "password-locked")


async def test_from_many_places_strangers_are_locked_out_but_not_the_browser_of_the_office(town: LiveTown) -> None:
    async with browsing(town, "wang") as browser:
        await browser.send("/desk/sign-out")
        async with stranger(town) as http:
            answers = await asyncio.gather(*(guess(http, "wang", origin=f"203.0.113.{n}") for n in range(40)))
            assert Counter(a.json()["type"] for a in answers) == {"wrong-password": 20, "password-locked": 20}
            problem(await guess(http, "wang", PASSWORD), 423, "password-locked")
        async with browsing(town) as other:
            await other.open("/desk/sign-in")
            assert "密码输错太多次，请 5 分钟后再试。" in await other.send(
                "/desk/sign-in", login="wang", password=PASSWORD
            )
            assert (other.page.status_code, other.page.headers["Retry-After"]) == (423, "300")
        await browser.open("/desk/sign-in")
        await browser.send("/desk/sign-in", login="wang", password="wrong")
        await browser.send("/desk/sign-in", login="wang", password=PASSWORD)
        assert browser.page.url.path == "/desk"


async def test_from_one_place_many_logins_are_not_tried_either(town: LiveTown) -> None:
    async with stranger(town) as http:
        answers = await asyncio.gather(*(guess(http, f"someone{n}", origin="203.0.113.7") for n in range(40)))
        assert Counter(a.json()["type"] for a in answers) == {"wrong-password": 30, "password-locked": 10}
        assert (await guess(http, "office", PASSWORD)).status_code == 200


async def test_whoever_is_no_trusted_proxy_comes_from_where_it_is(town: LiveTown) -> None:
    async with (
        serving(town.town, trusted_proxies=["192.0.2.1"]) as url,
        httpx.AsyncClient(base_url=url, verify=False) as http,
    ):
        answers = [await guess(http, "office", origin=f"203.0.113.{n}") for n in range(7)]
    assert [a.status_code for a in answers] == [401] * 5 + [423] * 2


def test_an_ipv6_network_is_one_origin() -> None:
    def origin(host: str) -> str:
        request = RequestFactory().get("/")
        request.scope["client"] = (host, 1)
        return read_client(request, "office").origin

    assert origin("2001:db8::1") == origin("2001:db8:0:0:ffff::2") != origin("2001:db8:0:1::1")
    assert origin("::ffff:203.0.113.7") == origin("203.0.113.7") == "203.0.113.7"


async def test_at_the_servers_own_terminal_nobody_is_locked_out_from_elsewhere(town: LiveTown) -> None:
    async with stranger(town) as http:
        for n in range(25):
            await guess(http, "office", origin=f"203.0.113.{n}")
    assert (await authenticate(town.town, "office", PASSWORD, TERMINAL)).name == "乡镇办公室"


async def test_people_sign_in_at_once(town: LiveTown) -> None:
    async with stranger(town) as http:
        answers = await asyncio.gather(*(guess(http, "office", PASSWORD) for _ in range(5)))
    assert {a.status_code for a in answers} == {200}
    await sign_in(town, *(["office"] * 10))


async def test_a_browser_is_known_by_another_token_each_time_and_for_its_own_login(town: LiveTown) -> None:
    async with browsing(town, "wang") as browser:
        name = cookie_name("wang")
        assert name in browser.http.cookies
        first = browser.http.cookies[name]
        await browser.send("/desk/sign-out")
        await browser.open("/desk/sign-in")
        await browser.send("/desk/sign-in", login="wang", password=PASSWORD)
        second = browser.http.cookies[name]
    assert first != second
    assert await rows(town, "select count(*) from known_browser") == [(1,)]
    async with stranger(town) as http:
        for n in range(25):
            await guess(http, "wang", origin=f"203.0.113.{n}")

    async def change_hash(to: str) -> None:
        async with owner_engine(town.clone).begin() as connection:
            await connection.exec_driver_sql(f"update person set password_hash = {to} where login = 'wang'")

    async def enters(token: str) -> bool:
        async with browsing(town) as browser:
            browser.http.cookies.set(name, token, path="/desk/sign-in")
            await browser.open("/desk/sign-in")
            await browser.send("/desk/sign-in", login="wang", password=PASSWORD)
            return browser.page.url.path == "/desk"

    assert (await enters(first), await enters("made up")) == (False, False)
    await change_hash("password_hash || ' '")
    assert not await enters(second)
    await change_hash("trim(password_hash)")
    assert await enters(second)


async def test_wrong_ones_in_a_known_browser_are_bounded_too(town: LiveTown) -> None:
    async with browsing(town, "wang") as browser:
        await browser.send("/desk/sign-out")
        for status in [401] * 10 + [423]:
            await browser.open("/desk/sign-in")
            await browser.send("/desk/sign-in", login="wang", password="wrong")
            assert browser.page.status_code == status
    # Strangers are counted elsewhere.
    assert (await authenticate(town.town, "wang", PASSWORD, Client("203.0.113.7"))).name == "王网格"


async def test_a_browser_not_seen_for_long_is_forgotten(town: LiveTown) -> None:
    async with browsing(town, "wang"):
        pass
    town.clock.travel(NOW + KNOWN_FOR + timedelta(seconds=1))
    await run_jobs(town.town)
    assert await rows(town, "select count(*) from known_browser") == [(0,)]


async def test_what_is_too_long_for_a_sign_in_is_not_read(town: LiveTown) -> None:
    async with stranger(town) as http:
        problem(await http.post("/v1/sign-in", json={"login": "a", "password": "x" * 20_000}), 413, "too-large")
