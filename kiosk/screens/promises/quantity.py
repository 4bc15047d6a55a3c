"""The quantity of a promise, at today's price."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message

from api.wire import ShelfItem
from api.wire.base import MAX_QUANTITY
from kiosk.counter import Counter
from kiosk.errors import Declined
from kiosk.language import _
from kiosk.screens.base import Overlay
from kiosk.screens.sheet import SheetScreen

MORE = frozenset({"+", "=", "up", "right", " "})
LESS = frozenset({"-", "down", "left", "backspace", "delete"})


class PromiseQuantityScreen(SheetScreen, Overlay):
    MAX_ROW_WIDTH = 50

    class Confirmed(Message):
        """The promise is to be made."""

        def __init__(self, item: ShelfItem, quantity: int) -> None:
            super().__init__()
            self.item = item
            self.quantity = quantity

    def __init__(self, counter: Counter, item: ShelfItem) -> None:
        super().__init__(counter)
        self._item = item
        self._quantity = 1

    def get_keys(self) -> list[tuple[str, str, str]]:
        return [("f2", "F2", _("确认")), ("+", "+", _("加")), ("-", "-", _("减")), *super().get_keys()]

    def on_mount(self) -> None:
        self._show()
        self.status.show_hint(_("按 + 和 - 改件数；按 F2 或扫确认卡，就给这户留货"))

    def press(self, key: str) -> None:
        if key == "escape":
            self.post_message(self.Closed())
        elif key == "f2":
            self.post_message(self.Confirmed(self._item, self._quantity))
        elif key in MORE:
            self._change(1)
        elif key in LESS:
            self._change(-1)

    def _change(self, pieces: int) -> None:
        quantity = min(max(self._quantity + pieces, 1), MAX_QUANTITY)
        try:
            self.session.require_promisable(self._item, quantity)
        except Declined as declined:
            self.status.show_refusal(declined.sentence)
            return
        self._quantity = quantity
        self._show()

    def _show(self) -> None:
        item, points = self._item, self._item.price * self._quantity
        left = (self.session.balance or 0) - points
        rows = [
            self.build_points_row(f"{item.name} x{self._quantity}", points, "bold $cream"),
            self.build_points_row(_("留货以后还剩"), left, "$jade"),
            Content(),
            Content.assemble((_("积分先留出来，价格不变；到货后凭户卡来领。"), "$faded")),
            Content.assemble((_("90 天内没有领，积分自动退回。"), "$faded")),
        ]
        self.show_rows(_("给{name}留货").format(name=self.session.household_name), rows)
