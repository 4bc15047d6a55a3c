"""A person sets their own password by a one-time code, at first and when they have forgotten it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.platform.access import SESSION_COOKIE, digest_secret
from api.registry.people.invitations import CODE_LENGTH, LIFETIME
from tests.api.asking import confirmed, problem, rows
from tests.api.web.browser import Browser, browsing
from tests.conftest import PASSWORD, LiveTown
from tests.profile import many

CHOSEN = "shuixiang lanhua"
NEW = {"login": "wu", "name": "吴村委", "roles": ["committee"], "village": "hp"}


async def hire_wu(town: LiveTown) -> str:
    """Somebody without a password; the code for setting one."""
    async with town.staff("office") as http:
        (await confirmed(town, await http.post("/v1/people", json=[NEW]))).raise_for_status()
    return await code_of(town, "wu")


async def code_of(town: LiveTown, login: str, by: str = "office") -> str:
    async with town.staff(by) as http:
        return str((await http.post(f"/v1/people/{login}/invitation")).raise_for_status().json()["code"])


async def join(browser: Browser, code: str, password: str = CHOSEN, again: str | None = None) -> str:
    await browser.open(f"/JOIN/{code}")
    return await browser.send(f"/join/{code}", password=password, again=password if again is None else again)


async def sign_in(town: LiveTown, login: str, password: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        return await http.post("/v1/sign-in", json={"login": login, "password": password})


async def test_the_person_sets_their_password_and_nobody_else_has_seen_it(town: LiveTown) -> None:
    code = await hire_wu(town)
    assert len(code) == CODE_LENGTH
    async with browsing(town) as browser:
        assert "吴村委，您好" in await browser.open(f"/JOIN/{code}")
        assert "密码设好了。以后用 wu 登录" in await join(browser, code)
        assert browser.page.url.path == "/desk"
        assert SESSION_COOKIE in browser.http.cookies
    assert (await sign_in(town, "wu", CHOSEN)).status_code == 200
    [[digest, used]] = await rows(town, "select digest, used_at is not null from invitation")
    assert (digest, used) == (digest_secret(code), True)


async def test_a_code_is_typed_as_it_is_read(town: LiveTown) -> None:
    code = await hire_wu(town)
    typed = " - ".join([code[:4], code[4:8], code[8:]]).lower().replace("0", "o").replace("1", "l")
    async with browsing(town) as browser:
        await browser.open("/desk/sign-in")
        assert 'href="/join"' in browser.page.text
        await browser.open("/join")
        assert "照着邀请单" in await browser.send("/join", code="..")
        assert "吴村委，您好" in await browser.send("/join", code=typed)


async def test_a_code_works_once(town: LiveTown) -> None:
    code = await hire_wu(town)
    async with browsing(town) as first, browsing(town) as second:
        await first.open(f"/join/{code}")
        await second.open(f"/join/{code}")
        sent = {"password": CHOSEN, "again": CHOSEN}
        await asyncio.gather(*(each.send(f"/join/{code}", **sent) for each in (first, second)))
        assert sorted(each.page.status_code for each in (first, second)) == [200, 404]
        assert "邀请码不对、用过了或已过期" in await second.open(f"/join/{code}")
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        answer = await http.post("/v1/join", json={"code": code, "password": CHOSEN})
        problem(answer, 404, "code-wrong")


async def test_what_is_no_password_is_told_and_the_code_still_works(town: LiveTown) -> None:
    code = await hire_wu(town)
    async with browsing(town) as browser:
        assert "至少 8 位" in await join(browser, code, "short")
        assert browser.page.status_code == 400
        assert "两次输入的密码不一样" in await join(browser, code, CHOSEN, "shuixiang lanhua!")
        assert "太常见" in await join(browser, code, "woaini520")
        assert "woaini520" not in browser.page.text
        assert "密码设好了" in await join(browser, code)


async def test_a_newer_code_replaces_the_older_and_each_has_its_time(town: LiveTown) -> None:
    old = await hire_wu(town)
    new = await code_of(town, "wu")
    async with browsing(town) as browser:
        assert "邀请码不对" in await browser.open(f"/join/{old}")
        assert "吴村委" in await browser.open(f"/join/{new}")
        town.clock.travel(town.clock.now() + LIFETIME + timedelta(seconds=1))
        assert "已过期" in await browser.open(f"/join/{new}")


async def test_a_forgotten_password_dies_when_another_is_set(town: LiveTown) -> None:
    """Until then it works: an invitation that nobody uses locks nobody out."""
    async with browsing(town, "wang") as signed_in, browsing(town) as browser:
        code = await code_of(town, "wang", by="fu")
        assert (await sign_in(town, "wang", PASSWORD)).status_code == 200
        assert "密码设好了" in await join(browser, code)
        assert (await sign_in(town, "wang", PASSWORD)).status_code == 401
        assert (await sign_in(town, "wang", CHOSEN)).status_code == 200
        assert "请先登录" in await signed_in.open("/desk")
        async with town.staff("wang") as http:
            problem(await http.get("/v1/approval-policy"), 401, "not-signed-in")


async def test_the_code_of_somebody_who_left_lets_nobody_in(town: LiveTown) -> None:
    code = await hire_wu(town)
    async with town.staff("office") as http:
        left = {"on": "2026-06-15", "reason": "调走了"}
        (await http.post("/v1/people/wu/end", json=left)).raise_for_status()
        problem(await http.post("/v1/people/wu/invitation"), 409, "wrong-state")
        problem(await http.post("/v1/join", json={"code": code, "password": CHOSEN}), 404, "code-wrong")
    [(ended, used)] = await rows(town, "select ended_at is not null, used_at is not null from invitation")
    assert (ended, used) == (True, False)
    assert (await sign_in(town, "wu", CHOSEN)).status_code == 401


async def test_nobody_issues_a_code_for_themselves_nor_without_the_duty(town: LiveTown) -> None:
    async with town.staff("office") as http:
        problem(await http.post("/v1/people/office/invitation"), 403, "same-person")
        problem(await http.post("/v1/people/nobody/invitation"), 404, "unknown")
    async with town.staff("li") as http:
        problem(await http.post("/v1/people/wang/invitation"), 403, "not-allowed")
    [[person]] = await rows(town, "select id from person where login = 'wang'")
    async with browsing(town, "fu") as browser:
        [token] = {await csrf(browser)}
        answer = await browser.http.post(f"/desk/people/{person}/invitation", data={"_csrf_token": token})
        assert "<svg" in answer.text
        assert "王网格" in answer.text
        [[me]] = await rows(town, "select id from person where login = 'fu'")
        answer = await browser.http.post(f"/desk/people/{me}/invitation", data={"_csrf_token": token})
        assert answer.status_code == 403
    assert await rows(town, "select count(*) from invitation") == [(1,)]


async def csrf(browser: Browser) -> str:
    await browser.open("/desk")
    return browser.page.text.partition('name="_csrf_token" value="')[2].partition('"')[0]


async def test_two_codes_at_once_leave_one_that_works(town: LiveTown) -> None:
    await hire_wu(town)
    codes = await asyncio.gather(*(code_of(town, "wu") for _ in range(4)))
    async with browsing(town) as browser:
        answers = [await browser.http.get(f"/join/{code}") for code in codes]
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


async def test_wrong_codes_are_counted_by_where_they_come_from(town: LiveTown) -> None:
    code = await hire_wu(town)
    async with browsing(town) as browser:
        for _ in range(30):
            answer = await browser.http.get("/join/0123456789AB")
            assert answer.status_code == 404
        answer = await browser.http.get(f"/join/{code}")
        assert answer.status_code == 429
        assert "Retry-After" in answer.headers
        answer = await browser.http.post("/v1/join", json={"code": code, "password": CHOSEN})
        problem(answer, 429, "too-many")
        town.clock.travel(town.clock.now() + timedelta(minutes=6))
        assert "吴村委" in await browser.open(f"/join/{code}")


async def test_no_other_code_lets_anybody_in(town: LiveTown) -> None:
    code = await hire_wu(town)

    @settings(max_examples=many(20, 500), derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.text(min_size=1, max_size=40))
    def collect(text: str) -> None:
        tried.append(text)

    tried: list[str] = [code[:-1], code + code[-1], code[::-1] if code[::-1] != code else code[1:]]
    collect()
    async with browsing(town) as browser:
        for text in tried:
            answer = await browser.http.post("/v1/join", json={"code": text, "password": CHOSEN})
            assert answer.status_code in (400, 404, 429), text
            town.clock.travel(town.clock.now() + timedelta(hours=1))
        assert await rows(town, "select count(*) from invitation where used_at is null") == [(1,)]
