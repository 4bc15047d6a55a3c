"""Voiding a redemption of this shift: which one, and why."""

from __future__ import annotations

from textual import work
from textual.content import Content
from textual.message import Message

from kiosk.appearance import SHANGHAI
from kiosk.columns import align_left, justify
from kiosk.counter import Counter
from kiosk.errors import Declined
from kiosk.language import N_, _
from kiosk.screens.base import Overlay
from kiosk.screens.sheet import SheetScreen
from kiosk.store.receipts import StoredReceipt
from kiosk.widgets.numbered_row import PREFIX_WIDTH, build_numbered_row

MAX_OFFERED = 9
"""One for each digit."""
REASONS = (N_("扫错了卡"), N_("数量不对"), N_("住户不要了"), N_("其他"))
CHOOSE_SALE = N_("按数字键选要作废的一笔，也可用上下键选，再按 F2")
CHOOSE_REASON = N_("按数字键选原因，再按 F2 确认作废；按 Esc 重选")


class VoidScreen(SheetScreen, Overlay):
    """Only F2 voids, after redemption and reason were chosen. A scan goes to the screen below, and nothing is
    voided."""

    MAX_ROW_WIDTH = 70

    class Done(Message):
        """It is in the journal; `sentence` is the result."""

        def __init__(self, stored: StoredReceipt, sentence: str) -> None:
            super().__init__()
            self.stored = stored
            self.sentence = sentence

    def __init__(self, counter: Counter) -> None:
        super().__init__(counter)
        self._offered = counter.store.redemptions.list_voidable()[:MAX_OFFERED]
        self._cursor = 0
        self._chosen: StoredReceipt | None = None
        self._reason: int | None = None
        self._voiding = False

    def get_keys(self) -> list[tuple[str, str, str]]:
        return [
            ("up", _("上"), _("上移")),
            ("down", _("下"), _("下移")),
            ("f2", "F2", _("确认")),
            *super().get_keys(),
        ]

    def on_mount(self) -> None:
        self._show()

    def press(self, key: str) -> None:
        if self._voiding:
            self.app.bell()
        elif key == "escape":
            self._back()
        elif len(key) == 1 and key in "123456789":
            self._digit(int(key) - 1)
        elif key in ("up", "down"):
            self._move(-1 if key == "up" else 1)
        elif key == "f2":
            self._confirm()

    def _back(self) -> None:
        if self._chosen is None:
            self.post_message(self.Closed())
        else:
            self._chosen = self._reason = None
            self._show()

    def _digit(self, index: int) -> None:
        if self._chosen is not None:
            self._reason = index if index < len(REASONS) else self._reason
        elif index < len(self._offered):
            self._cursor = index
            self._chosen = self._offered[index]
        self._show()

    def _move(self, steps: int) -> None:
        if self._chosen is None:
            self._cursor = min(max(self._cursor + steps, 0), len(self._offered) - 1)
        else:
            first = 0 if steps > 0 else len(REASONS) - 1
            self._reason = first if self._reason is None else min(max(self._reason + steps, 0), len(REASONS) - 1)
        self._show()

    def _confirm(self) -> None:
        if self._chosen is None:
            self._digit(self._cursor)
        elif self._reason is None:
            self.status.show_refusal(_("请先选原因：按 1 到 {last}").format(last=len(REASONS)))
        else:
            self._voiding = True
            self.status.show_waiting(_("正在作废，请稍候"))
            self._void(self._chosen, REASONS[self._reason])

    @work
    async def _void(self, stored: StoredReceipt, reason: str) -> None:
        try:
            sentence = await self.counter.void(stored, reason)
        except Declined as declined:
            self._voiding = False
            self.status.show_refusal(declined.sentence)
        else:
            self.post_message(self.Done(stored, sentence))

    # --- drawing ----------------------------------------------------------------------------------------

    def _show(self) -> None:
        if self._chosen is None:
            self.show_rows(_("作废哪一笔"), self._build_sales())
            self.status.show_hint(_(CHOOSE_SALE))
        else:
            self.show_rows(_("作废：{sale}").format(sale=self._describe(self._chosen)), self._build_reasons())
            self.status.show_hint(_(CHOOSE_REASON))

    def _build_sales(self) -> list[Content]:
        return [
            build_numbered_row(index, self._describe(stored), chosen=index == self._cursor)
            for index, stored in enumerate(self._offered)
        ]

    def _build_reasons(self) -> list[Content]:
        return [
            build_numbered_row(index, _(reason), chosen=index == self._reason)
            for index, reason in enumerate(REASONS)
        ]

    def _describe(self, stored: StoredReceipt) -> str:
        receipt = stored.receipt
        goods = _("、").join(f"{line.name} x{line.quantity}" for line in receipt.lines)
        when = f"{receipt.recorded_at.astimezone(SHANGHAI):%H:%M}"
        points = _("{points} 分").format(points=receipt.points)
        # One cell less than the row: it is also part of a title.
        return justify(
            f"{when}  {align_left(receipt.name, 8)}  {goods}", points, self.row_width - PREFIX_WIDTH - 1
        )
