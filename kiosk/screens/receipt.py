"""The receipt: what was handed over, and the balance then."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from api.wire import Receipt
from kiosk.columns import between
from kiosk.counter import Counter
from kiosk.keeping.receipts import KeptReceipt
from kiosk.look import SHANGHAI
from kiosk.screens.base import Overlay
from kiosk.widgets.banner import Banner
from kiosk.widgets.big_number import BigNumber
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

AROUND_GOODS = 13
"""Rows of the slip that hold no goods: title, balance, foot and the space between."""


class Goods(Widget):
    """The lines of a receipt, as many as there is room for."""

    DEFAULT_CSS = "Goods { height: 1fr; margin: 1 0; }"

    def __init__(self, receipt: Receipt) -> None:
        super().__init__()
        self._receipt = receipt

    def render(self) -> Content:
        width, height = self.content_size
        lines = [
            Content.assemble((between(f"{line.name} x{line.quantity}", f"{line.points} 分", width), "$cream"))
            for line in self._receipt.lines
        ]
        room = max(height - 1, 1)
        if len(lines) > room:
            unseen = len(lines) - room + 1
            lines = [*lines[: room - 1], Content.assemble((f"另有 {unseen} 种，都在账上", "$faded"))]
        total = between("合计", f"{self._receipt.points} 分", width)
        return Content("\n").join([*lines, Content.assemble((total, "bold $gold"))])


class ReceiptScreen(Overlay):
    CSS = """
    ReceiptScreen #middle { height: 1fr; align: center middle; }
    ReceiptScreen #slip { width: 56; max-height: 100%; background: $panel; padding: 1 4; }
    ReceiptScreen #title { color: $jade; text-style: bold; text-align: center; width: 1fr; }
    ReceiptScreen #now { color: $faded; text-align: center; width: 1fr; }
    ReceiptScreen #slip BigNumber { margin-bottom: 1; }
    ReceiptScreen .small { color: $faded; text-align: center; width: 1fr; }
    """

    def __init__(self, counter: Counter, kept: KeptReceipt, *, again: bool) -> None:
        super().__init__(counter)
        self._kept = kept
        self._receipt = kept.receipt
        self._again = again

    def compose(self) -> ComposeResult:
        receipt = self._receipt
        when = receipt.recorded_at.astimezone(SHANGHAI)
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="slip"):
            yield Static(f"{self._title}  {receipt.name}", id="title", markup=False)
            yield Goods(receipt)
            yield Static(f"{self._balance} {receipt.balance} 分", id="now")
            yield BigNumber(receipt.balance, "分", "$jade")
            yield Static(
                f"{when:%Y-%m-%d %H:%M}  经手 {receipt.attendant}  单号 {receipt.id.hex[-8:].upper()}",
                classes="small",
                markup=False,
            )
        yield Status()
        yield KeyBar(("escape", "Esc", "返回"))

    @property
    def _title(self) -> str:
        what = "断网兑换" if self._kept.offline else "兑换成功"
        if not self._again:
            return what
        return "已作废" if self._kept.voided else "再看收据（断网兑换）" if self._kept.offline else "再看收据"

    @property
    def _balance(self) -> str:
        if self._kept.offline:
            return "当时断网还能兑换" if self._again else "断网时这里还能兑换"
        return "当时还有" if self._again else "现有积分"

    def on_mount(self) -> None:
        self.query_one("#slip").styles.height = AROUND_GOODS + len(self._receipt.lines) + 1
        if self._again:
            # Nobody must hand the goods out twice.
            self.status.hint("这是上一笔的收据，没有新的兑换；按任意键返回")
        else:
            self.status.done("请把物品交给住户；按任意键返回，或直接扫下一户的卡")
        self.set_timer(self.counter.pace.receipt, lambda: self.press("escape"))
