"""The server's answers about stock: differences of a count, goods receipts to count, alerts."""

from __future__ import annotations

from textual.message import Message

from api.wire import Command, StocktakeSheet
from api.wire.shelf import GoodsReceipt, StockAlerts
from kiosk.appearance import SHANGHAI
from kiosk.columns import align_left
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.screens.base import Notice
from kiosk.screens.sheet import SheetScreen
from kiosk.widgets.numbered_row import PREFIX_WIDTH, build_numbered_row


class ResultScreen(SheetScreen, Notice):
    """Rows to read; arrow keys scroll if they don't fit."""

    def press(self, key: str) -> None:
        if not self.turn_page(key):
            super().press(key)


class DifferencesScreen(ResultScreen):
    """The quantities expected, shown only after the count: those of the books, or of the first person."""

    def __init__(self, counter: Counter, answer: StocktakeSheet | GoodsReceipt) -> None:
        super().__init__(counter)
        self._answer = answer

    def on_mount(self) -> None:
        match self._answer:
            case StocktakeSheet(lines=stocktake_lines, status=status):
                lines = [(line.name, line.booked, line.counted, line.difference) for line in stocktake_lines]
                title, sentence = _("盘点结果"), _("已盘点，账已改成点的数；按任意键返回")
                if status == "waiting":
                    sentence = _("差得多，账还没有改：请村委会或乡镇办公室在工作台确认；按任意键返回")
                figures = _("账上 {booked}，点到 {counted}，差 {difference}")
            case GoodsReceipt(lines=receipt_lines):
                lines = [
                    (line.name, line.quantity, line.counted or 0, line.difference or 0) for line in receipt_lines
                ]
                title, sentence = _("点收结果"), _("已点收上架，按点的数入账；按任意键返回")
                figures = _("登记 {booked}，点到 {counted}，差 {difference}")
        rows = []
        for name, booked, counted, difference in lines:
            if difference:
                figure = figures.format(booked=booked, counted=counted, difference=f"{difference:+}")
                rows.append(self.build_row(name, figure, "$ember"))
        same = len(lines) - len(rows)
        if same:
            rows.append(self.build_row(_("没有差别"), _("{kinds} 种").format(kinds=same), "$jade"))
        self.show_rows(title, rows)
        self.status.show_done(sentence)


class ArrivalScreen(ResultScreen):
    """The goods wait for a second person's count."""

    def __init__(self, counter: Counter, receipt: GoodsReceipt) -> None:
        super().__init__(counter)
        self._receipt = receipt

    def on_mount(self) -> None:
        pieces = _("{pieces} 件")
        rows = [self.build_row(line.name, pieces.format(pieces=line.quantity)) for line in self._receipt.lines]
        self.show_rows(_("已登记到货"), rows)
        self.status.show_done(_("还没有上架：请另一位管理员在「点收到货」里点数；按任意键返回"))


class StockAlertsScreen(ResultScreen):
    """Products running out, and lots about to expire."""

    def __init__(self, counter: Counter, alerts: StockAlerts) -> None:
        super().__init__(counter)
        self._alerts = alerts

    def on_mount(self) -> None:
        low = _("还有 {stock} 件，最少 {minimum} 件")
        rows = [
            self.build_row(each.name, low.format(stock=each.stock, minimum=each.minimum))
            for each in self._alerts.low
        ]
        for lot in self._alerts.dated:
            past = lot.days < 0
            dated = _("{left} 件，{day} 已过期") if past else _("{left} 件，{day} 到期")
            figure = dated.format(left=lot.left, day=lot.sell_by.isoformat())
            rows.append(self.build_row(lot.name, figure, "bold $ember" if past else "$cream"))
        self.show_rows(_("快没货、快到期"), rows)
        if rows:
            self.status.show_hint(_("已过期的请下架；按任意键返回"))
        else:
            self.status.show_done(_("都够，也没有快到期的；按任意键返回"))


class OpenReceiptsScreen(ResultScreen):
    """Goods receipts that wait for a count; one is chosen by its digit."""

    class Chosen(Message):
        """This one is to be counted."""

        def __init__(self, receipt: GoodsReceipt) -> None:
            super().__init__()
            self.receipt = receipt

    def __init__(self, counter: Counter, receipts: list[GoodsReceipt]) -> None:
        super().__init__(counter)
        self._receipts = receipts[:9]

    def on_mount(self) -> None:
        rows = [
            build_numbered_row(n, self._describe(receipt), chosen=False)
            for n, receipt in enumerate(self._receipts)
        ]
        self.show_rows(_("等着点收的到货"), rows)
        self.status.show_hint(_("按数字键选一批来点；登记的人不能自己点收"))

    def press(self, key: str) -> None:
        if len(key) == 1 and key in "123456789" and int(key) <= len(self._receipts):
            self.post_message(self.Chosen(self._receipts[int(key) - 1]))
        else:
            super().press(key)

    def run_command(self, command: Command) -> None:
        if command is Command.CONFIRM and len(self._receipts) == 1:
            self.post_message(self.Chosen(self._receipts[0]))
        else:
            super().run_command(command)

    def _describe(self, receipt: GoodsReceipt) -> str:
        when = f"{receipt.written_at.astimezone(SHANGHAI):%m-%d %H:%M}"
        goods = _("、").join(line.name for line in receipt.lines)
        return align_left(f"{when}  {receipt.written_by}  {goods}", self.row_width - PREFIX_WIDTH)
