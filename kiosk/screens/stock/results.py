"""What the server answered about the shelf: differences of a count, what waits for one, what to look after."""

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
from kiosk.widgets.numbered_row import BESIDE, numbered


class Told(SheetScreen, Notice):
    """Rows to read; arrows turn the page where there are more than fit."""

    def press(self, key: str) -> None:
        if not self.turn_page(key):
            super().press(key)


class Differences(Told):
    """Only now is told what the books had, or what the first person wrote down."""

    def __init__(self, counter: Counter, answer: StocktakeSheet | GoodsReceipt) -> None:
        super().__init__(counter)
        self._answer = answer

    def on_mount(self) -> None:
        match self._answer:
            case StocktakeSheet(lines=lines):
                told = [(line.name, line.booked, line.counted, line.difference) for line in lines]
                title, sentence = _("盘点结果"), _("已盘点，账已改成点的数；按任意键返回")
                figures = _("账上 {booked}，点到 {counted}，差 {difference}")
            case GoodsReceipt(lines=receipt_lines):
                told = [
                    (line.name, line.quantity, line.counted or 0, line.difference or 0) for line in receipt_lines
                ]
                title, sentence = _("点收结果"), _("已点收上架，按点的数入账；按任意键返回")
                figures = _("登记 {booked}，点到 {counted}，差 {difference}")
        differing = [each for each in told if each[3]]
        rows = [
            self.row(name, figures.format(booked=booked, counted=counted, difference=f"{difference:+}"), "$ember")
            for name, booked, counted, difference in differing
        ]
        same = len(told) - len(differing)
        if same:
            rows.append(self.row(_("没有差别"), _("{kinds} 种").format(kinds=same), "$jade"))
        self.show(title, rows)
        self.status.done(sentence)


class WrittenDown(Told):
    """It waits for somebody else's count."""

    def __init__(self, counter: Counter, receipt: GoodsReceipt) -> None:
        super().__init__(counter)
        self._receipt = receipt

    def on_mount(self) -> None:
        pieces = _("{pieces} 件")
        rows = [self.row(line.name, pieces.format(pieces=line.quantity)) for line in self._receipt.lines]
        self.show(_("已登记到货"), rows)
        self.status.done(_("还没有上架：请另一位管理员在「点收到货」里点数；按任意键返回"))


class Watch(Told):
    """What runs out, and what has to go soon."""

    def __init__(self, counter: Counter, watch: StockAlerts) -> None:
        super().__init__(counter)
        self._watch = watch

    def on_mount(self) -> None:
        low = _("还有 {stock} 件，最少 {minimum} 件")
        rows = [
            self.row(each.name, low.format(stock=each.stock, minimum=each.minimum)) for each in self._watch.low
        ]
        for lot in self._watch.dated:
            past = lot.days < 0
            dated = _("{left} 件，{day} 已过期") if past else _("{left} 件，{day} 到期")
            told = dated.format(left=lot.left, day=lot.sell_by.isoformat())
            rows.append(self.row(lot.name, told, "bold $ember" if past else "$cream"))
        self.show(_("快没货、快到期"), rows)
        if rows:
            self.status.hint(_("已过期的请下架；按任意键返回"))
        else:
            self.status.done(_("都够，也没有快到期的；按任意键返回"))


class OpenReceipts(Told):
    """What was written down and waits for a count: one is chosen by its digit."""

    class Chosen(Message):
        """This one is counted now."""

        def __init__(self, receipt: GoodsReceipt) -> None:
            super().__init__()
            self.receipt = receipt

    def __init__(self, counter: Counter, receipts: list[GoodsReceipt]) -> None:
        super().__init__(counter)
        self._receipts = receipts[:9]

    def on_mount(self) -> None:
        rows = [numbered(n, self._line(receipt), chosen=False) for n, receipt in enumerate(self._receipts)]
        self.show(_("等着点收的到货"), rows)
        self.status.hint(_("按数字键选一批来点；登记的人不能自己点收"))

    def press(self, key: str) -> None:
        if len(key) == 1 and key in "123456789" and int(key) <= len(self._receipts):
            self.post_message(self.Chosen(self._receipts[int(key) - 1]))
        else:
            super().press(key)

    def command(self, command: Command) -> None:
        if command is Command.CONFIRM and len(self._receipts) == 1:
            self.post_message(self.Chosen(self._receipts[0]))
        else:
            super().command(command)

    def _line(self, receipt: GoodsReceipt) -> str:
        when = f"{receipt.written_at.astimezone(SHANGHAI):%m-%d %H:%M}"
        goods = _("、").join(line.name for line in receipt.lines)
        return align_left(f"{when}  {receipt.written_by}  {goods}", self.across - BESIDE)
