"""The tables of the register to fill in: a sheet for each, with an example that is not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from xlsxwriter import Workbook

from api.registry.register.register_table import DUTIES

EXAMPLE = "示例"
"""A row with this in a cell is not read."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    headings: Sequence[str]
    examples: Sequence[Sequence[str | int]]
    notes: Sequence[str]


_SHEETS = (
    _Sheet(
        "村",
        ("村", "村编号", "公示天数"),
        (("柳湾村", "v01", 3),),
        (
            "每村一行。村编号和公示天数可以空着：编号会自动给，公示天数用乡镇的。",
            "给村改名：写原来的编号和新的村名。",
        ),
    ),
    _Sheet(
        "网格",
        ("村", "网格", "网格编号"),
        (("柳湾村", "第一网格", "v01-01"),),
        ("每个网格一行。网格编号可以空着，会自动给。", "给网格改名：写原来的编号和新的名称。"),
    ),
    _Sheet(
        "网格人员",
        ("姓名", "职责", "村", "网格", "本人户编号"),
        (("张桂兰", "网格员", "柳湾村", "第一网格", "0101001"), ("马志强", "总网格长", "全乡", "", "")),
        (
            f"职责可以写：{'、'.join(names[0] for names in DUTIES.values())}；几项之间用顿号。",
            "服务全乡的，村一列写“全乡”。本人户编号写了，本人家的事就不会由本人经办；不知道就空着。",
            "用户名按姓名的拼音自动给。密码由本人凭邀请码自己设，表里不要写密码和电话。",
        ),
    ),
    _Sheet(
        "农户",
        ("户编号", "村", "网格", "户主姓名", "家庭人口", "家庭成员"),
        (
            ("0101001", "柳湾村", "第一网格", "张桂兰", 4, "王建军（成年）、王小明（2015年生）"),
            ("0101002", "柳湾村", "第一网格", "李国福", 1, ""),
        ),
        (
            "每户一行。户编号没有的可以空着，核对时会建议一个。",
            "家庭成员可以不写。写了“成年”、年龄或出生年份的成年人记名字；孩子只算人数，不记名字。",
            "村和网格在别的表里没有的，会照这里的写法新建。",
        ),
    ),
)


def make_template() -> bytes:
    """An XLSX whose codes are texts, so that zeros before them stay."""
    made = BytesIO()
    with Workbook(made, {"in_memory": True}) as book:
        heading = book.add_format({"bold": True, "bg_color": "#f3e6c8", "border": 1})
        text = book.add_format({"num_format": "@"})
        example = book.add_format({"num_format": "@", "italic": True, "font_color": "#7f7f7f"})
        for each in _SHEETS:
            sheet = book.add_worksheet(each.name)
            sheet.freeze_panes(1, 0)
            columns = (*each.headings, "说明")
            sheet.set_column(0, len(columns) - 2, 16, text)
            sheet.set_column(len(columns) - 1, len(columns) - 1, 24)
            sheet.write_row(0, 0, columns, heading)
            for number, row in enumerate(each.examples, start=1):
                sheet.write_row(number, 0, (*row, EXAMPLE), example)
        notes = book.add_worksheet("怎么填")
        notes.set_column(0, 0, 100)
        notes.write_column(0, 0, list(_list_notes()))
    return made.getvalue()


def _list_notes() -> Sequence[str]:
    common = (
        "四张表可以都填，也可以只填“农户”一张：村和网格会跟着建好。",
        f"灰色的“{EXAMPLE}”行不会导入，留着或删掉都可以。表头不要改名，列的先后可以换。",
        "编号的格子已设为文本，前面的 0 不会丢。",
        "同一份表再传一次，什么都不会变；改过的表，会先列出新的、改了的和没有了的，确认后才写入。",
    )
    return [*common, *(f"【{each.name}】{note}" for each in _SHEETS for note in each.notes)]
