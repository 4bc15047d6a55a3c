"""The redemptions of this shift: to be found, printed again, or voided, and why."""

from __future__ import annotations

from collections.abc import Callable

from textual import work
from textual.content import Content
from textual.events import Click
from textual.message import Message

from kiosk.appearance import SHANGHAI
from kiosk.codes import CardCode, GoodsCode, read_code
from kiosk.columns import align_left, justify
from kiosk.counter import Counter
from kiosk.errors import Declined
from kiosk.language import N_, _
from kiosk.scanned_goods import find_scanned
from kiosk.screens.base import Overlay, ReprintRequested
from kiosk.screens.sheet import HEADING_ROWS, SheetScreen
from kiosk.store.receipts import StoredReceipt
from kiosk.store.redemptions import ShiftSale, hash_card
from kiosk.widgets.numbered_row import PREFIX_WIDTH, build_numbered_row

PAGE = 9
"""Rows, one for each digit."""
REASONS = (N_("扫错了卡"), N_("数量不对"), N_("住户不要了"), N_("其他"))
CHOOSE_SALE = N_("按数字键或上下键选一笔，F2 作废，F5 补打；扫户卡或商品就只看它的，按 F3 按时间找")
CHOOSE_REASON = N_("按数字键选原因，再按 F2 确认作废；按 Esc 重选")
TIME_DIGITS = 4
_STEPS = {"up": -1, "down": 1, "pageup": -PAGE, "pagedown": PAGE, "left": -PAGE, "right": PAGE}


class VoidScreen(SheetScreen, Overlay):
    """All redemptions of this shift, page by page. A scan of a card or of goods shows those with it, a time those
    from then back. Only F2 voids, after redemption and reason were chosen."""

    MAX_ROW_WIDTH = 70

    class Done(Message):
        """It is in the journal; `sentence` is the result."""

        def __init__(self, stored: StoredReceipt, sentence: str) -> None:
            super().__init__()
            self.stored = stored
            self.sentence = sentence

    def __init__(self, counter: Counter) -> None:
        super().__init__(counter)
        self._all = counter.store.redemptions.list_shift()
        self._offered = self._all
        self._filter = ""
        # The scan that `_filter` is of.
        self._sought = ""
        # Digits of the time being typed; None: no time is asked for.
        self._time: str | None = None
        self._cursor = 0
        self._chosen: StoredReceipt | None = None
        self._reason: int | None = None
        self._voiding = False

    def get_keys(self) -> list[tuple[str, str, str]]:
        return [
            ("f2", "F2", _("作废")),
            ("up", _("上"), _("上移")),
            ("down", _("下"), _("下移")),
            ("pageup", "PgUp", _("上页")),
            ("pagedown", "PgDn", _("下页")),
            ("f3", "F3", _("时间")),
            ("f5", "F5", _("补打")),
            *super().get_keys(),
        ]

    def on_mount(self) -> None:
        self._show()

    def on_click(self, event: Click) -> None:
        rows = self.query_one("#rows").content_region
        place = event.screen_y - rows.y - HEADING_ROWS
        if rows.x <= event.screen_x < rows.right and 0 <= place < PAGE and not self._voiding:
            self._digit(place)

    def press(self, key: str) -> None:
        if self._voiding:
            self.app.bell()
        elif key == "escape":
            self._back()
        elif self._time is not None:
            self._type_time(key)
        elif len(key) == 1 and key in "123456789":
            self._digit(int(key) - 1)
        elif key in _STEPS:
            self._move(_STEPS[key])
        elif key == "f2":
            self._confirm()
        elif key == "f3" and self._chosen is None:
            self._time = ""
            self.status.show_hint(_("几点几分的？输入 4 位数字，如 0930；按 Esc 返回"))
        elif key == "f5" and self._chosen is None and self._offered:
            self.post_message(ReprintRequested(self._offered[self._cursor].stored.receipt.id))

    def takes_scan(self, text: str) -> bool:
        return True

    def scan(self, text: str) -> None:
        """Look for a household or for goods. Nothing is voided by it."""
        if self._voiding or self._chosen is not None:
            self.app.bell()
            return
        match read_code(text):
            case CardCode(token):
                digest = hash_card(token)
                self._look_for(_("这张户卡的"), lambda sale: digest in sale.cards, text)
            case GoodsCode() as goods:
                self._look_for_goods(goods, text)
            case _:
                self.status.show_refusal(_("请扫户卡或商品条码来找；按 Esc 返回"))

    def _look_for_goods(self, goods: GoodsCode, text: str) -> None:
        try:
            found = find_scanned(self.session.shelf, goods)
        except Declined as declined:
            self.status.show_refusal(declined.sentence)
            return
        product, name = (found[0].product, found[0].name) if found else ("", goods.barcode)
        self._look_for(
            _("{name}的").format(name=name),
            lambda sale: any(line.product == product for line in sale.stored.receipt.lines),
            text,
        )

    def scan_repeat(self, text: str) -> None:
        """Look for it if nothing does: the first scan may have been at the screen before, or undone."""
        if text != self._sought:
            self.scan(text)

    def _type_time(self, key: str) -> None:
        if key == "backspace":
            self._time = (self._time or "")[:-1]
        elif len(key) == 1 and key in "0123456789":
            self._time = (self._time or "") + key
        typed = self._time or ""
        if len(typed) < TIME_DIGITS:
            self.status.show_hint(_("几点几分的？输入 4 位数字，如 0930：{typed}").format(typed=typed))
            return
        self._time = None
        # Newest first: those from that minute back.
        time = f"{typed[:2]}:{typed[2:]}"
        self._look_for(_("{time} 和以前的").format(time=time), lambda sale: _format_time(sale.stored) <= time)

    def _look_for(self, what: str, matches: Callable[[ShiftSale], bool], scanned: str = "") -> None:
        found = [sale for sale in self._all if matches(sale)]
        if not found:
            self.status.show_refusal(_("这一班没有{what}兑换").format(what=what))
            return
        self._offered, self._filter, self._sought, self._cursor = found, what, scanned, 0
        self._show()

    def _back(self) -> None:
        if self._time is not None:
            self._time = None
        elif self._chosen is not None:
            self._chosen = self._reason = None
        elif self._filter:
            self._offered, self._filter, self._sought, self._cursor = self._all, "", "", 0
        else:
            self.post_message(self.Closed())
            return
        self._show()

    def _digit(self, place: int) -> None:
        if self._chosen is not None:
            self._reason = place if place < len(REASONS) else self._reason
            self._show()
            return
        index = self._page * PAGE + place
        if index >= len(self._offered):
            return
        self._cursor = index
        stored = self._offered[index].stored
        if stored.voided:
            self._show()
            self.status.show_refusal(_("这一笔已经作废了；按 F5 补打作废单"))
            return
        self._chosen = stored
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
            self._digit(self._cursor % PAGE)
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

    @property
    def _page(self) -> int:
        return self._cursor // PAGE

    def _show(self) -> None:
        if self._chosen is None:
            pages = -(-len(self._offered) // PAGE)
            title = _("这一班{filter}兑换 {sales} 笔，第 {page}/{pages} 页").format(
                filter=self._filter, sales=len(self._offered), page=self._page + 1, pages=pages
            )
            self.show_rows(title, self._build_sales())
            self.status.show_hint(_(CHOOSE_SALE))
        else:
            self.show_rows(_("作废：{sale}").format(sale=self._describe(self._chosen)), self._build_reasons())
            self.status.show_hint(_(CHOOSE_REASON))

    def _build_sales(self) -> list[Content]:
        first = self._page * PAGE
        return [
            build_numbered_row(place, self._describe(sale.stored), chosen=first + place == self._cursor)
            for place, sale in enumerate(self._offered[first : first + PAGE])
        ]

    def _build_reasons(self) -> list[Content]:
        return [
            build_numbered_row(index, _(reason), chosen=index == self._reason)
            for index, reason in enumerate(REASONS)
        ]

    def _describe(self, stored: StoredReceipt) -> str:
        receipt = stored.receipt
        goods = _("、").join(f"{line.name} x{line.quantity}" for line in receipt.lines)
        points = _("已作废") if stored.voided else _("{points} 分").format(points=receipt.points)
        # One cell less than the row: it is also part of a title.
        return justify(
            f"{_format_time(stored)}  {align_left(receipt.name, 8)}  {goods}",
            points,
            self.row_width - PREFIX_WIDTH - 1,
        )


def _format_time(stored: StoredReceipt) -> str:
    return f"{stored.receipt.recorded_at.astimezone(SHANGHAI):%H:%M}"
