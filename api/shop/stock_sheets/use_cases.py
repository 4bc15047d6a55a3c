"""Goods and first stock from a sheet: looked at without writing, proposed as one, executed wholly or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import select

from api import wire
from api.platform.access import Role, Staff, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.queries import list_waiting_requests
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    propose,
    to_view,
    trial,
)
from api.shop.stock import barcodes, goods
from api.shop.stock.actors import Actor
from api.shop.stock.arrivals import post_restock
from api.shop.stock.tables import Product, ProductBarcode
from api.shop.stock.use_cases import create_products, propose_codes
from api.shop.stock_sheets.plan import Key, Known, KnownProduct, PlannedLine, StockPlan, plan_sheet
from api.shop.stock_sheets.rates import read_rate
from api.shop.stock_sheets.tables import SheetLine
from api.shop.supermarkets.queries import read_supermarket_names
from api.wire import shelf
from api.wire.stock_sheets import StockSheet, StockSheetLine


class SheetDetail(msgspec.Struct, frozen=True):
    """A line of a proposal as the second person reads it. `price`: from which to which; `before` None for a new
    product, both the same where it stays. `cost` in fen."""

    supermarket: str
    name: str
    barcode: str
    quantity: int
    cost: int
    sell_by: str
    before: int | None
    price: int


async def look_at_sheet(services: Services, staff: Staff, sheet: StockSheet) -> StockPlan:
    """What it would do, and what is wrong with it; nothing is written. Raises Refused: not-allowed."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        return await _plan(uow, _normalize(sheet))


async def propose_sheet(services: Services, staff: Staff, sheet: StockSheet) -> wire.ProposalView | None:
    """All of it as one proposal; None where all of it is on the shelves already. The same sheet again is the same
    proposal.

    Raises Refused: not-allowed, barcode-wrong, malformed (problems), wrong-state, and as products, prices and
    restocks do.
    """
    require_township(staff, Role.OFFICE)
    sheet = _normalize(sheet)
    async with services.unit_of_work() as uow:
        plan = await _plan(uow, sheet)
        if plan.problems:
            told = [f"第 {problem.number} 行：{problem.sentence}" for problem in plan.problems]
            raise Refused(ErrorCode.MALFORMED, f"表里有 {len(told)} 处要改：{told[0]}", problems=told)
        if not plan.lines:
            return None
        # With the prices that were proposed: what is confirmed is what was seen.
        request = msgspec.structs.replace(sheet, lines=[each.line for each in plan.lines])
        await _require_alone(uow, request)
        async with trial(uow):
            await _execute_plan(uow, plan, sheet, uuid5(staff.id, sheet.consignment), staff.id, staff.id)
        new = NewProposal(
            request=request,
            what=plan.describe(sheet.consignment),
            village=None,
            preview=await _describe_lines(uow, plan.lines),
        )
        return await to_view(uow, SHEET, await propose(uow, SHEET, Signer.of(staff), new), staff)


def _normalize(sheet: StockSheet) -> StockSheet:
    """Raises Refused: barcode-wrong."""
    lines = [msgspec.structs.replace(line, barcode=barcodes.normalize(line.barcode)) for line in sheet.lines]
    return msgspec.structs.replace(sheet, lines=lines)


async def _require_alone(uow: UnitOfWork, request: StockSheet) -> None:
    """Raises Refused: wrong-state, where the consignment waits with other lines."""
    for waiting in await list_waiting_requests(uow, SHEET.name):
        if waiting["consignment"] == request.consignment and waiting != msgspec.to_builtins(request):
            raise Refused(
                ErrorCode.WRONG_STATE,
                f"“{request.consignment}”还有一份提议在等确认；表改过的话，请先在“两人办理”里撤回那一份。",
            )


async def _plan(uow: UnitOfWork, sheet: StockSheet) -> StockPlan:
    known = Known(
        supermarkets=await read_supermarket_names(uow),
        products=await _read_products(uow, {line.barcode for line in sheet.lines}),
        arrived=await _read_arrived(uow, sheet.consignment),
        rate=await read_rate(uow),
    )
    return plan_sheet(sheet.lines, known)


async def _read_products(uow: UnitOfWork, codes: Collection[str]) -> dict[str, KnownProduct]:
    rows = await uow.session.execute(
        select(ProductBarcode.barcode, Product.code, Product.name, Product.price, ProductBarcode.pieces)
        .join(Product, (Product.township == ProductBarcode.township) & (Product.code == ProductBarcode.product))
        .where(ProductBarcode.township == uow.township, ProductBarcode.barcode.in_(codes))
    )
    return {barcode: KnownProduct(code, name, price, pieces) for barcode, code, name, price, pieces in rows}


async def _read_arrived(uow: UnitOfWork, consignment: str) -> dict[Key, tuple[int, int]]:
    rows = await uow.session.execute(
        select(SheetLine.supermarket, Product.barcode, SheetLine.sell_by, SheetLine.quantity, SheetLine.cost)
        .join(Product, (Product.township == SheetLine.township) & (Product.code == SheetLine.product))
        .where(SheetLine.township == uow.township, SheetLine.consignment == consignment)
    )
    return {(shop, barcode, day): (quantity, cost) for shop, barcode, day, quantity, cost in rows}


async def _describe_lines(uow: UnitOfWork, lines: Sequence[PlannedLine]) -> list[SheetDetail]:
    names = await read_supermarket_names(uow)
    return [
        SheetDetail(
            supermarket=names[each.line.supermarket],
            name=each.line.name if each.product is None else each.product.name,
            barcode=each.line.barcode,
            quantity=each.line.quantity,
            cost=each.line.cost,
            sell_by="" if each.line.sell_by is None else each.line.sell_by.isoformat(),
            before=None if each.product is None else each.product.price,
            price=each.price,
        )
        for each in lines
    ]


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> None:
    sheet = msgspec.convert(proposed.request, StockSheet)
    plan = await _plan(uow, sheet)
    if plan.problems or plan.arrived:
        why = plan.problems[0].sentence if plan.problems else "其中有的已经入库。"
        raise Refused(ErrorCode.WRONG_STATE, f"提议以后有了变化，不能照原样入库：{why}请退回这份提议，重新上传。")
    products = await _execute_plan(uow, plan, sheet, proposed.id, proposed.proposer.id, confirmer.id)
    uow.session.add_all(
        SheetLine(
            township=uow.township,
            proposal=proposed.id,
            line=each.number,
            consignment=sheet.consignment,
            supermarket=each.line.supermarket,
            product=products[each.line.barcode],
            sell_by=each.line.sell_by,
            quantity=each.line.quantity,
            cost=each.line.cost,
        )
        for each in plan.lines
    )
    await uow.session.flush()


SHEET = ProposalKind("stock-sheet", "用表格入库", Confirmers((Role.OFFICE, Role.SUPERVISOR)), _execute)


async def _execute_plan(
    uow: UnitOfWork, plan: StockPlan, sheet: StockSheet, id: UUID, proposer: UUID, confirmer: UUID
) -> dict[str, str]:
    """Returns the products by barcode. `id`: of the proposal; those of its restocks follow from it."""
    new = plan.new_products
    products = dict(zip(new, await propose_codes(uow, len(new)), strict=True))
    if new:
        await create_products(uow, [_to_product(products[barcode], each.line) for barcode, each in new.items()])
    products |= {each.line.barcode: each.product.code for each in plan.lines if each.product is not None}
    for barcode, each in plan.new_prices.items():
        product = await goods.lock_product(uow, products[barcode])
        change = shelf.ProductChange(price=each.line.price)
        await goods.apply_change(uow, product, change, proposer, confirmer)
    by_shop: defaultdict[str, list[StockSheetLine]] = defaultdict(list)
    for each in plan.lines:
        by_shop[each.line.supermarket].append(each.line)
    for supermarket, lines in sorted(by_shop.items()):
        restock = wire.Restock(
            supermarket=supermarket,
            supplier=sheet.supplier,
            lines=[
                wire.RestockLine(
                    product=products[line.barcode], quantity=line.quantity, sell_by=line.sell_by, cost=line.cost
                )
                for line in lines
            ],
        )
        await post_restock(uow, Actor(proposer, ""), uuid5(id, supermarket), restock, confirmer)
    return products


def _to_product(code: str, line: StockSheetLine) -> wire.NewProduct:
    assert line.price is not None
    return wire.NewProduct(code=code, name=line.name, barcode=line.barcode, price=line.price)
