"""Sheets of goods as an office makes them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.platform.table_files.workbooks import workbook
from tests.api.web.browser import Browser
from tests.conftest import LiveTown

HEADINGS = ["名称", "条码", "单位", "每单位件数", "数量", "单价（元）", "金额（元）", "到期日", "分值", "超市"]
POWDER, SHOES = "6900000000045", "2001"
GOOD_ROWS = [
    ["洗衣粉", POWDER, "箱", 12, 10, 54, "", "2027-12-31", "", "河畔"],
    ["布鞋", SHOES, "双", "", 30, "", 660, "", 30, ""],
    ["肥皂", "6901234567892", "块", "", 20, 2.5, "", "", "", "河畔村积美超市"],
]
PAGE = "/desk/goods-sheet"


def goods_sheet(*rows: list[Any]) -> bytes:
    return workbook({"物品": [HEADINGS, *rows]})


def sheet_body(*lines: tuple[str, str, int, int, int | None], consignment: str = "首批") -> dict[str, Any]:
    """Lines are (name, barcode, pieces, cost in fen, price)."""
    return {
        "consignment": consignment,
        "lines": [
            {"supermarket": "hp", "name": name, "barcode": code, "quantity": quantity, "cost": cost}
            | ({} if price is None else {"price": price})
            for name, code, quantity, cost, price in lines
        ],
    }


async def state_rate(town: LiveTown, fen: int = 80) -> None:
    async with town.staff("office") as http:
        (await http.put("/v1/price-rate", json={"fen": fen})).raise_for_status()


async def propose(town: LiveTown, body: dict[str, Any], by: str = "office") -> httpx.Response:
    async with town.staff(by) as http:
        return await http.post("/v1/stock-sheets", json=body)


async def upload(browser: Browser, content: bytes, **fields: str) -> str:
    """Bring a sheet to the page, as its form sends it."""
    await browser.open(PAGE)
    token = browser.page.text.partition('name="_csrf_token" value="')[2].partition('"')[0]
    fields = {"consignment": "首批", "supermarket": "hp", "supplier": "", **fields}
    browser.page = await browser.http.post(
        PAGE, data={"_csrf_token": token, **fields}, files={"file": ("物品.xlsx", content)}
    )
    return browser.text
