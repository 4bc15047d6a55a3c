"""Counting: every scan is a piece, digits say how many at once, and nobody is told how many it should be."""

from __future__ import annotations

from datetime import date

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from api.wire import StocktakeSheet
from api.wire.shelf import GoodsReceipt
from kiosk.codes import GoodsCode, UnreadableCode, read_code
from kiosk.columns import align_left, align_right
from kiosk.counter import Counter
from kiosk.errors import Declined, KioskError
from kiosk.language import N_, _
from kiosk.screens.base import Choice, TillScreen
from kiosk.store.stock_counts import CountKind, StockCount, StockCountLine
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

MOST = 99_999
TITLES = {
    CountKind.STOCKTAKE: N_("盘点"),
    CountKind.ARRIVAL: N_("登记到货"),
    CountKind.GOODS_RECEIPT: N_("点收到货"),
}
DATE_DIGITS = 6


class TallySheet(Widget):
    """The lines around the cursor, with what was counted of each."""

    DEFAULT_CSS = "TallySheet { height: 1fr; padding: 1 2; background: $background; text-wrap: nowrap; }"

    def __init__(self, tally: StockCount) -> None:
        super().__init__()
        self.tally = tally
        self.cursor = 0

    def render(self) -> Content:
        width, height = self.content_size
        lines, room = self.tally.lines, max(height - 2, 1)
        first = min(max(self.cursor - room // 2, 0), max(len(lines) - room, 0))
        rows = [self._row(n, lines[n], width) for n in range(first, min(first + room, len(lines)))]
        counted = self.tally.counted
        title = _("{what}：已点 {kinds} 种，共 {pieces} 件").format(
            what=self._title, kinds=len(counted), pieces=sum(line.counted or 0 for line in counted)
        )
        return Content("\n").join([Content.assemble((align_left(title, width), "bold $gold")), Content(), *rows])

    @property
    def _title(self) -> str:
        return _("登记捐赠") if self.tally.donated else _(TITLES[self.tally.kind])

    def _row(self, n: int, line: StockCountLine, width: int) -> Content:
        counted = _("未点") if line.counted is None else _("{pieces} 件").format(pieces=line.counted)
        until = _("到期 {day}").format(day=line.sell_by) if line.sell_by else ""
        style = "bold $ink on $gold" if n == self.cursor else "$faded" if line.counted is None else "$cream"
        return Content.assemble(
            (align_left(line.name, width - 28) + align_right(until, 18) + align_right(counted, 10), style)
        )


class Counting(TillScreen):
    class Left(Message):
        """The attendant goes back to serving; the count stays."""

    class Sent(Message):
        """It is in the books, or written down for somebody else to count."""

        def __init__(self, answer: StocktakeSheet | GoodsReceipt) -> None:
            super().__init__()
            self.answer = answer

    class SecondPinWanted(Message):
        """Whoever counted has to say so."""

    def __init__(self, counter: Counter, tally: StockCount) -> None:
        super().__init__(counter)
        self._tally = tally
        self._cursor = 0
        # Digits of a number or a day that is being typed.
        self._typed = ""
        self._dating = self._sure = self._discarding = self._sending = False

    def compose(self) -> ComposeResult:
        arrival = self._tally.kind is CountKind.ARRIVAL
        yield Banner(self.session)
        yield TallySheet(self._tally)
        yield Status()
        yield KeyBar(
            ("f2", "F2", _("确认")),
            ("+", "+", _("加")),
            ("-", "-", _("减")),
            *([("f3", "F3", _("到期日")), ("f7", "F7", _("捐赠"))] if arrival else []),
            ("delete", "Del", _("清零")),
            ("f8", "F8", _("作废")),
            ("escape", "Esc", _("返回")),
        )

    def on_mount(self) -> None:
        self._hint()

    # --- keys and scans ---------------------------------------------------------------------------------

    def scan(self, text: str) -> None:
        self._leave_off()
        match read_code(text):
            case GoodsCode(barcode):
                self._piece(barcode)
            case UnreadableCode(reason):
                self.status.refuse(reason)
            case _:
                self.status.refuse(_("正在点数：请扫商品条码；按 Esc 返回以后再扫户卡"))

    def scan_again(self, text: str) -> None:
        """Ten alike are scanned one after another: here each reading is a piece."""
        self.scan(text)

    def press(self, key: str) -> None:
        if self._sending:
            self.app.bell()
        elif key == "escape":
            self._escape()
        elif key == "f2":
            self._confirm()
        elif self._tally.sent:
            self.status.refuse(_("上一次还没有答复：请按 F2 再送一次，点的数先不要改"))
        elif key == "f8":
            self._discarding = True
            self.status.refuse(_("这次点的数都不要了：按 F2 作废，按 Esc 留着"))
        elif len(key) == 1 and key in "0123456789":
            self._digit(key)
        else:
            self._edit(key)

    def choices(self) -> list[Choice]:
        return [
            self.key_choice(_("点好了"), "F2", "f2"),
            self.key_choice(_("作废这次点数"), "F8", "f8"),
            self.key_choice(_("返回兑换，点的数留着"), "Esc", "escape"),
        ]

    def _edit(self, key: str) -> None:
        typed, dating = self._typed, self._dating
        self._leave_off()
        match key:
            case "up" | "down":
                self._move(self._cursor + (1 if key == "down" else -1))
            case "+" | "=" | " " | "right":
                self._count((self._line.counted or 0) + 1)
            case "-" | "left":
                self._count(max((self._line.counted or 0) - 1, 0))
            case "backspace" if typed and dating:
                self._dating = True
                self._type_day(typed[:-1])
            case "backspace" if typed:
                self._type_number(typed[:-1])
            case "delete" | "backspace":
                self._keep_line(msgspec.structs.replace(self._line, counted=None, sell_by=""))
                self._hint()
            case "f3" if self._tally.kind is CountKind.ARRIVAL and not dating:
                self._dating = True
                self._type_day("")
            case "f7" if self._tally.kind is CountKind.ARRIVAL:
                self._keep(msgspec.structs.replace(self._tally, donated=not self._tally.donated))
                self._hint()
            case _:
                self._hint()

    def _digit(self, digit: str) -> None:
        if self._dating:
            self._type_day(self._typed + digit)
        else:
            self._discarding = self._sure = False
            self._type_number(self._typed + digit)

    def _type_number(self, typed: str) -> None:
        """Digits one after another are one number, which takes the place of what was counted."""
        if int(typed or 0) > MOST:
            self.status.refuse(_("一次最多 {most} 件").format(most=MOST))
            return
        self._typed = typed
        self._keep_line(msgspec.structs.replace(self._line, counted=int(typed) if typed else None))
        self._hint()

    def _type_day(self, typed: str) -> None:
        self._typed = typed
        if len(typed) < DATE_DIGITS:
            example = _("{name}的到期日 6 位数字，如 270131：{typed}")
            self.status.hint(example.format(name=self._line.name, typed=typed))
            return
        self._leave_off()
        try:
            day = date(2000 + int(typed[:2]), int(typed[2:4]), int(typed[4:]))
        except ValueError:
            self.status.refuse(_("没有 {typed} 这一天：按 F3 重输").format(typed=typed))
            return
        self._keep_line(msgspec.structs.replace(self._line, sell_by=day.isoformat()))
        self._hint()

    # --- counting ---------------------------------------------------------------------------------------

    @property
    def _line(self) -> StockCountLine:
        return self._tally.lines[self._cursor]

    def _piece(self, barcode: str) -> None:
        if self._tally.sent:
            self.status.refuse(_("上一次还没有答复：请按 F2 再送一次，点的数先不要改"))
            return
        places = [n for n, line in enumerate(self._tally.lines) if line.barcode == barcode]
        if not places:
            self.status.refuse(_("这里没有这件商品（条码 {barcode}），没有计数").format(barcode=barcode))
            return
        if self._cursor not in places:
            self._move(places[0])
        self._count((self._line.counted or 0) + 1)
        self.post_message(self.Succeeded())

    def _count(self, pieces: int) -> None:
        self._keep_line(msgspec.structs.replace(self._line, counted=min(pieces, MOST)))
        self._hint()

    def _move(self, place: int) -> None:
        self._cursor = min(max(place, 0), len(self._tally.lines) - 1)
        self._redraw()
        self._hint()

    def _keep_line(self, line: StockCountLine) -> None:
        lines = list(self._tally.lines)
        lines[self._cursor] = line
        self._keep(msgspec.structs.replace(self._tally, lines=lines))

    def _keep(self, tally: StockCount) -> None:
        try:
            self._tally = self.counter.store.stock_counts.save(tally)
        except Declined as declined:
            self.status.refuse(declined.sentence)
        self._redraw()

    # --- ending -----------------------------------------------------------------------------------------

    def _escape(self) -> None:
        if self._discarding or self._sure or self._dating:
            self._leave_off()
            self._hint()
        else:
            self.post_message(self.Left())

    def _confirm(self) -> None:
        if self._discarding:
            self.counter.store.stock_counts.delete(self._tally.kind)
            self.post_message(self.Left())
            return
        if self._dating:
            self._leave_off()
        kind, counted = self._tally.kind, self._tally.counted
        pieces = sum(line.counted or 0 for line in counted)
        uncounted = [line for line in self._tally.lines if line.counted is None]
        if kind is CountKind.GOODS_RECEIPT and uncounted:
            self._move(self._tally.lines.index(uncounted[0]))
            self.status.refuse(_("{name}还没有点；没有到货的请按 0").format(name=uncounted[0].name))
        elif not counted or (kind is CountKind.ARRIVAL and not pieces):
            self.status.refuse(_("还没有点数：请扫商品条码，或用上下键选好再按数字"))
        elif kind is CountKind.GOODS_RECEIPT:
            self.post_message(self.SecondPinWanted())
        elif not self._sure and not self._tally.sent:
            self._sure = True
            sentence = _("共 {kinds} 种 {pieces} 件，点完了吗？再按 F2 就送出，按 Esc 接着点")
            self.status.waiting(sentence.format(kinds=len(counted), pieces=pieces))
        else:
            self._go()

    def confirm_with(self, pin: str) -> None:
        """The second person typed their PIN."""
        self._go(pin)

    def _go(self, pin: str = "") -> None:
        self._leave_off()
        self._sending = True
        self.status.waiting(_("正在送出，请稍候"))
        self._send(pin)

    @work
    async def _send(self, pin: str) -> None:
        service = self.counter.stock_counts
        answer: StocktakeSheet | GoodsReceipt
        try:
            match self._tally.kind:
                case CountKind.STOCKTAKE:
                    answer = await service.take_stock(self._tally)
                case CountKind.ARRIVAL:
                    answer = await service.record_arrival(self._tally)
                case CountKind.GOODS_RECEIPT:
                    answer = await service.confirm_goods_receipt(self._tally, pin)
        except KioskError as obstacle:
            self._tally = self.counter.store.stock_counts.find(self._tally.kind) or self._tally
            self.status.refuse(obstacle.sentence)
        else:
            self.post_message(self.Succeeded())
            self.post_message(self.Sent(answer))
        finally:
            self._sending = False

    def _leave_off(self) -> None:
        self._typed = ""
        self._dating = self._sure = self._discarding = False

    def _hint(self) -> None:
        line = self._line
        if self._tally.sent:
            self.status.waiting(_("上一次还没有答复：请按 F2 再送一次，点的数先不要改"))
        elif line.counted is None:
            self.status.hint(_("扫一件记一件；成箱的用上下键选好再按数字；点完按 F2"))
        else:
            self.status.done(_("{name} {pieces} 件；点完按 F2").format(name=line.name, pieces=line.counted))

    def _redraw(self) -> None:
        sheet = self.query_one(TallySheet)
        sheet.tally, sheet.cursor = self._tally, self._cursor
        sheet.refresh()
