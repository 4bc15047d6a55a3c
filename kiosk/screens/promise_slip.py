"""The slip: what is kept for the household, and until when."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from api.wire.promises import PromiseSlip
from kiosk.columns import between
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.look import SHANGHAI
from kiosk.screens.base import Overlay, Reprint
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status


class PromiseSlipScreen(Overlay):
    CSS = """
    PromiseSlipScreen #middle { height: 1fr; align: center middle; }
    PromiseSlipScreen #slip { width: 56; max-width: 100%; height: auto; background: $panel; padding: 1 3; }
    """

    def __init__(self, counter: Counter, slip: PromiseSlip) -> None:
        super().__init__(counter)
        self._slip = slip

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="slip"):
            yield Static(Content("\n").join(self._rows()))
        yield Status()
        yield KeyBar(("f5", "F5", _("补打")), ("escape", "Esc", _("返回")))

    def on_mount(self) -> None:
        self.status.done(_("已经留货；到货后凭户卡来领。按任意键返回，或直接扫下一户的卡"))
        self.set_timer(self.counter.pace.receipt, lambda: self.press("escape"))

    def press(self, key: str) -> None:
        if key == "f5":
            self.post_message(Reprint(self._slip.id))
        else:
            super().press(key)

    def printed(self) -> None:
        """The printer took a slip."""
        self.status.done(_("留货单已发送打印；没有打出来，请按 F5 补打"))

    def _rows(self) -> list[Content]:
        slip, line = self._slip, self._slip.line
        width = min(50, self.app.size.width - 6)
        points = _("{points} 分")
        until = slip.expires_at.astimezone(SHANGHAI)
        foot = _("经手 {attendant}  单号 {number}").format(
            attendant=slip.attendant, number=slip.id.hex[-8:].upper()
        )
        return [
            Content.assemble((_("已留货"), "bold $jade"), (f"  {slip.name}", "bold $cream")),
            Content(),
            Content.assemble(
                (
                    between(f"{line.name} x{line.quantity}", points.format(points=line.points), width),
                    "bold $cream",
                )
            ),
            Content.assemble((between(_("还能兑换"), points.format(points=slip.balance), width), "$jade")),
            Content.assemble((between(_("保留到"), f"{until:%Y-%m-%d}", width), "$cream")),
            Content(),
            Content.assemble((foot, "$faded")),
        ]
