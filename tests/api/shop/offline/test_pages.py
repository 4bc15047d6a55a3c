"""`/desk/tills` in a browser: kiosks, one-time codes, and entries to decide."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import httpx

from api.shop.offline.pages import ENROL_PREFIX, TILLS
from api.web.qr import render_qr
from tests.api.asking import problem, sign_in
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.api.shop.offline.till import Till, end_enrolment, read_account
from tests.api.web.browser import browsing
from tests.conftest import enrol_with


def decision(page: str) -> str:
    [path] = re.findall(r'action="(/desk/tills/entries/[^"]+)"', page)
    return str(path)


async def test_each_till_shows_its_state(till: Till) -> None:
    town = till.town
    async with browsing(town, "qian") as browser:
        page = await browser.open(TILLS)
        assert (
            "河畔村积美超市 · 前台 登记 6月15日 10:00 起 最近联系 还没有 当班 陈管理员，6月15日 10:00 起" in page
        )
        assert "留有积分 0 分" in page
        await till.renew()
        page = await browser.open(TILLS)
        assert "最近联系 6月15日 10:00" in page
        assert "留有积分 103 分" in page
        # A supervisor may end an enrolment, but add no kiosk.
        assert "停用…" in page
        assert "添一台终端" not in page
        assert "改断网规定" not in page
    town.clock.travel(town.clock.now() + timedelta(days=8))
    await sign_in(town, "office", "li")
    async with browsing(town, "li") as browser:
        page = await browser.open(TILLS)
        assert "超过 7 天没有联系：断网兑换已停，请去看看。" in page
        assert "停用…" not in page


async def test_the_desk_links_there_for_those_who_oversee_tills(till: Till) -> None:
    town = till.town
    await neighbours(town)
    for login, leads in (("office", True), ("li", True), ("wang", False), ("ma", False)):
        async with browsing(town, login) as browser:
            assert (f'href="{TILLS}"' in browser.page.text) is leads
            await browser.open(TILLS)
            assert browser.page.status_code == (200 if leads else 403)
    async with browsing(town, "far") as browser:
        assert "还没有终端" in await browser.open(TILLS)
    async with browsing(town) as browser:
        assert "请先登录" in await browser.open(TILLS)


async def test_a_new_kiosks_code_is_shown_once_and_enrols(till: Till) -> None:
    town = till.town
    async with browsing(town, "office") as browser:
        await browser.open(TILLS)
        assert "请选好超市" in await browser.send(TILLS, supermarket="", name="后台")
        page = await browser.send(TILLS, supermarket="hp", name="后台")
        assert "河畔村积美超市 · 后台" in page
        assert "6月16日 10:00 前有效，只能用一次" in page
        code = "".join(re.findall(r"<b>([0-9A-Z]{4})</b>", browser.page.text))
        # All that has to be typed at a till is in it.
        scanned = f"{ENROL_PREFIX}{code}/{town.url.upper()}"
        assert render_qr(scanned, "登记码的二维码") in browser.page.text
        assert "这个网址只有服务器本机能用" in browser.text
        assert browser.page.headers["cache-control"] == "no-store"
        page = await browser.open(TILLS)
        assert "后台 现在没有机器" in page
        assert code not in browser.page.text
        async with httpx.AsyncClient(base_url=town.url) as http:
            machine = await enrol_with(http, code)
        assert "还没有机器" not in await browser.open(TILLS)
        # To replace the machine, its enrolment is ended first; then there is a new code.
        await browser.open(f"{TILLS}/{machine.id}/end")
        assert "已停用" in await browser.send(f"{TILLS}/{machine.id}/end", reason="换新")
        assert "停用：换新。现在没有机器。" in browser.text
        page = await browser.send(f"{TILLS}/{machine.id}/code")
        assert "登记码" in page


async def test_ending_says_first_what_will_happen(till: Till) -> None:
    town = till.town
    await till.renew()
    async with browsing(town, "qian") as browser:
        page = await browser.open(f"{TILLS}/{till.id}/end")
        assert "各户留在这里的 103 分退回各户账户" in page
        assert "要由人逐条决定" in page
        assert "请写明理由" in await browser.send(f"{TILLS}/{till.id}/end", reason=" ")
        assert "已停用" in await browser.send(f"{TILLS}/{till.id}/end", reason="机器丢了")
        await browser.open(f"{TILLS}/{UUID(int=1)}/end")
        assert browser.page.status_code == 404
    assert await read_account(town, "household:hp-1") == 100
    async with browsing(town, "li") as browser:
        await browser.open(f"{TILLS}/{till.id}/end")
        assert browser.page.status_code == 403


async def test_the_office_sets_how_much_and_how_long(till: Till) -> None:
    town = till.town
    leases = f"{TILLS}/{till.id}/leases"
    async with browsing(town, "office") as browser:
        await browser.open(TILLS)
        for most, days in (("", "7"), ("10001", "7"), ("50", "0"), ("50", "61"), ("x", "7"), ("-1", "7")):
            assert "每户最多预留 0 到 10000 分" in await browser.send(leases, most=most, days=days)
        assert "已改好" in await browser.send(leases, most="40", days="3")
        assert "每户最多留 40 分，断网最多 3 天" in browser.text
    told = await till.renew()
    assert (told.expires_at - told.now).days == 3
    assert max(leased.points for leased in told.households) == 40
    async with town.staff("qian") as http:
        policy = {"most": 1, "days": 1}
        problem(await http.put(f"/v1/kiosks/{till.id}/lease-policy", json=policy), 403, "not-allowed")
    async with town.staff("office") as http:
        assert (await http.put(f"/v1/kiosks/{till.id}/lease-policy", json=policy)).status_code == 204
        problem(await http.put(f"/v1/kiosks/{UUID(int=1)}/lease-policy", json=policy), 404, "unknown")


async def test_the_office_sets_after_how_long_a_till_locks(till: Till) -> None:
    lock = f"{TILLS}/{till.id}/lock"
    async with browsing(till.town, "office") as browser:
        await browser.open(TILLS)
        for minutes in ("", "0", "481", "x"):
            assert "请填 1 到 480" in await browser.send(lock, minutes=minutes)
        assert "已改好" in await browser.send(lock, minutes="3")
    async with till.device() as http:
        assert (await http.get("/v1/till")).json()["lock_minutes"] == 3


async def test_a_sale_is_accepted_or_dismissed_at_the_desk(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    till.write_sale(town.card, household, ("rice", 3), leased=150)
    await till.settle()
    async with browsing(town, "li") as browser:
        page = await browser.open(TILLS)
        assert "王建国家兑换大米 3 件，共 150 分 这户的积分不够付这一笔，还差 50 分。" in page
        assert "受理：从这户账户扣 150 分。驳回：不扣分，发出的物品记不到户上，盘点时会短少。" in page
        path = decision(browser.page.text)
        assert "这户账户里的积分还差 150 分" in await browser.send(path, answer="accept", reason="")
        assert "驳回要写明理由" in await browser.send(path, answer="dismiss", reason="")
        await town.award("hp-1", 150)
        await browser.open(TILLS)
        page = await browser.send(path, answer="accept", reason="户主认可")
        assert "已受理：王建国家兑换大米 3 件，共 150 分。" in page
        assert "已受理，李村委 6月15日 10:00：户主认可" in page
        assert "等人决定" not in page
    assert await read_account(town, "household:hp-1") == 0


async def test_a_report_is_only_noted(till: Till) -> None:
    town = till.town
    till.write_closing(redemptions=3, points=15)
    await till.settle()
    async with browsing(town, "li") as browser:
        page = await browser.open(TILLS)
        assert "班次报表：3 笔，15 分 班次报表与账不一致" in page
        assert "账不会变动" in page
        assert "已核对：班次报表" in await browser.send(decision(browser.page.text), answer="accept")


async def test_a_late_void_and_a_strange_address(till: Till) -> None:
    town = till.town
    id = UUID("0199d3a2-6c1e-7d5a-9f63-0b8e4c2f7a10")
    (await till.redeem(id, town.card, ("soap", 1))).raise_for_status()
    await end_enrolment(town, till)
    till.write_void(id)
    await till.settle()
    async with browsing(town, "office") as browser:
        page = await browser.open(TILLS)
        assert "受理：退回 5 分，物品回到货架。驳回：原来的兑换不变。" in page
        path = decision(browser.page.text)
        assert "已受理" in await browser.send(path, answer="accept", reason="")
        token = re.findall(r'name="_csrf_token" value="([^"]+)"', browser.page.text)[0]
        for strange in ("zz", "00"):
            form = {"_csrf_token": token, "answer": "accept"}
            answer = await browser.http.post(f"{path.rpartition('/')[0]}/{strange}", data=form)
            assert (answer.status_code, "没有这条记录" in answer.text) == (404, True)
