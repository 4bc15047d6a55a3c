"""The desk's pages of supermarkets: added, named, open; and their attendants."""

from __future__ import annotations

from tests.api.asking import problem
from tests.api.awards.claims.conftest import hire
from tests.api.shop.kiosks.test_attendants import find_attendant
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

PATH = "/desk/supermarkets/hp"
WEEK = {f"day.{n}": "8:00-12:00、14:00-17:30" for n in range(5)} | {"day.5": "", "day.6": ""}


async def test_the_office_adds_a_supermarket_and_names_it(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        assert "河畔村积美超市" in await office.open("/desk/supermarkets")
        said = await office.send("/desk/supermarkets", village="hp", name="河畔二店", code="")
        assert office.page.url.path == "/desk/supermarkets/hp-2"
        assert "超市已添加" in said
        assert "名称已改" in await office.send("/desk/supermarkets/hp-2", name="河畔村东头店")
        assert "河畔村东头店" in office.text
        assert "改过什么 2 次" in office.text
        await office.open("/desk/supermarkets")
        said = await office.send("/desk/supermarkets", village="hp", name="又一家", code="大")
        assert "编号只能有小写字母、数字和短横" in said


async def test_hours_that_a_committee_says_are_told_to_everybody(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        await li.open(PATH)
        assert "改名称" not in li.text
        assert "周一的“八点”读不懂" in await li.send(f"{PATH}/hours", **WEEK | {"day.0": "八点"})
        said = await li.send(f"{PATH}/hours", **WEEK, closed="2026-06-19")
        assert "营业时间已保存" in said
        assert "周一至周五 08:00–12:00、14:00–17:30，周六、周日休息" in said
    async with browsing(town) as anybody:
        for page in ("/notices/hp", f"/c/{town.card}"):
            assert "周一至周五 08:00–12:00、14:00–17:30，周六、周日休息 另外休息：6月19日" in await anybody.open(
                page
            )
    async with town.device() as till:
        assert "今天营业 08:00–12:00、14:00–17:30。" in (await till.get("/v1/till")).json()["notices"]


async def test_an_attendant_types_the_pin_twice(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        await li.open(PATH)
        add = f"{PATH}/attendants"
        assert "两次输入的 PIN 不一样" in await li.send(add, name="周", pin="8642", again="8643")
        assert "PIN 是 4 到 8 位数字" in await li.send(add, name="周", pin="86", again="86")
        assert "太好猜" in await li.send(add, name="周", pin="1234", again="1234")
        assert "已有人使用" in await li.send(add, name="周", pin=town.pin, again=town.pin)
        assert "周已添加" in await li.send(add, name="周", pin="8642", again="8642", household="HP-2")
        assert "自家的户 hp-2" in li.text
        page = f"/desk/attendants/{await find_attendant(town, '周')}"
        await li.open(page)
        assert "PIN 已换" in await li.send(f"{page}/pin", pin="9753", again="9753", reason="忘了")
        assert "没有编号为 hp-77 的户" in await li.send(f"{page}/household", household="hp-77")
        assert "已保存" in await li.send(f"{page}/household", household="")
        assert "最多再兑换 7 天" in li.text
        assert "请写明为什么停用" in await li.send(f"{page}/end", reason=" ")
        said = await li.send(f"{page}/end", reason="不做了")
        assert "已停用" in said
        assert "停用 不做了 李村委" in said
        assert "换 PIN 忘了" in said
    async with town.device() as till:
        problem(await till.post("/v1/till/shifts", json={"pin": "9753"}), 401, "wrong-pin")


async def test_others_see_their_own_and_change_nothing(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "山上村"}])).raise_for_status()
    await hire(town, "zhou", "committee", village="ss")
    async with browsing(town, "zhou") as zhou, browsing(town, "qian") as qian, browsing(town, "wang") as wang:
        assert "还没有超市" in await zhou.open("/desk/supermarkets")
        assert "没有编号为 hp 的超市" in await zhou.open(PATH)
        page = await qian.open(PATH)
        assert "陈管理员" in page
        assert "<form" not in qian.page.text.split("<main")[1]
        assert "您的职责里没有这项操作" in await wang.open("/desk/supermarkets")
