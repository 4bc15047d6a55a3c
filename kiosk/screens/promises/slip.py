"""The slip: what is kept for the household, and until when."""

from __future__ import annotations

from textual.content import Content

from api.wire.promises import PromiseSlip
from kiosk.appearance import SHANGHAI
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.screens.base import Notice, Reprint
from kiosk.screens.sheet import SheetScreen


class PromiseSlipScreen(SheetScreen, Notice):
    ACROSS = 50

    def __init__(self, counter: Counter, slip: PromiseSlip) -> None:
        super().__init__(counter)
        self._slip = slip

    def keys(self) -> list[tuple[str, str, str]]:
        return [("f5", "F5", _("补打")), *super().keys()]

    def on_mount(self) -> None:
        self._show()
        self.status.done(_("已经留货；到货后凭户卡来领。按任意键返回，或直接扫下一户的卡"))
        self.set_timer(self.counter.timing.receipt_display, lambda: self.press("escape"))

    def press(self, key: str) -> None:
        if key == "f5":
            self.post_message(Reprint(self._slip.id))
        else:
            super().press(key)

    def printed(self) -> None:
        """The printer took a slip."""
        self.status.done(_("留货单已发送打印；没有打出来，请按 F5 补打"))

    def _show(self) -> None:
        slip, line = self._slip, self._slip.line
        until = slip.expires_at.astimezone(SHANGHAI)
        foot = _("经手 {attendant}  单号 {number}").format(
            attendant=slip.attendant, number=slip.id.hex[-8:].upper()
        )
        rows = [
            self.points_row(f"{line.name} x{line.quantity}", line.points, "bold $cream"),
            self.points_row(_("还能兑换"), slip.balance, "$jade"),
            self.row(_("保留到"), f"{until:%Y-%m-%d}"),
            Content(),
            Content.assemble((foot, "$faded")),
        ]
        self.show(_("已给{name}留货").format(name=slip.name), rows)
