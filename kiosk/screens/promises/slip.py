"""The slip of a promise on the screen."""

from __future__ import annotations

from textual.content import Content

from api.wire.promises import PromiseSlip
from kiosk.appearance import SHANGHAI
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.screens.base import Notice, ReprintRequested
from kiosk.screens.sheet import SheetScreen


class PromiseSlipScreen(SheetScreen, Notice):
    MAX_ROW_WIDTH = 50

    def __init__(self, counter: Counter, slip: PromiseSlip) -> None:
        super().__init__(counter)
        self._slip = slip

    def get_keys(self) -> list[tuple[str, str, str]]:
        return [("f5", "F5", _("补打")), *super().get_keys()]

    def on_mount(self) -> None:
        self._show()
        self.status.show_done(_("已经留货；到货后凭户卡来领。按任意键返回，或直接扫下一户的卡"))
        self.set_timer(self.counter.timing.receipt_display, lambda: self.press("escape"))

    def press(self, key: str) -> None:
        if key == "f5":
            self.post_message(ReprintRequested(self._slip.id))
        else:
            super().press(key)

    def show_printed(self) -> None:
        """The printer took the slip."""
        self.status.show_done(_("留货单已发送打印；没有打出来，请按 F5 补打"))

    def _show(self) -> None:
        slip, line = self._slip, self._slip.line
        until = slip.expires_at.astimezone(SHANGHAI)
        footer = _("经手 {attendant}  单号 {number}").format(
            attendant=slip.attendant, number=slip.id.hex[-8:].upper()
        )
        rows = [
            self.build_points_row(f"{line.name} x{line.quantity}", line.points, "bold $cream"),
            self.build_points_row(_("还能兑换"), slip.balance, "$jade"),
            self.build_row(_("保留到"), f"{until:%Y-%m-%d}"),
            Content(),
            Content.assemble((footer, "$faded")),
        ]
        self.show_rows(_("已给{name}留货").format(name=slip.name), rows)
