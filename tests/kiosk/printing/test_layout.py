"""Layout of slips: whatever the names, lines fit the paper and figures are at its right edge."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire.text import make_line_visible, split_clusters
from kiosk.printing.layout import PaperLine, count_columns, format_row, make_printable, wrap
from kiosk.printing.report import lay_out_report
from kiosk.printing.slip import Slip, SlipLine, lay_out_slip
from tests.kiosk.printing.slips import REPORT, SLIP

WIDTHS = (32, 48)

# Surrogates too: no name may prevent a slip.
texts = st.text(st.characters(exclude_categories=()), max_size=90) | st.text("卷纸 x9·（）", max_size=90)
points = st.integers(0, 1_000_000_000)
slip_goods = st.builds(SlipLine, texts, st.integers(1, 999), points)
slips = st.builds(
    Slip,
    id=st.uuids(),
    supermarket=texts,
    household=texts,
    lines=st.lists(slip_goods, min_size=1, max_size=4).map(tuple),
    balance=points,
    attendant=texts,
    recorded_at=st.just(SLIP.recorded_at),
    offline=st.booleans(),
    collector=texts,
    seal=texts,
)


def text(lines: list[PaperLine]) -> str:
    return "\n".join(line.text for line in lines)


@given(slips, st.sampled_from(WIDTHS), st.booleans())
def test_a_slip_fits_the_paper(slip: Slip, width: int, reprint: bool) -> None:
    lines = lay_out_slip(slip, width, reprint=reprint)
    assert all(line.columns <= width for line in lines)
    assert all(make_line_visible(line.text) == line.text for line in lines)
    assert not {"¥", "￥"} & set(text(lines))


@given(slips, st.sampled_from(WIDTHS))
def test_figures_are_at_the_right_edge(slip: Slip, width: int) -> None:
    lines = lay_out_slip(slip, width, reprint=False)
    figures = [f"x{line.quantity}  {line.points} 分" for line in slip.lines]
    figures += [f"{slip.points} 分", f"{slip.balance} 分", slip.number]
    rest = iter(lines)
    for figure in figures:
        line = next(line for line in rest if line.text.endswith(figure))
        assert line.columns == width
        assert line.text.removesuffix(figure)[-1:] in {" ", ""}


@given(texts, st.sampled_from([2, 3, 16, 32]))
def test_wrapping_loses_nothing(name: str, width: int) -> None:
    pieces = wrap(name, width)
    assert "".join(pieces) == make_printable(name)
    assert all(count_columns(piece) <= width for piece in pieces)
    # No line ends before the next sign would not have fitted.
    for piece, following in pairwise(pieces):
        assert count_columns(piece + split_clusters(following)[0]) > width


def test_a_slip_of_58_millimetres() -> None:
    assert [line.text for line in lay_out_slip(SLIP, 32, reprint=False)] == [
        "       李家村道德积美超市",
        "    兑换收据",
        "--------------------------------",
        "住户                        王**",
        "--------------------------------",
        "肥皂                   x2  10 分",
        "五月花卷纸（十二卷装·加厚三层·",
        "家庭实惠型）          x1  120 分",
        "--------------------------------",
        "合计                      130 分",
        "兑换后余额                 96 分",
        "--------------------------------",
        "经手                        小张",
        "时间            2026-05-03 01:30",
        "单号                    4C2F7A10",
    ]


def test_a_long_name_has_its_figure_on_the_next_line() -> None:
    assert format_row("五月花卷纸十二卷装加厚三层", "x1  120 分", 32) == [
        PaperLine("五月花卷纸十二卷装加厚三层"),
        PaperLine("                      x1  120 分"),
    ]
    assert format_row("", "一" * 17, 32) == [PaperLine("一" * 16), PaperLine(" " * 30 + "一")]


def test_a_collection_by_a_neighbour_with_a_seal() -> None:
    shown = text(lay_out_slip(replace(SLIP, collector="李**", seal="18320 Ab3dEf9k"), 32, reprint=False))
    assert "\n由李**代领\n" in shown
    assert shown.endswith("\n账本封印          18320 Ab3dEf9k")


def test_an_offline_receipt_has_the_balance_at_this_kiosk() -> None:
    shown = text(lay_out_slip(replace(SLIP, offline=True), 32, reprint=False))
    assert "断网兑换，待入账" in shown
    assert "\n本店还可兑换               96 分\n" in shown
    assert "余额" not in shown


@pytest.mark.parametrize("width", WIDTHS)
def test_a_reprint_says_so_at_both_ends(width: int) -> None:
    first, *_, last = lines = lay_out_slip(SLIP, width, reprint=True)
    assert first == last == PaperLine(" " * (width // 4 - 2) + "补打", big=True)
    assert "不得重复领取" in text(lines)
    assert lines[2:-1] == lay_out_slip(SLIP, width, reprint=False)
    first, *_, last = lay_out_report(REPORT, width, reprint=True)
    assert first.text.strip() == last.text.strip() == "补打"


def test_a_name_cannot_contain_printer_commands() -> None:
    assert make_printable("\x1bp\0肥\r\n皂\u200d\u3000￥5") == "p肥  皂 元5"


def test_a_report() -> None:
    assert [line.text for line in lay_out_report(REPORT, 32, reprint=False)] == [
        "       李家村道德积美超市",
        "    交班日报",
        "--------------------------------",
        "当班                        小张",
        "--------------------------------",
        "兑换                       12 笔",
        "积分                      340 分",
        "作废                        1 笔",
        "--------------------------------",
        "物品",
        "肥皂                       15 块",
        "牙膏                        8 支",
        "--------------------------------",
        "盘点",
        "没有差异",
        "--------------------------------",
    ]
