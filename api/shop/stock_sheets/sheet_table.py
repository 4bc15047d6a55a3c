"""Goods and their first stock as people keep them in a table: a row for each product of a shelf."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from api.platform.table_files.cells import read_barcode, read_date, read_money, text_of, whole_number
from api.platform.table_files.file import TableFile
from api.platform.table_files.table import Column, Problem, Row, Table, read_table
from api.wire.stock_sheets import MAX_SHEET_LINES, StockSheetLine
from api.wire.text import search_form

_UNITS = "件个箱包袋瓶盒条桶块支把双卷提打罐听壶"
COLUMNS = (
    Column(
        "name",
        "名称",
        text_of(80),
        names=("品名", "物品", "物品名称", "商品", "商品名称", "货品", "货品名称"),
    ),
    Column("barcode", "条码", read_barcode, names=("条形码", "商品条码", "商品条形码", "69码")),
    Column("unit", "单位", text_of(20), names=("计量单位",), needed=False, filled=False),
    Column(
        "pack",
        "每单位件数",
        whole_number(_UNITS, least=1, most=10_000),
        names=("每箱件数", "箱规", "每箱数量", "装箱数"),
        needed=False,
        filled=False,
    ),
    Column(
        "quantity",
        "数量",
        whole_number(_UNITS, least=1, most=1_000_000),
        names=("件数", "进货数量", "入库数量", "初始库存", "库存", "总件数"),
        summed=True,
    ),
    Column(
        "unit_cost",
        "单价",
        read_money,
        names=("进价", "成本价", "采购单价", "进货单价", "进货价"),
        needed=False,
        filled=False,
    ),
    Column(
        "cost",
        "金额",
        read_money,
        names=("总价", "总金额", "采购金额", "进货金额", "成本"),
        needed=False,
        filled=False,
        summed=True,
    ),
    Column(
        "sell_by",
        "到期日",
        read_date,
        names=("到期日期", "有效期至", "保质期至", "过期日期", "保质期到"),
        needed=False,
        filled=False,
    ),
    Column(
        "price",
        "分值",
        whole_number("分", least=1, most=100_000),
        names=("积分", "兑换积分", "兑换分", "所需积分", "兑换分值"),
        needed=False,
        filled=False,
    ),
    Column(
        "supermarket",
        "超市",
        text_of(80),
        names=("超市名称", "门店", "店名", "所属超市"),
        loose_names=("村", "村名"),
        needed=False,
        filled=False,
    ),
)
_SHOP_WORDS = re.compile("(?:道德|爱心)?(?:积美|积分)?(?:超市|商店|店)$")


@dataclass(frozen=True, slots=True)
class GoodsTable:
    """`rows`: where each line stands. `notes`: what was read and left out."""

    lines: Sequence[StockSheetLine]
    rows: Sequence[Row]
    problems: Sequence[Problem]
    table: Table


def read_goods_table(file: TableFile, supermarkets: Mapping[str, str], default: str = "") -> GoodsTable:
    """`supermarkets`: names by code; `default`: the code of the one that is meant where a row names none.

    Raises Refused: unreadable, malformed, too-large.
    """
    table = read_table(file, COLUMNS)
    by_name = {key: code for code, name in supermarkets.items() for key in (code, shop_key(name))}
    lines: list[StockSheetLine] = []
    rows: list[Row] = []
    problems = list(table.problems)
    for row in table.rows:
        wrong = list(_find_problems(table, row, by_name, default))
        problems += wrong
        if wrong or row.problems:
            continue
        lines.append(_to_line(row, by_name, default))
        rows.append(row)
    if len(table.rows) > MAX_SHEET_LINES:
        problems.append(Problem(0, file.name, f"超过 {MAX_SHEET_LINES} 行，请分成几张表，各写一批货的名字。"))
    return GoodsTable(lines, rows, sorted(problems, key=lambda each: each.row), table)


def shop_key(name: str) -> str:
    """What spellings of a supermarket's name share: 柳湾 is 柳湾村积美超市."""
    return _SHOP_WORDS.sub("", search_form(name)).removesuffix("村")


def _find_problems(table: Table, row: Row, by_name: Mapping[str, str], default: str) -> Iterator[Problem]:
    values = row.values
    written = values.get("supermarket")
    if written is None and not default:
        yield table.find_problem(row, "supermarket", "没有写超市；请在表里加一列，或在上传时选一家。")
    elif written is not None and _find_shop(written, by_name) is None:
        yield table.find_problem(row, "supermarket", f"没有叫“{written}”的超市。")
    told, each, quantity = values.get("cost"), values.get("unit_cost"), values.get("quantity")
    if any(problem.place for problem in row.problems) or quantity is None:
        return
    if told is None and each is None:
        yield table.find_problem(row, "cost", "没有金额，也没有单价。")
    elif told is not None and each is not None and told != each * quantity:
        right = f"{each / 100:.2f} 元 × {quantity} = {each * quantity / 100:.2f} 元"
        yield table.find_problem(row, "cost", f"金额对不上：{right}，表里是 {told / 100:.2f} 元。")


def _find_shop(written: str, by_name: Mapping[str, str]) -> str | None:
    return by_name.get(written.strip().lower()) or by_name.get(shop_key(written))


def _to_line(row: Row, by_name: Mapping[str, str], default: str) -> StockSheetLine:
    values = row.values
    written = values.get("supermarket")
    cost = values.get("cost")
    return StockSheetLine(
        supermarket=default if written is None else _find_shop(written, by_name) or "",
        name=values["name"],
        barcode=values["barcode"],
        quantity=values["quantity"] * values.get("pack", 1),
        cost=values["unit_cost"] * values["quantity"] if cost is None else cost,
        sell_by=values.get("sell_by"),
        price=values.get("price"),
    )
