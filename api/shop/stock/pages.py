"""`/desk/goods`: shelves with their alerts, goods receipts to count, and products with their prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template
from uuid_utils.compat import uuid7

from api.platform.access import Role, StaffRequest, require, staff_only
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.shop.stock import arrivals, goods, receipt_views, receipts, scanned_delivery, stock_alerts, use_cases
from api.shop.supermarkets.use_cases import list_supermarkets
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_fen, read_field, read_lines
from api.web.page import render_page
from api.wire import ProposalView
from api.wire import shelf as wire
from api.wire.goods import Restock
from api.wire.gs1 import read_goods

GOODS = "/desk/goods"
_CLOSED_SHOWN = 10
_PURCHASE_LINES = 3
_SOURCES = {"procurement": "经费采购", "donation": "捐赠", "restock": "补货"}
_STATES = {"confirmed": "已上架", "withdrawn": "已作废"}


@get(GOODS)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template | Redirect:
    """The supermarkets that a person serves; a single one opens at once."""
    require(request.user, *stock_alerts.STOCK_READERS)
    supermarkets = await list_supermarkets(services, request.user)
    if len(supermarkets) == 1:
        return see_other(f"{GOODS}/{supermarkets[0].code}")
    alerts = await stock_alerts.read_for_staff(services, request.user)
    waiting = await receipt_views.list_for_staff(services, request.user)
    return render_page(
        request,
        "shop/stock/overview.html",
        staff=request.user,
        supermarkets=supermarkets,
        low=Counter(line.supermarket for line in alerts.low),
        dated=Counter(lot.supermarket for lot in alerts.dated),
        waiting=Counter(receipt.supermarket for receipt in waiting),
    )


@get(GOODS + "/{supermarket:str}")
async def shelf(
    supermarket: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Template:
    lines = await goods.list_shelf(services, request.user, supermarket)
    supermarkets = await list_supermarkets(services, request.user)
    return render_page(
        request,
        "shop/stock/shelf.html",
        staff=request.user,
        supermarket=next(each for each in supermarkets if each.code == supermarket),
        several=len(supermarkets) > 1,
        may_edit_shelf=request.user.may(*goods.SHELF_EDITORS),
        may_add_products=request.user.serves_township and request.user.may(Role.OFFICE),
        may_write_receipts=request.user.may(*receipts.WRITERS),
        new_receipt=uuid7(),
        new_purchase=uuid7(),
        purchase_lines=_PURCHASE_LINES,
        lines=lines,
        others=await goods.list_products_not_on(services, request.user, supermarket),
        alerts=await stock_alerts.read_for_staff(services, request.user, supermarket=supermarket),
        days=stock_alerts.DEFAULT_DAYS,
        waiting=await receipt_views.list_for_staff(services, request.user, supermarket),
        closed=await receipt_views.list_for_staff(
            services, request.user, supermarket, closed=True, limit=_CLOSED_SHOWN
        ),
        sources=_SOURCES,
        states=_STATES,
    )


@post(GOODS + "/{supermarket:str}")
async def place(
    supermarket: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    product = read_code(await request.form(), "product")
    action = goods.place_on_shelf(services, request.user, supermarket, product, wire.ShelfPlacement())
    return await _redirect(f"{GOODS}/{supermarket}", action, "已上架。")


@post("/desk/products/{supermarket:str}")
async def add(supermarket: FromPath[str], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    """A new product, on the shelf of a supermarket."""
    form = await request.form()

    async def add_and_place() -> None:
        code = await use_cases.add_product(
            services,
            request.user,
            read_field(form, "name"),
            _read_barcode(form, services),
            read_code(form, "price"),
        )
        await goods.place_on_shelf(services, request.user, supermarket, code, wire.ShelfPlacement())

    return await _redirect(f"{GOODS}/{supermarket}", add_and_place(), "已添加并上架，终端会自动更新。")


@post("/desk/purchases/{supermarket:str}/{id:uuid}")
async def buy(
    supermarket: FromPath[str], id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    """Goods bought from the fund, as on an invoice. The form's id makes sending it twice harmless."""
    here = f"{GOODS}/{supermarket}"
    form = await request.form()
    entered = [
        {"product": product, "quantity": read_code(form, f"quantity.{n}"), "cost": read_fen(form, f"cost.{n}")}
        for n in range(1, _PURCHASE_LINES + 1)
        if (product := read_code(form, f"product.{n}"))
    ]
    values = {"supermarket": supermarket, "lines": entered, "supplier": read_field(form, "supplier")}
    try:
        data = msgspec.convert(values, Restock, strict=False)
    except msgspec.ValidationError:
        data = None
    if data is None or any(line.cost is None for line in data.lines):
        sentence = "请至少选一样，每样填好件数和一共付了多少元（最多两位小数），没有办理。"
        return see_other(here, sentence, "refused")
    sentence = "已提议，等另一个人在“两人办理”里确认；确认以前没有入库，也没有付钱。"
    return await _redirect(
        here, arrivals.restock(services, request.user, id, data), "已经入库。", proposed=sentence
    )


@post("/desk/deliveries/{supermarket:str}/{id:uuid}")
async def write_delivery(
    supermarket: FromPath[str], id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    """What arrived, as it was scanned; somebody else counts it. The form's id makes sending it twice harmless."""
    here = f"{GOODS}/{supermarket}"
    form = await request.form()

    async def write() -> None:
        data = wire.NewGoodsReceipt(
            supermarket=supermarket,
            source="restock",
            supplier=read_field(form, "supplier"),
            lines=await scanned_delivery.read_delivery(services, read_lines(form, "scans")),
        )
        await receipts.write(services, request.user, id, data)

    return await _redirect(here, write(), "到货已登记，请换一个人点数。")


@get(GOODS + "/{supermarket:str}/{product:str}")
async def product(
    supermarket: FromPath[str], product: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Template:
    lines = await goods.list_shelf(services, request.user, supermarket)
    line = next((line for line in lines if line.product == product), None)
    if line is None:
        raise Refused(ErrorCode.UNKNOWN, "这件物品不在这个货架上，可能刚刚撤下。")
    return render_page(
        request,
        "shop/stock/product.html",
        staff=request.user,
        supermarket=supermarket,
        line=line,
        may_edit_product=request.user.serves_township and request.user.may(Role.OFFICE),
        may_edit_shelf=request.user.may(*goods.SHELF_EDITORS),
        prices=await goods.list_price_changes(services, request.user, product),
    )


@post(GOODS + "/{supermarket:str}/{product:str}")
async def change(
    supermarket: FromPath[str], product: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    """The product itself, in every supermarket."""
    here = f"{GOODS}/{supermarket}/{product}"
    form = await request.form()
    values = {"name": read_field(form, "name"), "barcode": _read_barcode(form, services)}
    values |= {name: read_code(form, name) for name in ("price", "minimum")}
    try:
        data = msgspec.convert(values, wire.ProductChange, strict=False)
    except msgspec.ValidationError:
        sentence = "请填好名称、4 到 18 位数字的条码、1 到 100000 的分值和最低库存，没有改动。"
        return see_other(here, sentence, "refused")
    return await _redirect(
        here, goods.change_product(services, request.user, product, data), "已保存，终端会自动更新。"
    )


def _read_barcode(form: FormMultiDict, services: Services) -> str:
    """The number in whatever was scanned; what can't be read is left for the use case to refuse."""
    text = read_code(form, "barcode")
    try:
        scan = read_goods(text, local_date(services.clock.now()))
    except ValueError:
        return text
    return text if scan is None else scan.barcode


@post(GOODS + "/{supermarket:str}/{product:str}/barcodes")
async def add_barcode(
    supermarket: FromPath[str], product: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    here = f"{GOODS}/{supermarket}/{product}"
    form = await request.form()
    scanned, entered = read_code(form, "code"), read_code(form, "pieces")
    if not (entered.isdecimal() and len(entered) <= 5 and 1 <= int(entered) <= 10_000):
        return see_other(here, "这个码是几件，请填 1 到 10000 的整数。", "refused")
    action = goods.add_barcode(services, request.user, product, scanned, int(entered))
    return await _redirect(here, action, "条码已加上，终端会自动更新。")


@post(GOODS + "/{supermarket:str}/{product:str}/barcodes/remove")
async def remove_barcode(
    supermarket: FromPath[str], product: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    here = f"{GOODS}/{supermarket}/{product}"
    code = read_code(await request.form(), "code")
    return await _redirect(here, goods.remove_barcode(services, request.user, product, code), "条码已删去。")


@post(GOODS + "/{supermarket:str}/{product:str}/minimum")
async def own_minimum(
    supermarket: FromPath[str], product: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    here = f"{GOODS}/{supermarket}/{product}"
    entered = read_code(await request.form(), "minimum")
    try:
        data = msgspec.convert({"minimum": entered or None}, wire.ShelfPlacement, strict=False)
    except msgspec.ValidationError:
        return see_other(here, "最低库存请填 0 到 1000000 的整数，没有改动。", "refused")
    action = goods.place_on_shelf(services, request.user, supermarket, product, data)
    return await _redirect(here, action, "最低库存已保存。")


@post(GOODS + "/{supermarket:str}/{product:str}/retire")
async def retire(
    supermarket: FromPath[str], product: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    action = goods.retire(services, request.user, supermarket, product)
    return await _redirect(f"{GOODS}/{supermarket}", action, "已从货架撤下。", f"{GOODS}/{supermarket}/{product}")


@post("/desk/goods-receipts/{id:uuid}/confirm")
async def confirm(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    here = await _shelf_of(services, request, id)
    try:
        count = _counted(await request.form())
    except msgspec.ValidationError:
        return see_other(here, "每一行都要填点到的件数，没有到货的填 0。", "refused")
    return await _redirect(here, receipts.confirm(services, request.user, id, count), "已确认，按您点的数上架。")


def _counted(form: FormMultiDict) -> wire.ReceiptCount:
    lines = [
        {"line": name.removeprefix("counted."), "counted": read_code(form, name)}
        for name in form
        if name.startswith("counted.")
    ]
    return msgspec.convert({"lines": lines}, wire.ReceiptCount, strict=False)


@post("/desk/goods-receipts/{id:uuid}/withdraw")
async def withdraw(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    here = await _shelf_of(services, request, id)
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(here, "请写明为什么作废，最多 200 字。", "refused")
    return await _redirect(here, receipts.withdraw(services, request.user, id, reason), "收货单已作废，没有入账。")


async def _shelf_of(services: Services, request: StaffRequest, id: UUID) -> str:
    receipt = await receipt_views.read_by_id(services, request.user, id)
    return f"{GOODS}/{receipt.supermarket}"


_PROPOSED = "改得多，一个人不能定：已提议，等另一个人在“两人办理”里确认，现在没有改动。"


async def _redirect(
    path: str, action: Awaitable[Any], message: str, on_refusal: str = "", proposed: str = _PROPOSED
) -> Redirect:
    """To `path` saying what was done, or to `on_refusal` saying why it was refused."""
    try:
        result = await action
    except Refused as error:
        return see_other(on_refusal or path, error.detail, "refused")
    if isinstance(result, ProposalView):
        return see_other(path, proposed)
    return see_other(path, message)


router = Router(
    "/",
    route_handlers=[
        overview,
        shelf,
        place,
        add,
        buy,
        write_delivery,
        product,
        change,
        add_barcode,
        remove_barcode,
        own_minimum,
        retire,
        confirm,
        withdraw,
    ],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
