"""Counting stock: every scan is one piece, or as many as were typed before it. The expected quantity isn't shown.

A number that is typed belongs to what is scanned next; Enter, an arrow key or F2 gives it to the line that the
attendant chose. Nothing counts for a line that nobody chose."""

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
from kiosk.scanned_goods import find_scanned
from kiosk.screens.base import READ_TWICE, KioskScreen, MenuItem
from kiosk.store.stock_counts import CountKind, StockCount, StockCountLine
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

MAX_COUNTED = 99_999
TITLES = {
    CountKind.STOCKTAKE: N_("盘点"),
    CountKind.ARRIVAL: N_("登记到货"),
    CountKind.GOODS_RECEIPT: N_("点收到货"),
}
DATE_DIGITS = 6


class CountSheet(Widget):
    """The lines around the cursor, with the pieces counted."""

    DEFAULT_CSS = "CountSheet { height: 1fr; padding: 1 2; background: $background; text-wrap: nowrap; }"

    def __init__(self, count: StockCount) -> None:
        super().__init__()
        self.count = count
        self.cursor = 0
        # Whether the line under the cursor is anybody's choice.
        self.chosen = False

    def render(self) -> Content:
        width, height = self.content_size
        lines, room = self.count.lines, max(height - 2, 1)
        first = min(max(self.cursor - room // 2, 0), max(len(lines) - room, 0))
        rows = [self._build_row(n, lines[n], width) for n in range(first, min(first + room, len(lines)))]
        counted = self.count.counted
        title = _("{what}：已点 {kinds} 种，共 {pieces} 件").format(
            what=self._title, kinds=len(counted), pieces=sum(line.counted or 0 for line in counted)
        )
        return Content("\n").join([Content.assemble((align_left(title, width), "bold $gold")), Content(), *rows])

    @property
    def _title(self) -> str:
        return _("登记捐赠") if self.count.donated else _(TITLES[self.count.kind])

    def _build_row(self, n: int, line: StockCountLine, width: int) -> Content:
        counted = _("未点") if line.counted is None else _("{pieces} 件").format(pieces=line.counted)
        until = _("到期 {day}").format(day=line.sell_by) if line.sell_by else ""
        style = "$faded" if line.counted is None else "$cream"
        if self.chosen and n == self.cursor:
            style = "bold $ink on $gold"
        return Content.assemble(
            (
                align_left(f"{line.name} {line.lot}".rstrip(), width - 28)
                + align_right(until, 18)
                + align_right(counted, 10),
                style,
            )
        )


class CountScreen(KioskScreen):
    class Exited(Message):
        """The attendant left the count, which is kept."""

    class Sent(Message):
        """It is in the books, or recorded for somebody else to count."""

        def __init__(self, answer: StocktakeSheet | GoodsReceipt) -> None:
            super().__init__()
            self.answer = answer

    class SecondPinRequested(Message):
        """Whoever counted has to enter their PIN."""

    def __init__(self, counter: Counter, count: StockCount) -> None:
        super().__init__(counter)
        self._count = count
        self._cursor = 0
        # Whether somebody chose the line under the cursor: by arrow keys, or by a scan.
        self._picked = self._scanned = False
        # Digits of the number or date being typed.
        self._typed = ""
        self._entering_date = self._confirming = self._discarding = self._sending = False

    def compose(self) -> ComposeResult:
        arrival = self._count.kind is CountKind.ARRIVAL
        yield Banner(self.session)
        yield CountSheet(self._count)
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
        self._show_hint()

    # --- keys and scans ---------------------------------------------------------------------------------

    def scan(self, text: str) -> None:
        if self._sending:
            self.app.bell()
            return
        if self._entering_date:
            self.status.show_refusal(_("到期日还没有输完，没有计数：输完 6 位，或按 Esc，再扫"))
            return
        self._confirming = self._discarding = False
        match read_code(text):
            case GoodsCode() as scanned:
                self._count_scanned(scanned)
            case UnreadableCode(reason):
                self.status.show_refusal(reason)
            case _:
                self.status.show_refusal(_("正在点数：请扫商品条码；按 Esc 返回以后再扫户卡"))

    def scan_repeat(self, text: str) -> None:
        """The scanner read one piece twice."""
        if isinstance(read_code(text), GoodsCode):
            self.status.show_refusal(_(READ_TWICE))
        else:
            self.scan(text)

    def press(self, key: str) -> None:
        if self._sending:
            self.app.bell()
        elif key == "escape":
            self._escape()
        elif key == "f2":
            self._confirm()
        elif self._count.sent:
            self.status.show_refusal(_("上一次还没有答复：请按 F2 再送一次，点的数先不要改"))
        elif key == "f8":
            self._reset_input()
            self._discarding = True
            self.status.show_refusal(_("这次点的数都不要了：按 F2 作废，按 Esc 留着"))
        elif len(key) == 1 and key in "0123456789":
            self._type_digit(key)
        else:
            self._edit(key)

    def build_menu(self) -> list[MenuItem]:
        arrival = self._count.kind is CountKind.ARRIVAL
        more = [
            self.build_key_item(_("这一样的到期日"), "F3", "f3"),
            self.build_key_item(_("登记的是捐赠，或不是"), "F7", "f7"),
        ]
        return [
            self.build_key_item(_("点好了"), "F2", "f2"),
            *(more if arrival else []),
            self.build_key_item(_("这一样没有点过"), "Del", "delete"),
            self.build_key_item(_("作废这次点数"), "F8", "f8"),
            self.build_key_item(_("返回兑换，点的数留着"), "Esc", "escape"),
        ]

    def _edit(self, key: str) -> None:
        typed, dating = self._typed, self._entering_date
        if typed and not dating:
            self._edit_number(key)
            return
        self._reset_input()
        match key:
            case "up" | "down":
                self._pick(self._cursor + (1 if key == "down" else -1))
            case "backspace" if typed:
                self._entering_date = True
                self._type_date(typed[:-1])
            case "+" | "=" | " " | "right" if self._require_chosen():
                self._set_counted((self._line.counted or 0) + 1)
            case "-" | "left" if self._require_chosen():
                self._set_counted(max((self._line.counted or 0) - 1, 0))
            case "delete" if self._require_chosen():
                self._save_line(msgspec.structs.replace(self._line, counted=None, sell_by=""))
                self._show_hint()
            case "f3" if self._count.kind is CountKind.ARRIVAL and not dating:
                if self._require_chosen():
                    self._entering_date = True
                    self._type_date("")
            case "f7" if self._count.kind is CountKind.ARRIVAL:
                self._save(msgspec.structs.replace(self._count, donated=not self._count.donated))
                self._show_hint()
            case "+" | "=" | " " | "right" | "-" | "left" | "delete":
                # Refused, and the sentence stays.
                pass
            case _:
                self._show_hint()

    def _edit_number(self, key: str) -> None:
        """A number is typed and not yet counted."""
        match key:
            case "backspace":
                self._type_number(self._typed[:-1])
            case "enter" if self._picked or self._scanned:
                self._count_typed()
            case "up" | "down" if self._picked:
                self._count_typed()
                self._pick(self._cursor + (1 if key == "down" else -1))
            case "delete":
                self._type_number("")
            case _:
                self.status.show_refusal(self._describe_typed())

    def _count_typed(self) -> None:
        """The number typed becomes that of the chosen line."""
        pieces = int(self._typed)
        self._reset_input()
        self._set_counted(pieces)

    def _describe_typed(self) -> str:
        """What becomes of the number typed."""
        if self._picked or self._scanned:
            sentence = _("{pieces} 件还没有记：扫商品就记给它；按 Enter 就是{name}的数；按 Esc 不要")
            return sentence.format(pieces=self._typed, name=self._line.name)
        return _("{pieces} 件还没有记：扫商品就记给它；按 Esc 不要，再用上下键选").format(pieces=self._typed)

    def _require_chosen(self) -> bool:
        """Whether somebody chose this line; if not, say so."""
        if self._picked or self._scanned:
            return True
        self.status.show_refusal(_("还没有选商品：请扫商品条码，或用上下键选"))
        return False

    def _pick(self, place: int) -> None:
        """By arrow key."""
        self._picked = True
        self._move(place)

    def _type_digit(self, digit: str) -> None:
        if self._entering_date:
            self._type_date(self._typed + digit)
        else:
            self._discarding = self._confirming = False
            self._type_number(self._typed + digit)

    def _type_number(self, typed: str) -> None:
        """Consecutive digits are one number, which waits for what it is of."""
        if int(typed or 0) > MAX_COUNTED:
            self.status.show_refusal(_("一次最多 {most} 件").format(most=MAX_COUNTED))
            return
        self._typed = typed
        if typed:
            self.status.show_waiting(self._describe_typed())
        else:
            self._show_hint()

    def _type_date(self, typed: str) -> None:
        self._typed = typed
        if len(typed) < DATE_DIGITS:
            example = _("{name}的到期日 6 位数字，如 270131：{typed}")
            self.status.show_hint(example.format(name=self._line.name, typed=typed))
            return
        self._reset_input()
        try:
            day = date(2000 + int(typed[:2]), int(typed[2:4]), int(typed[4:]))
        except ValueError:
            self.status.show_refusal(_("没有 {typed} 这一天：按 F3 重输").format(typed=typed))
            return
        self._save_line(msgspec.structs.replace(self._line, sell_by=day.isoformat()))
        self._show_hint()

    # --- counting ---------------------------------------------------------------------------------------

    @property
    def _line(self) -> StockCountLine:
        return self._count.lines[self._cursor]

    def _count_scanned(self, scan: GoodsCode) -> None:
        """A carton's code counts all its pieces."""
        if self._count.sent:
            self.status.show_refusal(_("上一次还没有答复：请按 F2 再送一次，点的数先不要改"))
            return
        try:
            found = find_scanned(self.session.shelf, scan)
        except Declined as declined:
            self.status.show_refusal(declined.sentence)
            return
        place = self._find_place(found[0].product, scan) if found else None
        if found is None or place is None:
            barcode = scan.barcode
            self.status.show_refusal(_("这里没有这件商品（条码 {barcode}），没有计数").format(barcode=barcode))
            return
        pieces = int(self._typed or 1) * found[1]
        self._reset_input()
        if self._cursor != place:
            self._move(place)
        self._scanned, self._picked = True, False
        self._set_counted((self._line.counted or 0) + pieces)
        self.post_message(self.Succeeded())

    def _find_place(self, product: str, scan: GoodsCode) -> int | None:
        """The line on which this is counted. At a delivery, what the pack says of its lot and its date is filled
        in, and another lot of the same product gets a line of its own."""
        lines = self._count.lines
        places = [n for n, line in enumerate(lines) if line.product == product]
        sell_by = scan.sell_by.isoformat() if scan.sell_by else ""
        if not places or self._count.kind is CountKind.STOCKTAKE or not (scan.lot or sell_by):
            return self._cursor if self._cursor in places else next(iter(places), None)
        same = [n for n in places if (lines[n].lot, lines[n].sell_by) == (scan.lot, sell_by)]
        if same:
            return same[0]
        if self._count.kind is CountKind.GOODS_RECEIPT:
            return places[0]
        blank = [n for n in places if not (lines[n].lot or lines[n].sell_by or lines[n].counted)]
        place = blank[0] if blank else places[-1] + 1
        line = msgspec.structs.replace(lines[places[0]], counted=None, lot=scan.lot, sell_by=sell_by)
        kept = [*lines[:place], line, *lines[place + 1 if blank else place :]]
        self._save(msgspec.structs.replace(self._count, lines=kept))
        return place

    def _set_counted(self, pieces: int) -> None:
        if pieces > MAX_COUNTED:
            self.status.show_refusal(_("一次最多 {most} 件").format(most=MAX_COUNTED))
            return
        self._save_line(msgspec.structs.replace(self._line, counted=pieces))
        self._show_hint()

    def _move(self, place: int) -> None:
        self._cursor = min(max(place, 0), len(self._count.lines) - 1)
        self._redraw()
        self._show_hint()

    def _save_line(self, line: StockCountLine) -> None:
        lines = list(self._count.lines)
        lines[self._cursor] = line
        self._save(msgspec.structs.replace(self._count, lines=lines))

    def _save(self, tally: StockCount) -> None:
        try:
            self._count = self.counter.store.stock_counts.save(tally)
        except Declined as declined:
            self.status.show_refusal(declined.sentence)
        self._redraw()

    # --- ending -----------------------------------------------------------------------------------------

    def _escape(self) -> None:
        if self._discarding or self._confirming or self._entering_date or self._typed:
            self._reset_input()
            self._show_hint()
        else:
            self.post_message(self.Exited())

    def _confirm(self) -> None:
        if self._discarding:
            self.counter.store.stock_counts.delete(self._count.kind)
            self.post_message(self.Exited())
            return
        if self._entering_date:
            self._reset_input()
        if self._typed and self._picked:
            self._count_typed()
        elif self._typed:
            self.status.show_refusal(self._describe_typed())
            return
        kind, counted = self._count.kind, self._count.counted
        pieces = sum(line.counted or 0 for line in counted)
        uncounted = [line for line in self._count.lines if line.counted is None]
        if kind is CountKind.GOODS_RECEIPT and uncounted:
            self._move(self._count.lines.index(uncounted[0]))
            self._picked = True
            self.status.show_refusal(_("{name}还没有点；没有到货的请按 0 再按 F2").format(name=uncounted[0].name))
        elif not counted or (kind is CountKind.ARRIVAL and not pieces):
            self.status.show_refusal(_("还没有点数：请扫商品条码，或用上下键选好再按数字"))
        elif kind is CountKind.GOODS_RECEIPT:
            self.post_message(self.SecondPinRequested())
        elif not self._confirming and not self._count.sent:
            self._confirming = True
            sentence = _("共 {kinds} 种 {pieces} 件，点完了吗？再按 F2 就送出，按 Esc 接着点")
            self.status.show_waiting(sentence.format(kinds=len(counted), pieces=pieces))
        else:
            self._submit()

    def confirm_with_pin(self, pin: str) -> None:
        """The second person entered their PIN."""
        self._submit(pin)

    def _submit(self, pin: str = "") -> None:
        self._reset_input()
        self._sending = True
        self.status.show_waiting(_("正在送出，请稍候"))
        self._send(pin)

    @work
    async def _send(self, pin: str) -> None:
        service = self.counter.stock_counts
        answer: StocktakeSheet | GoodsReceipt
        try:
            match self._count.kind:
                case CountKind.STOCKTAKE:
                    answer = await service.take_stock(self._count)
                case CountKind.ARRIVAL:
                    answer = await service.record_arrival(self._count)
                case CountKind.GOODS_RECEIPT:
                    answer = await service.confirm_goods_receipt(self._count, pin)
        except KioskError as error:
            self._count = self.counter.store.stock_counts.find(self._count.kind) or self._count
            self.status.show_refusal(error.sentence)
        else:
            self.post_message(self.Succeeded())
            self.post_message(self.Sent(answer))
        finally:
            self._sending = False

    def _reset_input(self) -> None:
        self._typed = ""
        self._entering_date = self._confirming = self._discarding = False

    def _show_hint(self) -> None:
        line = self._line
        if self._count.sent:
            self.status.show_waiting(_("上一次还没有答复：请按 F2 再送一次，点的数先不要改"))
        elif line.counted is None:
            self.status.show_hint(_("扫一件记一件；成箱的先按件数再扫，或用上下键选好再按数字；点完按 F2"))
        else:
            self.status.show_done(_("{name} {pieces} 件；点完按 F2").format(name=line.name, pieces=line.counted))

    def _redraw(self) -> None:
        sheet = self.query_one(CountSheet)
        sheet.count, sheet.cursor = self._count, self._cursor
        sheet.chosen = self._picked or self._scanned
        sheet.refresh()
