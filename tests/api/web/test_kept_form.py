"""A form that was sent after the sign-in had ended is sent by one tap after the next: nothing typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import api
from api.platform.access import SESSION_COOKIE
from api.registry.people.sessions import SESSION_LIFETIME
from api.web.kept_form import SECRETS
from tests.api.asking import rows
from tests.api.registry.people.conftest import code, turn_on
from tests.api.web.browser import Browser, browsing
from tests.conftest import PASSWORD, LiveTown

TYPED = {"household": "hp-1", "deed_on": "2026-06-14", "note": "“三个人”扫了半天 <b>"}
DECLARE = "/desk/declare"


def session_ends(town: LiveTown) -> None:
    town.clock.travel(town.clock.now() + SESSION_LIFETIME + timedelta(minutes=1))


async def send_late(browser: Browser, town: LiveTown) -> str:
    await browser.open(f"{DECLARE}?rule=A09")
    session_ends(town)
    return await browser.send(DECLARE, None, **TYPED)


async def test_what_was_typed_is_sent_after_signing_in_again(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        said = await send_late(wang, town)
        assert wang.page.status_code == 401
        assert "登录已过期，没有提交" in said
        assert await rows(town, "select id from claim where deed_on = '2026-06-14'") == []
        # Also after a wrong password.
        assert "填好的内容还在" in await wang.send("/desk/sign-in", login="wang", password="wrong")
        assert "刚才填的还在" in await wang.send("/desk/sign-in", login="wang", password=PASSWORD)
        assert "已申报：王**家「参加村庄清扫」5 分" in await wang.send(DECLARE)
    [(note,)] = await rows(town, "select note from claim where deed_on = '2026-06-14'")
    assert note == TYPED["note"]


async def test_it_comes_through_the_second_step_too(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        secret, _ = await turn_on(town, li)
        await send_late(li, town)
        assert "第二步" in await li.send("/desk/sign-in", login="li", password=PASSWORD)
        assert "验证码不对" in await li.send("/desk/sign-in/code", code="123")
        assert "刚才填的还在" in await li.send("/desk/sign-in/code", code=code(town, secret))
        assert "已申报：王**家「参加村庄清扫」5 分" in await li.send(DECLARE)


async def test_another_form_of_the_desk_is_sent_after_signing_in_again(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open(f"{DECLARE}?rule=A09")
        await wang.send(DECLARE, None, **TYPED)
    async with browsing(town, "zhao") as zhao:
        await zhao.open("/desk")
        ids = zhao.claims()
        session_ends(town)
        await zhao.send("/desk/claims/review", claims=ids)
        await zhao.send("/desk/sign-in", login="zhao", password=PASSWORD)
        assert "评议通过 1 件" in await zhao.send("/desk/claims/review")


async def test_what_we_did_not_carry_is_not_laid_before_anybody(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await send_late(wang, town)
        page = wang.page
        [kept] = re.findall(r'name="kept" value="([^"]+)"', page.text)
        for forged in (kept[1:], kept.partition(".")[0], f"{kept}0", "x.y"):
            wang.page = page
            await wang.send("/desk/sign-in", login="wang", password=PASSWORD, kept=forged)
            assert wang.page.url.path == "/desk"
            await wang.send("/desk/sign-out")
            await wang.open("/desk/sign-in")
            page = wang.page


async def test_a_form_of_somebody_elses_page_is_not_carried(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang, browsing(town, "sun") as sun:
        await sun.open(f"{DECLARE}?rule=A09")
        [token] = set(re.findall(r'name="_csrf_token" value="([^"]+)"', sun.page.text))
        session_ends(town)
        answer = await wang.http.post(DECLARE, data={**TYPED, "_csrf_token": token})
        assert answer.url.path == "/desk/sign-in"
        assert "kept" not in answer.text
        answer = await wang.http.post(DECLARE, data=TYPED, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert wang.http.cookies[SESSION_COOKIE]


async def test_a_secret_is_not_carried(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/account")
        session_ends(town)
        [path] = re.findall(r'action="(/desk/account/password[^"]*)"', wang.page.text) or ["/desk/account"]
        await wang.send(path, old=PASSWORD, new="another horse", again="another horse")
        assert "kept" not in wang.page.text
        assert wang.page.url.path == "/desk/sign-in"


def test_every_field_of_a_secret_is_known() -> None:
    """A new form with a password fails this until its field is called as the others are."""
    for template in Path(api.__path__[0]).rglob("*.html"):
        for form in re.findall(r"<form.*?</form>", template.read_text(encoding="utf-8"), re.DOTALL):
            names = set(re.findall(r'<input[^>]*name="([a-z]+)"', form))
            if 'type="password"' in form:
                assert names & SECRETS, template
