"""What is kept for the household at the till: hand over what has come, or let go of it."""

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
from kiosk.widgets.numbered_row import BESIDE, numbered


class KeptGoods(SheetScreen, Overlay):
    """F2 or the card for confirming hands over what is under the cursor. Letting go takes Delete and then F2: the
    household may have waited long for it."""

    ACROSS = 70

    class Collect(Message):
        """The household, or its neighbour, takes this home."""

        def __init__(self, promised: PromisedGoods) -> None:
            super().__init__()
            self.promised = promised

    class LetGo(Message):
        """The household doesn't want it any more; its points are back."""

        def __init__(self, promised: PromisedGoods) -> None:
            super().__init__()
            self.promised = promised

    def __init__(self, counter: Counter, promises: list[PromisedGoods]) -> None:
        super().__init__(counter)
        self._promises = promises
        self._cursor = 0
        self._letting_go = False
        self._busy = False

    def keys(self) -> list[tuple[str, str, str]]:
        return [
            ("f2", "F2", _("领货")),
            ("up", _("上"), _("上移")),
            ("down", _("下"), _("下移")),
            ("delete", "Del", _("不要了")),
            *super().keys(),
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
            self._letting_go = True
            self._show()
        elif key in ("up", "down"):
            self._choose(self._cursor + (1 if key == "down" else -1))
        elif len(key) == 1 and key in "123456789":
            self._choose(int(key) - 1)

    def _choose(self, index: int) -> None:
        self._letting_go = False
        self._cursor = min(max(index, 0), len(self._promises) - 1)
        self._show()

    def _back(self) -> None:
        if self._letting_go:
            self._choose(self._cursor)
        else:
            self.post_message(self.Closed())

    def _confirm(self) -> None:
        if self._letting_go:
            self._busy = True
            self.status.waiting(_("正在取消留货，请稍候"))
            self._let_go(self._chosen)
        elif self._chosen.arrived:
            self.post_message(self.Collect(self._chosen))
        else:
            self.status.refuse(_("{name}还没有到货，到货后再来领").format(name=self._chosen.line.name))

    @work
    async def _let_go(self, promised: PromisedGoods) -> None:
        try:
            await self.counter.promises.cancel(promised)
        except KioskError as obstacle:
            self._busy = False
            self.status.refuse(obstacle.sentence)
        else:
            self.post_message(self.LetGo(promised))

    # --- drawing ----------------------------------------------------------------------------------------

    def _show(self) -> None:
        rows = [
            numbered(index, self._told(promised), chosen=index == self._cursor)
            for index, promised in enumerate(self._promises)
        ]
        self.show(_("给{name}留的货").format(name=self.session.household_name), rows)
        if self._letting_go:
            line = self._chosen.line
            sentence = _("不要{name}了，退回 {points} 分：按 F2 确认，按 Esc 不退")
            self.status.refuse(sentence.format(name=line.name, points=line.points))
        elif self._chosen.arrived:
            self.status.hint(_("按 F2 或扫确认卡领货；住户不要了请按 Delete"))
        else:
            self.status.hint(_("这一样还没有到货；住户不要了请按 Delete"))

    def _told(self, promised: PromisedGoods) -> str:
        line = promised.line
        until = promised.expires_at.astimezone(SHANGHAI)
        state = _("到货了，可以领") if promised.arrived else _("还没到货")
        end = _("{state}  保留到 {month}月{day}日").format(state=state, month=until.month, day=until.day)
        return justify(f"{line.name} x{line.quantity}", end, self.across - BESIDE)
