"""The receipt on the screen."""

from __future__ import annotations

from contextlib import suppress

from msgspec import UNSET
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from api.wire import Receipt
from kiosk.appearance import MIN_NORMAL_SIZE, SHANGHAI
from kiosk.columns import justify
from kiosk.counter import Counter
from kiosk.errors import DiskError
from kiosk.holdings import describe_unavailable
from kiosk.language import _
from kiosk.screens.base import Notice, ReprintRequested
from kiosk.store.receipts import StoredReceipt
from kiosk.widgets.banner import Banner
from kiosk.widgets.big_number import BigNumber
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

ROWS_WITHOUT_GOODS = 13
"""Title, balance, footer and the space between."""


class ReceiptLines(Widget):
    """The lines of a receipt, as many as fit."""

    DEFAULT_CSS = "ReceiptLines { height: 1fr; margin: 1 0; }"

    def __init__(self, receipt: Receipt) -> None:
        super().__init__()
        self._receipt = receipt

    def render(self) -> Content:
        width, height = self.content_size
        lines = [
            Content.assemble(
                (
                    justify(f"{line.name} x{line.quantity}", _("{points} 分").format(points=line.points), width),
                    "$cream",
                )
            )
            for line in self._receipt.lines
        ]
        room = max(height - 1, 1)
        if len(lines) > room:
            unseen = len(lines) - room + 1
            lines = [
                *lines[: room - 1],
                Content.assemble((_("另有 {unseen} 种，都在账上").format(unseen=unseen), "$faded")),
            ]
        total = justify(_("合计"), _("{points} 分").format(points=self._receipt.points), width)
        return Content("\n").join([*lines, Content.assemble((total, "bold $gold"))])


class ReceiptScreen(Notice):
    CSS = """
    ReceiptScreen #middle { height: 1fr; align: center middle; }
    ReceiptScreen #slip { width: 56; max-height: 100%; background: $panel; padding: 1 4; }
    ReceiptScreen #title { color: $jade; text-style: bold; text-align: center; width: 1fr; }
    ReceiptScreen #now { color: $faded; text-align: center; width: 1fr; }
    ReceiptScreen #slip BigNumber { margin-bottom: 1; }
    ReceiptScreen .small { color: $faded; text-align: center; width: 1fr; }
    """

    def __init__(
        self, counter: Counter, stored: StoredReceipt, *, recalled: bool = False, interrupted: bool = False
    ) -> None:
        """`recalled`: seen before; `interrupted`: the program stopped before it could be seen."""
        super().__init__(counter)
        self._interrupted = interrupted
        self._stored = stored
        self._receipt = stored.receipt
        self._recalled = recalled

    def compose(self) -> ComposeResult:
        receipt = self._receipt
        when = receipt.recorded_at.astimezone(SHANGHAI)
        footer = _("{when}  经手 {attendant}  单号 {number}").format(
            when=f"{when:%Y-%m-%d %H:%M}", attendant=receipt.attendant, number=receipt.id.hex[-8:].upper()
        )
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="slip"):
            yield Static(f"{self._title}  {receipt.name}", id="title", markup=False)
            for note in self._notes:
                yield Static(note, classes="small", markup=False)
            yield ReceiptLines(receipt)
            yield Static(self._balance.format(points=receipt.balance), id="now")
            big = BigNumber(receipt.balance, _("分"), "$jade")
            big.display = self.app.size.height >= MIN_NORMAL_SIZE.height
            yield big
            if self._unavailable:
                yield Static(self._unavailable, classes="small", markup=False)
            yield Static(footer, classes="small", markup=False)
        yield Status()
        yield KeyBar(("f5", "F5", _("补打")), ("escape", "Esc", _("返回")))

    def press(self, key: str) -> None:
        if key == "f5":
            self.post_message(ReprintRequested(self._receipt.id))
        else:
            super().press(key)

    def show_printed(self) -> None:
        """The printer took the slip; whether paper came out isn't known."""
        if self._recalled:
            self.status.show_hint(_("已发送补打，没有新的兑换；没打出来请再按 F5"))
        else:
            self.status.show_done(_("请把物品交给住户；收据没有打出来，请按 F5 补打"))

    def on_resize(self, event: events.Resize) -> None:
        # On a low screen the goods matter more; the balance is shown in normal figures too.
        self.query(BigNumber).set(display=event.size.height >= MIN_NORMAL_SIZE.height)

    @property
    def _unavailable(self) -> str:
        held = self._receipt.held
        return "" if held is UNSET else describe_unavailable(held)

    @property
    def _notes(self) -> list[str]:
        """Who was there, and how they were known."""
        identified, collector = self._receipt.identified, self._receipt.collector
        notes = []
        if identified is not UNSET:
            by_witness = _("未带卡：{name}证明").format(name=identified.witness)
            notes.append(_("未带卡：凭密码") if identified.by == "pin" else by_witness)
        if collector:
            notes.append(_("由{name}代领").format(name=collector))
        return notes

    @property
    def _title(self) -> str:
        what = _("断网兑换") if self._stored.offline else _("兑换成功")
        if not self._recalled:
            return what
        if self._stored.voided:
            return _("已作废")
        return _("再看收据（断网兑换）") if self._stored.offline else _("再看收据")

    @property
    def _balance(self) -> str:
        if self._stored.offline:
            return _("当时断网还能兑换 {points} 分") if self._recalled else _("断网时这里还能兑换 {points} 分")
        return _("当时还有 {points} 分") if self._recalled else _("现有积分 {points} 分")

    def on_mount(self) -> None:
        with suppress(DiskError):
            self.counter.store.receipts.mark_seen(self._receipt.id)
        notes = len(self._notes) + bool(self._unavailable)
        self.query_one("#slip").styles.height = ROWS_WITHOUT_GOODS + len(self._receipt.lines) + 1 + notes
        if self._recalled:
            # The goods must not be handed out twice.
            self.status.show_hint(_("这是上一笔的收据，没有新的兑换；按任意键返回"))
        elif self._interrupted:
            self.status.show_waiting(_("中断前这一笔已经记账：物品还没给的请给住户，收据没打出来请按 F5"))
        else:
            self.status.show_done(_("请把物品交给住户；按任意键返回，或直接扫下一户的卡"))
        if not self._interrupted:
            self.set_timer(self.counter.timing.receipt_display, lambda: self.press("escape"))
