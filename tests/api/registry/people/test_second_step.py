"""The second step of signing in: a code of an authenticator, or one of those on paper; each counts once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from api.platform.access import SESSION_COOKIE
from api.registry.people.second_step import PERIOD
from tests.api.asking import problem, rows
from tests.api.registry.people.conftest import code, turn_on
from tests.api.web.browser import browsing
from tests.conftest import PASSWORD, LiveTown


async def sign_in(town: LiveTown, login: str = "li", **more: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        return await http.post("/v1/sign-in", json={"login": login, "password": PASSWORD, **more})


async def test_signing_in_takes_a_code_after_the_password(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        secret, _ = await turn_on(town, li)
    town.clock.travel(town.clock.now() + timedelta(seconds=PERIOD))
    async with browsing(town) as browser:
        await browser.open("/desk/sign-in")
        assert "第二步" in await browser.send("/desk/sign-in", login="li", password=PASSWORD)
        assert SESSION_COOKIE not in browser.http.cookies
        assert "请先登录" in await browser.open("/desk")
        await browser.open("/desk/sign-in/code")
        assert "验证码不对" in await browser.send("/desk/sign-in/code", code="123")
        assert "李村委" in await browser.send("/desk/sign-in/code", code=code(town, secret))
        assert browser.page.url.path == "/desk"
    problem(await sign_in(town), 401, "code-needed")
    # Nothing is said of a second step to who has no password.
    problem(await sign_in(town, password="wrong"), 401, "wrong-password")


@pytest.mark.parametrize(("later", "status"), [(-30, 200), (0, 200), (30, 200), (-90, 404), (90, 404)])
async def test_clocks_may_differ_by_half_a_minute(town: LiveTown, later: int, status: int) -> None:
    async with browsing(town, "li") as li:
        secret, _ = await turn_on(town, li)
    town.clock.travel(town.clock.now() + timedelta(minutes=10))
    assert (await sign_in(town, code=code(town, secret, later))).status_code == status


async def test_a_code_counts_once_whoever_else_has_it(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        secret, paper = await turn_on(town, li)
    assert len(paper) == 10
    problem(await sign_in(town, code=code(town, secret)), 404, "code-wrong")
    town.clock.travel(town.clock.now() + timedelta(seconds=PERIOD))
    for each in (code(town, secret), paper[0].lower()):
        answers = await asyncio.gather(*(sign_in(town, code=each) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
    # One that was shown before the last that counted is worth nothing any more.
    problem(await sign_in(town, code=code(town, secret, -PERIOD)), 404, "code-wrong")


async def test_guesses_are_counted(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        secret, _ = await turn_on(town, li)
    town.clock.travel(town.clock.now() + timedelta(minutes=10))
    for _ in range(5):
        problem(await sign_in(town, code="000000"), 404, "code-wrong")
    problem(await sign_in(town, code=code(town, secret)), 429, "too-many")


async def test_another_of_the_office_turns_it_off_with_a_reason(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        await turn_on(town, office)
        async with town.staff("office") as http:
            path = "/v1/people/office/second-step/off"
            problem(await http.post(path, json={"reason": "换手机"}), 403, "same-person")
    async with town.staff("fu") as http:
        assert (await http.post(path, json={"reason": "手机丢了，当面核对"})).status_code == 204
        problem(await http.post(path, json={"reason": "再关一次"}), 409, "wrong-state")
    assert (await sign_in(town, "office")).status_code == 200
    assert await rows(town, "select * from recovery_code") == []
    [(kind, reason)] = await rows(town, "select kind, reason from person_change where reason <> ''")
    assert (kind, reason) == ("second-step-off", "手机丢了，当面核对")
