"""The township's policies on one page, and their changes by two people."""

from __future__ import annotations

from tests.api.asking import sign_in
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

PAGE = "/desk/policies"
DEFAULTS = {"notice_days": "6", "pin_above": "30", "lease_most": "90", "lease_days": "5", "witnessed_most": "40"}
BOUNDS = {"stocktake_points": "100", "price_percent": "5", "cards": "1", "first_cards": "4"}
EXPIRY = {"expiry": "rolling", "months": "12", "effective_on": "2026-08-01", "reason": "支委会决定"}


async def confirm_all(town: LiveTown, by: str) -> None:
    await sign_in(town, by)
    async with town.staff(by) as http:
        for proposal in (await http.get("/v1/proposals")).json():
            if "confirm" in proposal["steps"]:
                (await http.post(f"/v1/proposals/{proposal['id']}/confirm")).raise_for_status()


async def test_each_is_told_in_one_sentence_and_changed_by_two_people(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        assert PAGE in office.page.text
        told = await office.open(PAGE)
        assert "评上的积分公示 3 天" in told
        assert "软件的常用值，还没有人改过" in told
        assert "已提议" in await office.send(f"{PAGE}/defaults", **DEFAULTS)
        assert "已提议" in await office.send(f"{PAGE}/bounds", **BOUNDS)
        assert "已提议" in await office.send(f"{PAGE}/expiry", **EXPIRY)
        assert "公示 3 天" in await office.open(PAGE)
        await confirm_all(town, "tan")
        await confirm_all(town, "ma")
        told = await office.open(PAGE)
        assert "公示 6 天" in told
        assert "没带卡、由证明人证明的：每户一天最多兑换 40 分。" in told
        assert "一家超市三十天的盘点盈亏，100 分以内。" in told
        assert "积分满 12 个月没用的过期" in told
        assert told.count("乡镇办公室提议、谭监委确认") == 2
        assert "没有改动" in await office.send(f"{PAGE}/bounds", **BOUNDS)


async def test_what_is_none_is_refused_in_a_sentence(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        await office.open(PAGE)
        assert "公示 0 到 30 天" in await office.send(f"{PAGE}/defaults", **DEFAULTS | {"notice_days": "31"})
        assert "请填整数" in await office.send(f"{PAGE}/bounds", **BOUNDS | {"cards": "三"})
        assert "请选好办法" in await office.send(f"{PAGE}/expiry", **EXPIRY | {"months": "0"})
        soon = EXPIRY | {"effective_on": "2026-06-20"}
        assert "要提前 30 天告诉村民" in await office.send(f"{PAGE}/expiry", **soon)


async def test_a_village_reads_them_and_changes_none(town: LiveTown) -> None:
    async with browsing(town, "li") as committee:
        assert "公示 3 天" in await committee.open(PAGE)
        assert f'action="{PAGE}' not in committee.page.text
        token = committee.page.text.partition('name="_csrf_token" value="')[2].partition('"')[0]
        for path, fields in (("defaults", DEFAULTS), ("bounds", BOUNDS)):
            answer = await committee.http.post(f"{PAGE}/{path}", data=fields | {"_csrf_token": token})
            assert answer.status_code == 403
        answer = await committee.http.post(f"{PAGE}/expiry", data=EXPIRY | {"_csrf_token": token})
        assert "您的职责里没有这项操作" in answer.text
