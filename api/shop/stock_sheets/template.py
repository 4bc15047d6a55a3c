"""An empty sheet to fill in, with an example of a row."""

from __future__ import annotations

from io import BytesIO

from xlsxwriter import Workbook

from api.shop.stock_sheets.sheet_table import COLUMNS

_EXAMPLES = (
    ("洗衣粉 1千克", "6901234567892", "箱", 12, 10, 54.00, None, "2027-12-31", None, ""),
    ("手工布鞋", "2001", "双", 1, 30, None, 660.00, None, 30, ""),
)
_NOTES = (
    "每种物品、每家超市一行；上面两行是样子，填好后请删去。",
    "条码照包装上的写；没有条码的自编 4 到 7 位数字。",
    "数量按“单位”写；一箱有几件，写在“每单位件数”里，不写就是 1 件。",
    "单价（每单位多少元）和金额（这一行共多少元）写一个就行。",
    "分值不写的：新物品由系统按进价折算，已有的物品不变。",
    "超市不写的，在上传时选一家。",
)
_TEXT = "@"


def render_template() -> bytes:
    """A workbook whose columns of codes are texts, so that no spreadsheet rewrites them."""
    content = BytesIO()
    book = Workbook(content, {"in_memory": True})
    sheet = book.add_worksheet("物品")
    head = book.add_format({"bold": True, "bg_color": "#f3e9d2", "border": 1})
    text = book.add_format({"num_format": _TEXT})
    money = book.add_format({"num_format": "#,##0.00"})
    formats = {"barcode": text, "sell_by": text, "unit_cost": money, "cost": money}
    for place, column in enumerate(COLUMNS):
        unit = "（元）" if column.name in ("unit_cost", "cost") else ""
        sheet.set_column(place, place, 16, formats.get(column.name))
        sheet.write_string(0, place, column.title + unit, head)
    for row, values in enumerate(_EXAMPLES, start=1):
        for place, value in enumerate(values):
            if isinstance(value, str):
                sheet.write_string(row, place, value)
            elif value is not None:
                sheet.write_number(row, place, value)
    notes = book.add_worksheet("怎样填")
    notes.set_column(0, 0, 60)
    for row, note in enumerate(_NOTES):
        notes.write_string(row, 0, note)
    book.close()
    return content.getvalue()
