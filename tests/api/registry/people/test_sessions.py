"""Sessions: each sign-in is one, with where it began; its person ends each, and the office all of somebody's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.registry.people.origins import describe_browser, describe_place
from tests.api.asking import problem, rows
from tests.api.web.browser import browsing
from tests.conftest import PASSWORD, LiveTown

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Version/17.0 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (CHROME, "Windows上的 Chrome"),
        (f"{CHROME} Edg/120.0", "Windows上的 Edge"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "Linux上的 Firefox"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/107.0 MicroMessenger/8.0", "安卓上的 微信"),
        (
            IPHONE,
            "苹果手机或平板上的 Safari",
        ),
        ("python-httpx/0.28", "程序"),
        ("", "程序"),
    ],
)
def test_a_browser_in_words(agent: str, told: str) -> None:
    assert describe_browser(agent) == told


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "服务器本机"),
        ("192.168.7.31", "本地网络 192.168.*"),
        ("202.100.64.9", "外面的网络 202.100.*"),
        ("2408:8400::1", "外面的网络 2408:8400:*"),
        ("", "不知道哪里"),
    ],
)
def test_a_place_is_told_coarsely(host: str, told: str) -> None:
    assert describe_place(host) == told


async def test_a_person_sees_their_sessions_and_ends_each(town: LiveTown) -> None:
    async with browsing(town, "li") as here, browsing(town, "li") as there:
        said = await here.open("/desk/account")
        assert "我的登录 3 处" in said
        assert "就是这里" in said
        await here.send("/desk/account/sessions/end")
        assert "请先登录" in await there.open("/desk")
        assert "请先登录" in await here.open("/desk")
    async with town.staff("li") as http:
        problem(await http.get("/v1/proposals"), 401, "not-signed-in")


async def test_one_ends_alone_and_nobody_elses(town: LiveTown) -> None:
    [(li,)] = await rows(
        town,
        "select encode(digest, 'hex') from sign_in_token join person on person.id = person where login = 'li'",
    )
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/account")
        token = wang.page.text.split('name="_csrf_token" value="')[1].split('"')[0]
        answer = await wang.http.post(f"/desk/account/sessions/{li}/end", data={"_csrf_token": token})
        assert answer.status_code == 404
    async with browsing(town, "li") as browser:
        await browser.open("/desk/account")
        assert "那一处已经退出" in await browser.send(f"/desk/account/sessions/{li}/end")
    async with town.staff("li") as http:
        problem(await http.get("/v1/proposals"), 401, "not-signed-in")


async def test_the_office_signs_somebody_out_everywhere(town: LiveTown) -> None:
    async with town.staff("office") as http:
        assert (await http.post("/v1/people/li/sign-out", json={"reason": "手机丢了"})).status_code == 204
    async with town.staff("li") as http:
        problem(await http.get("/v1/proposals"), 401, "not-signed-in")


async def test_last_seen_is_written_now_and_then(town: LiveTown) -> None:
    async def seen() -> list[object]:
        return [
            at
            for (at,) in await rows(
                town, "select seen_at from sign_in_token join person on person.id = person where login = 'li'"
            )
        ]

    [began] = await seen()
    async with town.staff("li") as http:
        for minutes, moved in ((1, False), (8, False), (2, True)):
            town.clock.travel(town.clock.now() + timedelta(minutes=minutes))
            (await http.get("/v1/proposals")).raise_for_status()
            assert (await seen() != [began]) == moved


async def test_a_new_password_ends_the_other_sessions(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        await li.open("/desk/account")
        change = {"old": "wrong", "new": "shuixiang lanhua", "again": "shuixiang lanhua"}
        assert "原来的密码不对" in await li.send("/desk/account/password", **change)
        assert "太常见" in await li.send("/desk/account/password", old=PASSWORD, new="admin123", again="admin123")
        assert "不一样" in await li.send("/desk/account/password", old=PASSWORD, new="a", again="b")
        assert "密码已改" in await li.send("/desk/account/password", **(change | {"old": PASSWORD}))
        async with town.staff("li") as http:
            problem(await http.get("/v1/proposals"), 401, "not-signed-in")
        assert "工作台" in await li.open("/desk")
