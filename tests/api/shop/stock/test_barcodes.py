"""A product's barcodes: several, some a carton's, each of one product alone."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.api.asking import problem
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

OIL, CARTON, REFILL = "6932571030053", "16932571030050", "6922266440014"


async def _shelf(till: httpx.AsyncClient) -> dict[str, Any]:
    return {item["product"]: item for item in (await till.get("/v1/till")).raise_for_status().json()["shelf"]}


def _oil(**more: Any) -> dict[str, Any]:
    return {"code": "rape", "name": "菜籽油", "barcode": f"0{OIL}", "price": 85} | more


async def _place(http: httpx.AsyncClient) -> None:
    (await http.put("/v1/supermarkets/hp/shelf/rape", json={})).raise_for_status()


async def test_a_till_gets_all_barcodes_of_a_product_with_what_they_stand_for(town: LiveTown) -> None:
    async with town.staff("office") as http, town.device() as till:
        packs = [{"code": CARTON, "pieces": 4}, {"code": REFILL}]
        (await http.post("/v1/products", json=[_oil(barcodes=packs)])).raise_for_status()
        await _place(http)
        item = (await _shelf(till))["rape"]
        assert item["barcode"] == OIL
        first = {"code": OIL, "pieces": 1}
        assert item["barcodes"] == [first, {"code": REFILL, "pieces": 1}, {"code": CARTON, "pieces": 4}]
        before = (await till.get("/v1/till")).json()["version"]
        change = {"barcodes": [{"code": CARTON, "pieces": 6}]}
        (await http.patch("/v1/products/rape", json=change)).raise_for_status()
        item = (await _shelf(till))["rape"]
        assert item["barcodes"] == [first, {"code": CARTON, "pieces": 6}]
        assert (await till.get("/v1/till")).json()["version"] > before
        (await http.patch("/v1/products/rape", json={"barcode": REFILL})).raise_for_status()
        assert (await _shelf(till))["rape"]["barcodes"] == [
            {"code": REFILL, "pieces": 1},
            {"code": CARTON, "pieces": 6},
        ]


async def test_a_code_is_of_one_product_and_the_refusal_names_it(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/products", json=[_oil(barcodes=[{"code": CARTON, "pieces": 4}])])).raise_for_status()
        for taken in (OIL, f"0{OIL}", CARTON):
            other = {"code": "millet", "name": "米", "barcode": taken, "price": 5}
            refusal = await http.post("/v1/products", json=[other])
            problem(refusal, 409, "already-there")
            assert "菜籽油" in refusal.json()["detail"]
            own = {"code": "millet", "name": "米", "barcode": REFILL, "price": 5}
            refusal = await http.post("/v1/products", json=[own | {"barcodes": [{"code": taken}]}])
            problem(refusal, 409, "already-there")
        twice = [_oil(code="a", name="甲", barcode=REFILL), _oil(code="b", name="乙", barcode=f"0{REFILL}")]
        refusal = await http.post("/v1/products", json=twice)
        problem(refusal, 409, "already-there")
        assert "甲和乙" in refusal.json()["detail"]
        problem(
            await http.post("/v1/products", json=[_oil(code="c", barcode="16932571030051")]), 400, "barcode-wrong"
        )


async def test_the_desk_adds_and_removes_barcodes_as_they_are_scanned(town: LiveTown) -> None:
    async with town.staff("office") as http, browsing(town, "office") as browser:
        (await http.post("/v1/products", json=[_oil()])).raise_for_status()
        await _place(http)
        here = "/desk/goods/hp/rape"
        await browser.open(here)
        scanned = f"(01){CARTON}(17)270331(10)A7"
        assert "一箱 4 件" in await browser.send(f"{here}/barcodes", code=scanned, pieces="4")
        assert "没有读对" in await browser.send(f"{here}/barcodes", code="16932571030051", pieces="4")
        assert "一箱 4 件" not in await browser.send(f"{here}/barcodes/remove", code=CARTON)


async def test_a_delivery_keeps_the_lots_number(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/products", json=[_oil()])).raise_for_status()
        lines = [
            {"product": "rape", "quantity": 4, "sell_by": "2026-06-20", "lot": "A7"},
            {"product": "rape", "quantity": 2, "sell_by": "2026-06-25", "lot": "B1"},
        ]
        receipt = "/v1/goods-receipts/00000000-0000-7000-8000-000000000001"
        body = {"supermarket": "hp", "source": "restock", "lines": lines}
        view = (await http.put(receipt, json=body)).raise_for_status().json()
        assert [line["lot"] for line in view["lines"]] == ["A7", "B1"]


async def test_a_delivery_is_scanned_at_the_desk(town: LiveTown) -> None:
    async with town.staff("office") as http, browsing(town, "office") as browser:
        (await http.post("/v1/products", json=[_oil(barcodes=[{"code": CARTON, "pieces": 4}])])).raise_for_status()
        await _place(http)
        await browser.open("/desk/goods/hp")

        async def deliver(scans: str) -> str:
            [path] = re.findall(r'"(/desk/deliveries/hp/[^"]+)"', browser.page.text)
            return await browser.send(path, scans=scans, supplier="供销社")

        assert "第 2 行" in await deliver(f"{OIL}\n16932571030051")
        assert "还没有登记" in await deliver(REFILL)
        link = f"https://id.example.cn/01/{OIL}/10/A7?17=260620"
        assert "批号 A7" in await deliver(f"(01){CARTON}(17)260620(10)A7\r\n{link}\r\n12 {OIL}\r\n")
        [receipt] = (await http.get("/v1/goods-receipts")).json()
        lines = [(line["quantity"], line["sell_by"], line["lot"]) for line in receipt["lines"]]
        assert lines == [(5, "2026-06-20", "A7"), (12, None, "")]
