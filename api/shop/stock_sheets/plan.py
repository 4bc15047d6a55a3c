"""What a sheet would do, by what there is: new products, prices, and what is on the shelves already. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from api.shop.stock_sheets.rates import propose_price, write_yuan
from api.wire.stock_sheets import StockSheetLine

Key = tuple[str, str, date | None]
"""A line within its consignment: supermarket, barcode, day to sell by."""


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """`pieces`: how many of it the barcode stands for."""

    code: str
    name: str
    price: int
    pieces: int


@dataclass(frozen=True, slots=True)
class Known:
    """`products` by barcode. `arrived`: pieces and cost of what this consignment has brought. `rate`: fen a point,
    None where none is stated."""

    supermarkets: Mapping[str, str]
    products: Mapping[str, KnownProduct]
    arrived: Mapping[Key, tuple[int, int]]
    rate: int | None


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """`number`: its place in the sheet, from 1. `line`: with its price, unless that stays. `product`: None for a
    new one. `reckoning`: how a price was proposed, or empty."""

    number: int
    line: StockSheetLine
    product: KnownProduct | None
    reckoning: str = ""

    @property
    def price(self) -> int:
        """From then on."""
        if self.line.price is not None:
            return self.line.price
        assert self.product is not None, "a new product has its price"
        return self.product.price

    @property
    def changes_price(self) -> bool:
        return self.product is not None and self.line.price not in (None, self.product.price)


@dataclass(frozen=True, slots=True)
class LineProblem:
    """`column`: of the table; empty for the line as a whole."""

    number: int
    column: str
    sentence: str


@dataclass(frozen=True, slots=True)
class StockPlan:
    """`lines`: what would be done. `arrived`: how many lines are on their shelves already."""

    lines: Sequence[PlannedLine]
    problems: Sequence[LineProblem]
    arrived: int

    @property
    def new_products(self) -> dict[str, PlannedLine]:
        """A line of each, by barcode, in the order of the sheet."""
        return {each.line.barcode: each for each in self.lines if each.product is None}

    @property
    def new_prices(self) -> dict[str, PlannedLine]:
        return {each.line.barcode: each for each in self.lines if each.changes_price}

    @property
    def cost(self) -> int:
        return sum(each.line.cost for each in self.lines)

    def describe(self, consignment: str) -> str:
        shops = len({each.line.supermarket for each in self.lines})
        kinds = len({each.line.barcode for each in self.lines})
        pieces = sum(each.line.quantity for each in self.lines)
        told = f"用表格入库“{consignment}”：{shops} 家超市，{kinds} 种 {pieces} 件"
        if self.new_products:
            told += f"，新物品 {len(self.new_products)} 种"
        if self.new_prices:
            told += f"，改分值 {len(self.new_prices)} 种"
        return f"{told}，从经费里付 {write_yuan(self.cost)} 元"


def plan_sheet(sheet: Sequence[StockSheetLine], known: Known) -> StockPlan:
    lines: list[PlannedLine] = []
    problems: list[LineProblem] = []
    arrived = 0
    first: dict[Key, int] = {}
    of_product: dict[str, tuple[int, StockSheetLine]] = {}
    costs = _add_up(sheet)
    for number, line in enumerate(sheet, start=1):
        key = (line.supermarket, line.barcode, line.sell_by)
        there = known.arrived.get(key)
        product = known.products.get(line.barcode)
        wrong = _find_problem(number, line, product, known, of_product, there)
        if first.setdefault(key, number) != number:
            wrong = LineProblem(number, "name", "同一家超市、同一种物品、同一个到期日，表里写了两行；请合成一行。")
        if wrong is not None:
            problems.append(wrong)
        elif there is not None:
            arrived += 1
        elif product is None and line.price is None and known.rate is None:
            sentence = "新物品没有写分值，也还没有定一分折合多少元。"
            problems.append(LineProblem(number, "price", sentence))
        elif product is None and line.price is None:
            assert known.rate is not None
            proposed = propose_price(*costs[line.barcode], known.rate)
            priced = _with_price(line, proposed.points)
            lines.append(PlannedLine(number, priced, None, proposed.reckoning))
        else:
            lines.append(PlannedLine(number, line, product))
    return StockPlan(lines, problems, arrived)


def _find_problem(
    number: int,
    line: StockSheetLine,
    product: KnownProduct | None,
    known: Known,
    of_product: dict[str, tuple[int, StockSheetLine]],
    there: tuple[int, int] | None,
) -> LineProblem | None:
    if line.supermarket not in known.supermarkets:
        return LineProblem(number, "supermarket", f"没有编号为 {line.supermarket} 的超市。")
    if product is not None and product.pieces > 1:
        sentence = f"这是{product.name}一箱 {product.pieces} 件的码，请写单件的条码，数量按件写。"
        return LineProblem(number, "barcode", sentence)
    earlier, other = of_product.setdefault(line.barcode, (number, line))
    if other.name != line.name:
        return LineProblem(number, "name", f"条码和第 {earlier} 样的{other.name}一样，名称不一样；请核对。")
    if other.price != line.price:
        return LineProblem(number, "price", f"{line.name}在表里有两个分值；一种物品全乡一个分值。")
    if there is not None and there != (line.quantity, line.cost):
        quantity, cost = there
        sentence = (
            f"这批货的{line.name}已经入库 {quantity} 件、{write_yuan(cost)} 元，表里写的不一样；"
            "件数不对用盘点改，另外到的货请写别的批次。"
        )
        return LineProblem(number, "quantity", sentence)
    return None


def _add_up(sheet: Sequence[StockSheetLine]) -> dict[str, tuple[int, int]]:
    """Cost and pieces of each product, by barcode: one price for all of it."""
    sums: dict[str, tuple[int, int]] = {}
    for line in sheet:
        cost, quantity = sums.get(line.barcode, (0, 0))
        sums[line.barcode] = (cost + line.cost, quantity + line.quantity)
    return sums


def _with_price(line: StockSheetLine, price: int) -> StockSheetLine:
    return StockSheetLine(
        supermarket=line.supermarket,
        name=line.name,
        barcode=line.barcode,
        quantity=line.quantity,
        cost=line.cost,
        sell_by=line.sell_by,
        price=price,
    )
