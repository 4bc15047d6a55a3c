"""The desk's pages of goods: prices and minimums, alerts, receipts that a second person counts."""

from __future__ import annotations

import re

from tests.api.awards.claims.conftest import hire
from tests.api.shop.stock.conftest import draft_body, fill_goods_page, read_alerts, read_stock, write_draft
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_a_receipt_is_counted_at_the_desk(town: LiveTown) -> None:
    id = await write_draft(town, draft_body(("soap", 20, "2026-07-01"), ("rice", 3)))
    async with browsing(town, "li") as li:
        assert "物品与货架" in li.text
        page = await li.open("/desk/goods")
        assert li.page.url.path == "/desk/goods/hp"
        assert "肥皂（7月1日到期），点到几件" in page
        # Whoever counts doesn't see the quantities written down.
        assert "20 件" not in page
        confirm = f"/desk/goods-receipts/{id}/confirm"
        said = await li.send(confirm, **{"counted.1": "18", "counted.2": ""})
        assert "每一行都要填点到的件数" in said
        said = await li.send(confirm, **{"counted.1": "18"})
        assert "每一行都要点数" in said
        blank = li.page
        said = await li.send(confirm, **{"counted.1": "18", "counted.2": "3"})
        assert "按您点的数上架" in said
        assert "登记 20 件，点到 18 件 −2" in said
        assert "等人点数" not in said
        li.page = blank
        assert "按您点的数上架" in await li.send(confirm, **{"counted.1": "18", "counted.2": "3"})
        li.page = blank
        assert "已经确认或作废" in await li.send(confirm, **{"counted.1": "20", "counted.2": "3"})
    assert (await read_stock(town))["soap"] == 28


async def test_ones_own_receipt_has_no_form_to_count(town: LiveTown) -> None:
    await fill_goods_page(town)
    async with browsing(town, "li") as li:
        page = await li.open("/desk/goods/hp")
        assert "这张是您登记的，请换一个人点数确认" in page
        assert li.page.text.count("/confirm") == 2
        withdraw = re.findall(r"/desk/goods-receipts/[0-9a-f-]+/withdraw", li.page.text)[-1]
        assert "请写明为什么作废" in await li.send(withdraw, reason=" ")
        said = await li.send(withdraw, reason="写了两遍")
        assert "收货单已作废" in said
        assert "：写了两遍" in said


async def test_alerts_are_shown(town: LiveTown) -> None:
    await fill_goods_page(town)
    async with browsing(town, "qian") as qian:
        page = await qian.open("/desk/goods")
        assert "肥皂 6月15日到货 4 件，还剩 4 件 6月10日 已过期 5 天" in page
        assert "今天到期" in page
        assert "还有 16 天" in page
        assert "牙刷 最低要有 8 件 剩 6 件" in page
        assert "上架一样物品" not in page


async def test_the_office_changes_a_product_and_the_committee_its_shelf(town: LiveTown) -> None:
    path = "/desk/goods/hp/soap"
    async with browsing(town, "office") as office:
        await office.open(path)
        entered = {"name": "香皂", "price": "6", "barcode": "1234", "minimum": "20"}
        assert "没有改动" in await office.send(path, **entered | {"price": "六"})
        assert "已经是大米的" in await office.send(path, **entered | {"barcode": "6900000000014"})
        said = await office.send(path, **entered)
        assert "已保存" in said
        assert "5 → 6 分" in said
    async with browsing(town, "li") as li:
        page = await li.open(path)
        assert "香皂" in page
        assert "改物品" not in page
        assert "最低库存请填" in await li.send(f"{path}/minimum", minimum="-1")
        assert "最低库存已保存" in await li.send(f"{path}/minimum", minimum="30")
        assert await read_alerts(town) == ({"soap": (10, 30)}, [])
        await li.send(f"{path}/minimum", minimum="")
        assert await read_alerts(town) == ({"soap": (10, 20)}, [])
        assert "货架上还有 10 件" in await li.send(f"{path}/retire")
        await li.open("/desk/goods/hp/brush")
        assert "已从货架撤下" in await li.send("/desk/goods/hp/brush/retire")
        assert "不在这个货架上" in await li.open("/desk/goods/hp/brush")
        await li.open("/desk/goods/hp")
        assert "已上架" in await li.send("/desk/goods/hp", product="brush")


async def test_the_office_chooses_a_supermarket_and_others_see_their_own(town: LiveTown) -> None:
    await fill_goods_page(town)
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "other", "name": "山那边村"}])).raise_for_status()
        place = {"code": "other", "village": "other", "name": "山那边超市"}
        (await http.post("/v1/supermarkets", json=[place])).raise_for_status()
    await hire(town, "zhou", "committee", village="other")
    async with browsing(town, "office") as office, browsing(town, "zhou") as zhou, browsing(town, "wang") as wang:
        page = await office.open("/desk/goods")
        assert "河畔村积美超市 3 张收货单等人点数，1 样快没货了，3 批快到期或已过期" in page
        assert "山那边超市 没有要留意的" in page
        assert "货架上还没有物品" in await zhou.open("/desk/goods")
        assert "没有编号为 hp 的超市" in await zhou.open("/desk/goods/hp")
        assert "您的职责里没有这项操作" in await wang.open("/desk/goods")
        await wang.open("/desk")
        assert "物品与货架" not in wang.text


async def test_a_product_is_added_and_bought_at_the_desk(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        await office.open("/desk/goods/hp")
        blank = office.page
        said = await office.send("/desk/products/hp", name="毛巾", barcode="2002", price="0")
        assert "没有添加" in said
        assert "已添加并上架" in await office.send("/desk/products/hp", name="毛巾", barcode="2002", price="5")
        assert "毛巾" in office.text
        office.page = blank
        assert "2002" in await office.send("/desk/products/hp", name="手巾", barcode="2002", price="5")
        await office.open("/desk/goods/hp")
        assert "手巾" not in office.text
        [towel] = re.findall(r'<option value="([^"]+)">毛巾', office.page.text)[:1]
        [buy] = re.findall(r'action="(/desk/purchases/hp/[^"]+)"', office.page.text)
        blank = office.page
        for wrong in ({}, {"product.1": towel, "quantity.1": "4"}, {"product.1": towel, "cost.1": "9"}):
            office.page = blank
            assert "没有办理" in await office.send(buy, **wrong)
        office.page = blank
        line = {"product.1": towel, "quantity.1": "4", "cost.1": "12.5", "product.2": "rice"}
        line |= {"quantity.2": "1", "cost.2": "0"}
        assert "已提议" in await office.send(buy, **line)
    assert (await read_stock(town)).get(towel, 0) == 0
    async with town.staff("li") as http:
        [waiting] = (await http.get("/v1/proposals")).json()
        assert "2 种 5 件，从经费里付 12.50 元" in waiting["what"]
        (await http.post(f"/v1/proposals/{waiting['id']}/confirm")).raise_for_status()
    assert (await read_stock(town))[towel] == 4


async def test_a_committee_adds_no_product(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        assert "添一样新物品" not in await li.open("/desk/goods/hp")
        assert "采购入库" in li.text
