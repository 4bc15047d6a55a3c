"""A sheet of goods: looked at, proposed by one person, confirmed by another, and on the shelves once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.platform import accounts
from api.shop.stock_sheets.rates import propose_price
from tests.api.asking import problem, rows, sign_in, standing
from tests.api.shop.offline.till import check_books, read_account
from tests.api.shop.stock.conftest import read_stock
from tests.api.shop.stock_sheets.conftest import (
    GOOD_ROWS,
    PAGE,
    POWDER,
    SHOES,
    goods_sheet,
    propose,
    sheet_body,
    state_rate,
    upload,
)
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

BODY = sheet_body(
    ("洗衣粉", POWDER, 120, 54_000, None),
    ("布鞋", SHOES, 30, 66_000, 30),
    ("肥皂", "6901234567892", 20, 5_000, None),
)


async def confirm(town: LiveTown, id: str, by: str = "tan") -> Any:
    await sign_in(town, by)
    async with town.staff(by) as http:
        return await http.post(f"/v1/proposals/{id}/confirm")


async def test_a_sheet_goes_from_the_page_to_the_shelf(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        page = await upload(office, goods_sheet(*GOOD_ROWS))
        assert "新物品没有写分值，也还没有定一分折合多少元" in page
        await office.open(PAGE)
        assert "请写 0.01 到 1000 的数" in await office.send(f"{PAGE}/rate", yuan="八角")
        assert "一分折合 0.80 元" in await office.send(f"{PAGE}/rate", yuan="0.8")
        before = await standing(town)
        page = await upload(office, goods_sheet(*GOOD_ROWS))
        assert "1 家超市，3 种 170 件，新物品 2 种，从经费里付 1,250.00 元" in page
        assert "每件 4.50 元 ÷ 每分 0.80 元 = 5.63，四舍五入，6 分" in page
        assert "已有的物品，现在 5 分，不变" in page
        said = await office.send(f"{PAGE}/propose", **{"price.1": "7", "price.2": "30", "price.3": ""})
        assert "确认以前什么都没有变" in said
        assert "新物品，7 分" in said
        assert await standing(town) == before
        # Sent again it is the same proposal.
        [proposal] = await rows(town, "select id from proposal where kind = 'stock-sheet'")
    async with browsing(town, "fu") as fu:
        assert "用表格入库" in await fu.open("/desk/proposals")
        await fu.open(f"/desk/proposals/{proposal.id}")
        assert "已确认，并已办好" in await fu.send(f"/desk/proposals/{proposal.id}/confirm")
    stock = await read_stock(town)
    assert (stock["soap"], stock["g0005"], stock["g0006"]) == (30, 120, 30)
    assert await read_account(town, accounts.cost("g0005").name) == 54_000
    async with town.device() as till:
        shelf = {item["name"]: item["price"] for item in (await till.get("/v1/till")).json()["shelf"]}
    assert (shelf["洗衣粉"], shelf["布鞋"], shelf["肥皂"]) == (7, 30, 5)
    async with browsing(town, "office") as office:
        assert "有 3 行已经入库，不再办" in await upload(office, goods_sheet(*GOOD_ROWS))
    await check_books(town)


async def test_every_problem_is_named_at_its_cell_and_nothing_is_written(town: LiveTown) -> None:
    bad = [
        ["洗衣粉", "6900000000046", "", "", 10, 5, "", "", 3, ""],
        ["洗衣粉", POWDER, "", "", 10, "", "", "", 3, ""],
        ["毛巾", "2002", "", "", 10, 5, 60, "", 3, ""],
        ["毛巾", "2003", "", "", "一些", 5, "", "", 3, ""],
        ["牙膏", "2004", "", "", 10, "五块", "", "", 3, ""],
        ["牙膏", "2005", "", "", 10, 5, "", "明年", 3, ""],
        ["盆", "2006", "", "", 10, 5, "", "", 3, "山上"],
        ["碗", "2007", "", "", 10, 5, "", "", 3, ""],
        ["碗", "2007", "", "", 12, 5, "", "", 3, ""],
        ["大碗", "2007", "", "", 12, 5, "", "2027-01-01", 3, ""],
        ["肥皂", "6901234567892", "", "", 10, 5, "", "", 0, ""],
    ]
    before = await standing(town)
    async with browsing(town, "office") as office:
        page = await upload(office, goods_sheet(*bad))
        for place, sentence in (
            ("第 2 行 B 列", "校验位不对"),
            ("第 3 行 G 列", "没有金额，也没有单价"),
            ("第 4 行 G 列", "金额对不上：5.00 元 × 10 = 50.00 元，表里是 60.00 元"),
            ("第 5 行 E 列", "不是整数"),
            ("第 6 行 F 列", "不是金额，请写成 3.50 这样"),
            ("第 7 行 H 列", "读不懂"),
            ("第 8 行 J 列", "没有叫“山上”的超市"),
            ("第 10 行 A 列", "表里写了两行"),
            ("第 11 行 A 列", "名称不一样"),
            ("第 12 行 I 列", "太小"),
        ):
            assert place in page, place
            assert sentence in page, sentence
        assert "要改的 10 处" in page
        assert f'action="{PAGE}/propose"' in office.page.text
        assert "提议入库" not in page
    assert await standing(town) == before


async def test_a_sheet_without_a_shop_or_readable_cells_is_told(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        assert "请在表里加一列，或在上传时选一家" in await upload(
            office, goods_sheet(GOOD_ROWS[1]), supermarket=""
        )
        assert "请选一个表格文件" in await upload(office, b"", consignment="x") or "是空的" in office.text
        assert "请写清是哪一批货" in await upload(office, goods_sheet(GOOD_ROWS[1]), consignment=" ")
        template = await office.http.get(f"{PAGE}/template.xlsx")
        page = await upload(office, template.content)
        # The template is read as it is: its examples would be goods.
        assert "要改的" not in page or "新物品没有写分值" in page
    async with browsing(town, "li") as li:
        assert "您的职责里没有这项操作" in await li.open(PAGE)


async def test_two_people_who_confirm_at_once_confirm_once(town: LiveTown) -> None:
    await state_rate(town)
    proposed = await propose(town, BODY)
    assert proposed.status_code == 202
    again = await propose(town, BODY)
    assert again.json()["id"] == proposed.json()["id"]
    id = proposed.json()["id"]
    problem(await confirm(town, id, by="office"), 403, "same-person")
    await sign_in(town, "tan", "fu")
    answers = await asyncio.gather(*(confirm(town, id, by) for by in ("tan", "fu", "tan", "fu")))
    # Whoever was first hears it again.
    assert sorted(answer.status_code for answer in answers) == [204, 204, 409, 409]
    assert (await read_stock(town))["soap"] == 30
    assert await read_account(town, accounts.FUND.name) == -125_000
    assert (await propose(town, BODY)).status_code == 204
    await check_books(town)


async def test_a_mended_sheet_brings_what_is_new_and_asks_about_what_differs(town: LiveTown) -> None:
    await state_rate(town)
    (await confirm(town, (await propose(town, BODY)).json()["id"])).raise_for_status()
    more = sheet_body(("肥皂", "6901234567892", 20, 5_000, None), ("毛巾", "2002", 10, 4_000, None))
    proposed = await propose(town, more)
    assert "1 种 10 件" in proposed.json()["what"]
    changed = sheet_body(("肥皂", "6901234567892", 25, 5_000, None))
    told = await propose(town, changed)
    problem(told, 400, "malformed")
    assert "已经入库 20 件" in told.json()["detail"]
    # The same goods of another consignment are others.
    assert (await propose(town, changed | {"consignment": "第二批"})).status_code == 202
    # While one waits, another sheet of the same consignment doesn't pass it.
    other = sheet_body(("毛巾", "2002", 12, 4_000, None))
    problem(await propose(town, other), 409, "wrong-state")


async def test_what_changed_since_the_proposal_is_not_executed(town: LiveTown) -> None:
    await state_rate(town)
    id = (await propose(town, BODY)).json()["id"]
    before = await standing(town)
    async with town.staff("office") as http:
        product = {"code": "powder", "name": "洗衣粉二号", "barcode": POWDER, "price": 9}
        carton = {"code": "box", "name": "整箱", "barcode": "2999", "price": 9}
        boxed = carton | {"barcodes": [{"code": SHOES, "pieces": 6}]}
        (await http.post("/v1/products", json=[product, boxed])).raise_for_status()
    problem(await confirm(town, id), 409, "wrong-state")
    assert await standing(town) == before


@pytest.mark.parametrize(
    ("cost", "quantity", "rate", "points"),
    [(450, 1, 80, 6), (40, 1, 80, 1), (1, 100, 80, 1), (120, 1, 80, 2), (100_000_000_000, 1, 1, 100_000)],
)
def test_a_price_is_the_nearest_whole_number_of_points_and_at_least_one(
    cost: int, quantity: int, rate: int, points: int
) -> None:
    assert propose_price(cost, quantity, rate).points == points


NEW_GOODS = st.lists(
    st.tuples(st.integers(2000, 2030), st.integers(1, 50), st.integers(0, 10_000)), min_size=1, max_size=5
)
STEPS = st.lists(st.sampled_from(["propose", "confirm", "confirm", "refuse"]), min_size=2, max_size=6)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(goods=NEW_GOODS, steps=STEPS)
async def test_a_confirmed_sheet_adds_its_pieces_and_costs_once_whatever_is_retried(
    town: LiveTown, goods: list[tuple[int, int, int]], steps: list[str]
) -> None:
    """In one town, one consignment after the other."""
    [(number,)] = await rows(town, "select count(*) from proposal")
    lines = {code: (quantity, cost) for code, quantity, cost in goods}
    body = sheet_body(
        *((f"物品{code}", str(code), quantity, cost, 5) for code, (quantity, cost) in lines.items()),
        consignment=f"第 {number} 批",
    )
    fund = await read_account(town, accounts.FUND.name)
    before = sum((await read_stock(town)).values())
    confirmed, id = False, ""
    for step in steps:
        if step == "propose":
            answer = await propose(town, body)
            assert answer.status_code == (204 if confirmed else 202), answer.text
            id = id if confirmed else answer.json()["id"]
        elif id and step == "confirm":
            confirmed |= (await confirm(town, id)).is_success
        elif id and step == "refuse":
            async with town.staff("tan") as http:
                refused = await http.post(f"/v1/proposals/{id}/refuse", json={"reason": "x"})
            assert refused.status_code in ((409,) if confirmed else (200, 409))
    pieces, cost = (sum(each[n] for each in lines.values()) if confirmed else 0 for n in (0, 1))
    assert sum((await read_stock(town)).values()) == before + pieces
    assert await read_account(town, accounts.FUND.name) == fund - cost
