"""What new villages, PINs of cards and kiosks begin with, and who changes it."""

from __future__ import annotations

from tests.api.asking import confirmed, problem, rows
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

OTHER = {"notice_days": 5, "pin_above": 33, "lease_most": 80, "lease_days": 3}


async def change(town: LiveTown, by: str = "ma") -> None:
    async with town.staff("office") as http:
        answer = await http.put("/v1/township-defaults", json=OTHER)
    assert answer.status_code == 202
    (await confirmed(town, answer, by)).raise_for_status()


async def test_two_people_change_them_and_the_older_ones_stay(town: LiveTown) -> None:
    async with town.staff("office") as http:
        assert (await http.get("/v1/township-defaults")).json()["since"] is None
        waiting = await http.put("/v1/township-defaults", json=OTHER)
        assert "公示 5 天，没有异议才入账。（现在是 3）" in waiting.json()["what"]
        problem(await http.post(f"/v1/proposals/{waiting.json()['id']}/confirm"), 403, "same-person")
        before = (await http.get("/v1/township-defaults")).json()
        assert {name: before[name] for name in OTHER} != OTHER
        await change(town)
        now = (await http.get("/v1/township-defaults")).json()
        assert {name: now[name] for name in OTHER} == OTHER
        assert (now["proposed_by"], now["confirmed_by"]) == ("乡镇办公室", "马支委")
        same = await http.put("/v1/township-defaults", json=OTHER)
        assert same.status_code == 200
        (await http.put("/v1/township-defaults", json=OTHER | {"lease_days": 4})).raise_for_status()
        assert await rows(town, "select count(*) from township_defaults") == [(1,)]


async def test_new_things_begin_with_them_and_others_stay(town: LiveTown) -> None:
    await change(town)
    async with town.staff("office") as http:
        villages = [
            {"code": "ss", "name": "松山村"},
            {"code": "lz", "name": "柳庄村", "notice_days": 1},
        ]
        (await http.post("/v1/villages", json=villages)).raise_for_status()
        kiosk = (await http.post("/v1/kiosks", json={"supermarket": "hp", "name": "后门"})).json()["kiosk"]
    days = await rows(town, "select code, notice_days from village order by code")
    assert days == [("hp", 0), ("lz", 1), ("ss", 5)]
    leases = await rows(
        town, "select id::text = :kiosk, lease_most, lease_days from kiosk order by 1", kiosk=kiosk
    )
    assert leases == [(False, 200, 7), (True, 80, 3)]


async def test_a_household_is_offered_the_townships_threshold_and_may_choose_another(town: LiveTown) -> None:
    async with browsing(town) as browser:
        await browser.open(f"/c/{town.card}")
        assert '<option value="20" selected>' in browser.page.text
        await change(town)
        await browser.open(f"/c/{town.card}")
        assert '<option value="33" selected>' in browser.page.text
        told = await browser.send(f"/c/{town.card}/pin", pin="2468", again="2468", above="33")
        assert "超过 33 分要密码" in told
        told = await browser.send(f"/c/{town.card}/pin", old="2468", pin="1357", again="1357", above="34")
        assert "请选超过多少分要密码" in told
