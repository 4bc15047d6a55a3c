"""The household's promises: to be collected if the goods have arrived, or cancelled."""

from __future__ import annotations

from textual import work
from textual.message import Message

from api.wire import PromisedGoods
from kiosk.appearance import SHANGHAI
from kiosk.columns import justify
from kiosk.counter import Counter
from kiosk.errors import KioskError
from kiosk.language import _
from kiosk.screens.base import Overlay
from kiosk.screens.sheet import SheetScreen
from kiosk.widgets.numbered_row import PREFIX_WIDTH, build_numbered_row


class PromiseListScreen(SheetScreen, Overlay):
    """F2 or the confirm card collects the promise under the cursor. Cancelling takes Delete and then F2: the
    household may have waited long for it."""

    MAX_ROW_WIDTH = 70

    class CollectRequested(Message):
        """The goods are to be handed over."""

        def __init__(self, promised: PromisedGoods) -> None:
            super().__init__()
            self.promised = promised

    class Cancelled(Message):
        """The promise was cancelled, and its points were returned."""

        def __init__(self, promised: PromisedGoods) -> None:
            super().__init__()
            self.promised = promised

    def __init__(self, counter: Counter, promises: list[PromisedGoods]) -> None:
        super().__init__(counter)
        self._promises = promises
        self._cursor = 0
        self._cancelling = False
        self._busy = False

    def get_keys(self) -> list[tuple[str, str, str]]:
        return [
            ("f2", "F2", _("领货")),
            ("up", _("上"), _("上移")),
            ("down", _("下"), _("下移")),
            ("delete", "Del", _("不要了")),
            *super().get_keys(),
        ]

    def on_mount(self) -> None:
        self._show()

    @property
    def _chosen(self) -> PromisedGoods:
        return self._promises[self._cursor]

    def press(self, key: str) -> None:
        if self._busy:
            self.app.bell()
        elif key == "escape":
            self._back()
        elif key == "f2":
            self._confirm()
        elif key in ("delete", "backspace"):
            self._cancelling = True
            self._show()
        elif key in ("up", "down"):
            self._choose(self._cursor + (1 if key == "down" else -1))
        elif len(key) == 1 and key in "123456789":
            self._choose(int(key) - 1)

    def _choose(self, index: int) -> None:
        self._cancelling = False
        self._cursor = min(max(index, 0), len(self._promises) - 1)
        self._show()

    def _back(self) -> None:
        if self._cancelling:
            self._choose(self._cursor)
        else:
            self.post_message(self.Closed())

    def _confirm(self) -> None:
        if self._cancelling:
            self._busy = True
            self.status.show_waiting(_("正在取消留货，请稍候"))
            self._cancel(self._chosen)
        elif self._chosen.arrived:
            self.post_message(self.CollectRequested(self._chosen))
        else:
            self.status.show_refusal(_("{name}还没有到货，到货后再来领").format(name=self._chosen.line.name))

    @work
    async def _cancel(self, promised: PromisedGoods) -> None:
        try:
            await self.counter.promises.cancel(promised)
        except KioskError as error:
            self._busy = False
            self.status.show_refusal(error.sentence)
        else:
            self.post_message(self.Cancelled(promised))

    # --- drawing ----------------------------------------------------------------------------------------

    def _show(self) -> None:
        rows = [
            build_numbered_row(index, self._describe(promised), chosen=index == self._cursor)
            for index, promised in enumerate(self._promises)
        ]
        self.show_rows(_("给{name}留的货").format(name=self.session.household_name), rows)
        if self._cancelling:
            line = self._chosen.line
            sentence = _("不要{name}了，退回 {points} 分：按 F2 确认，按 Esc 不退")
            self.status.show_refusal(sentence.format(name=line.name, points=line.points))
        elif self._chosen.arrived:
            self.status.show_hint(_("按 F2 或扫确认卡领货；住户不要了请按 Delete"))
        else:
            self.status.show_hint(_("这一样还没有到货；住户不要了请按 Delete"))

    def _describe(self, promised: PromisedGoods) -> str:
        line = promised.line
        until = promised.expires_at.astimezone(SHANGHAI)
        state = _("到货了，可以领") if promised.arrived else _("还没到货")
        end = _("{state}  保留到 {month}月{day}日").format(state=state, month=until.month, day=until.day)
        return justify(f"{line.name} x{line.quantity}", end, self.row_width - PREFIX_WIDTH)
