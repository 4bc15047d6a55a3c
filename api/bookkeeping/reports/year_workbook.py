"""The year's report as a workbook. What follows from other cells is a formula, so that whoever reads it can see
how, and go on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from api.bookkeeping.reports.year import YearReport

_NUMBER, _PERCENT, _YUAN = "#,##0", "0%", "#,##0.00"
_FEN = 100


@dataclass(frozen=True, slots=True)
class Formula:
    """`value`: what it comes to, for programs that show a workbook without reckoning."""

    text: str
    value: float


Cell: TypeAlias = str | int | float | Formula | None


def write_year(report: YearReport, township: str) -> bytes:
    file = BytesIO()
    with Workbook(file, {"in_memory": True}) as workbook:
        sheets = _Sheets(workbook)
        # The first to be seen, though its formulas look at the next.
        overview, months = workbook.add_worksheet("概况"), workbook.add_worksheet("按月")
        _write_months(sheets, months, report)
        _write_overview(sheets, overview, report, township)
        _write_shares(sheets, report)
        _write_products(sheets, report)
    return file.getvalue()


class _Sheets:
    def __init__(self, workbook: Workbook) -> None:
        self.workbook = workbook
        self._heading = workbook.add_format({"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"})
        self._formats = {name: workbook.add_format({"num_format": name}) for name in (_NUMBER, _PERCENT, _YUAN)}

    def add(self, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Cell]]) -> Worksheet:
        sheet = self.workbook.add_worksheet(name)
        self.write(sheet, columns, rows)
        return sheet

    def write(self, sheet: Worksheet, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Cell]]) -> None:
        """`columns`: of each its heading and the format of its numbers."""
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(columns) - 1, 12)
        for column, (heading, _) in enumerate(columns):
            sheet.write_string(0, column, heading, self._heading)
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                self.write_cell(sheet, place, column, cell, columns[column][1])

    def write_cell(self, sheet: Worksheet, row: int, column: int, cell: Cell, number_format: str) -> None:
        match cell:
            case None:
                pass
            case str():
                # As text: never a formula or link, whatever it begins with.
                sheet.write_string(row, column, cell)
            case Formula():
                sheet.write_formula(row, column, cell.text, self._formats[number_format], cell.value)
            case _:
                sheet.write_number(row, column, cell, self._formats[number_format])


_MONTH_COLUMNS = (
    ("月份", _NUMBER),
    *((title, _NUMBER) for title in ("发放", "导入", "兑换", "过期", "扣分", "月末未兑换", "兑换次数")),
    *((title, _YUAN) for title in ("拨款（元）", "捐款（元）", "进货（元）", "月末资金（元）")),
    ("保障率", _PERCENT),
)


def _write_months(sheets: _Sheets, sheet: Worksheet, report: YearReport) -> None:
    rows: list[list[Cell]] = [
        ["年初", None, None, None, None, None, report.opening, None, None, None, None, report.opening_fund / _FEN]
    ]
    for n, month in enumerate(report.months, start=3):
        rows.append(
            [
                f"{month.month.month}月",
                *month.points.values(),
                Formula(f"=G{n - 1}+B{n}+C{n}-D{n}-E{n}-F{n}", month.held),
                month.redemptions,
                *(fen / _FEN for fen in month.money.values()),
                Formula(f"=L{n - 1}+I{n}+J{n}-K{n}", month.fund / _FEN),
                None if month.cover is None else month.cover / 100,
            ]
        )
    last = 2 + len(report.months)
    sums = {
        **dict(zip("BCDEF", report.months[0].points, strict=True)),
        **dict(zip("IJK", report.months[0].money, strict=True)),
    }
    total: list[Cell] = ["全年"]
    for column in "BCDEFGHIJKL":
        formula = f"=SUM({column}3:{column}{last})"
        match column:
            case "G":
                total.append(Formula(f"=G{last}", report.months[-1].held))
            case "L":
                total.append(Formula(f"=L{last}", report.months[-1].fund / _FEN))
            case "H":
                total.append(Formula(formula, report.redemptions))
            case _:
                total.append(Formula(formula, report.total(sums[column]) / (_FEN if column in "IJK" else 1)))
    sheets.write(sheet, _MONTH_COLUMNS, [*rows, total])
    for kind, columns, place in (("column", "BD", "A"), ("line", "G", "F"), ("line", "M", "K")):
        chart = sheets.workbook.add_chart({"type": kind})
        for column in columns:
            chart.add_series(
                {
                    "name": f"=按月!${column}$1",
                    "categories": f"=按月!$A$3:$A${last}",
                    "values": f"=按月!${column}$3:${column}${last}",
                }
            )
        chart.set_legend({"position": "bottom"})
        sheet.insert_chart(f"{place}{last + 3}", chart)


def _write_overview(sheets: _Sheets, sheet: Worksheet, report: YearReport, township: str) -> None:
    total = 3 + len(report.months)
    issued, redeemed = report.total("issued"), report.total("redeemed")

    def sum_of(title: str, column: str, value: int) -> tuple[str, Cell, str]:
        return title, Formula(f"=按月!{column}{total}", value), _NUMBER

    rows: tuple[tuple[str, Cell, str], ...] = (
        ("截止日期", f"{report.until:%Y-%m-%d}", _NUMBER),
        ("年初未兑换积分", Formula("=按月!G2", report.opening), _NUMBER),
        sum_of("发放积分", "B", issued),
        sum_of("导入积分", "C", report.total("imported")),
        sum_of("兑换积分", "D", redeemed),
        sum_of("过期积分", "E", report.total("expired")),
        sum_of("扣分", "F", report.total("deducted")),
        ("期末未兑换积分", Formula("=B3+B4+B5-B6-B7-B8", report.months[-1].held), _NUMBER),
        ("兑换率（兑换÷发放）", Formula("=IF(B4=0,0,B6/B4)", redeemed / issued if issued else 0), _PERCENT),
        sum_of("兑换次数", "H", report.redemptions),
        ("户数", report.households, _NUMBER),
        ("得过积分的户", report.awarded, _NUMBER),
        ("得过积分的户占比", Formula("=IF(B12=0,0,B13/B12)", _ratio(report.awarded, report.households)), _PERCENT),
        ("兑换过的户", report.redeeming, _NUMBER),
        ("兑换过的户占比", Formula("=IF(B12=0,0,B15/B12)", _ratio(report.redeeming, report.households)), _PERCENT),
    )
    sheets.write(sheet, ((f"{township} {report.year} 年", _NUMBER), ("数", _NUMBER)), [])
    sheet.set_column(0, 0, 24)
    for place, (title, cell, number_format) in enumerate(rows, start=1):
        sheet.write_string(place, 0, title)
        sheets.write_cell(sheet, place, 1, cell, number_format)


def _write_shares(sheets: _Sheets, report: YearReport) -> None:
    """By village, category and supermarket, each with its share of the whole."""
    villages = [(each.name, [each.issued, each.redeemed]) for each in report.villages]
    categories = [(category or "其他", [points]) for category, points in report.categories]
    shops = [(each.name, [each.redeemed, each.redemptions]) for each in report.shops]
    _write_share(sheets, "按村", "村", ["发放", "兑换"], villages)
    _write_share(sheets, "按类别", "类别", ["发放"], categories)
    _write_share(sheets, "按超市", "超市", ["兑换", "兑换次数"], shops)


def _write_share(
    sheets: _Sheets, name: str, first: str, titles: Sequence[str], lines: Sequence[tuple[str, Sequence[int]]]
) -> None:
    last = 1 + len(lines)
    sums = [sum(numbers[n] for _, numbers in lines) for n in range(len(titles))]
    rows: list[list[Cell]] = [
        [line, *numbers, Formula(f"=IF(B${last + 1}=0,0,B{n}/B${last + 1})", _ratio(numbers[0], sums[0]))]
        for n, (line, numbers) in enumerate(lines, start=2)
    ]
    total = [Formula(f"=SUM({c}2:{c}{last})", value) for c, value in zip("BC", sums, strict=False)]
    rows.append(["合计", *(total if lines else sums)])
    columns = ((first, _NUMBER), *((title, _NUMBER) for title in titles), (f"{titles[0]}占比", _PERCENT))
    sheets.add(name, columns, rows).set_column(0, 0, 24)


_PRODUCT_COLUMNS = (
    ("物品", _NUMBER),
    *((title, _NUMBER) for title in ("年初库存", "采购", "捐赠", "发出", "盘点短少", "期末库存")),
    ("采购金额（元）", _YUAN),
    ("采购单价（元）", _YUAN),
)


def _write_products(sheets: _Sheets, report: YearReport) -> None:
    rows: list[list[Cell]] = []
    for n, each in enumerate(report.products, start=2):
        rows.append(
            [
                each.name,
                each.opening,
                each.bought,
                each.donated,
                each.handed_out,
                each.missing,
                Formula(f"=B{n}+C{n}+D{n}-E{n}-F{n}", each.stock),
                each.paid / _FEN,
                Formula(f"=IF(C{n}=0,0,H{n}/C{n})", _ratio(each.paid, each.bought) / _FEN),
            ]
        )
    sheets.add("物品", _PRODUCT_COLUMNS, rows).set_column(0, 0, 24)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0
