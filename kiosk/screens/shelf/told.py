"""What the server answered about the shelf: differences of a count, what waits for one, what to look after."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from api.wire import Command, StocktakeSheet
from api.wire.shelf import GoodsReceipt, ShelfWatch
from kiosk.columns import between
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.look import SHANGHAI
from kiosk.screens.base import Overlay
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.numbered import numbered
from kiosk.widgets.status import Status

WIDTH = 64
_PAGES = {"up": -1, "pageup": -1, "down": 1, "pagedown": 1, " ": 1}


class Told(Overlay):
    """Rows to read; arrows turn the page where there are more than fit."""

    # Scoped, it would hold for this class alone and not for those below.
    SCOPED_CSS = False
    CSS = """
    Told #middle { height: 1fr; align: center middle; overflow-y: auto; scrollbar-size-vertical: 0; }
    Told #sheet { width: 72; max-width: 100%; height: auto; background: $panel; padding: 1 3; }
    """

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="sheet"):
            yield Static(id="rows")
        yield Status()
        yield KeyBar(("escape", "Esc", _("返回")))

    def press(self, key: str) -> None:
        sheet = self.query_one("#middle")
        if key in _PAGES and sheet.max_scroll_y:
            sheet.scroll_relative(y=_PAGES[key] * (sheet.size.height - 1), animate=False)
        else:
            super().press(key)

    def show(self, title: str, rows: Sequence[Content]) -> None:
        heading = Content.assemble((title, "bold $gold"))
        self.query_one("#rows", Static).update(Content("\n").join([heading, Content(), *rows]))

    def row(self, what: str, figure: str, style: str = "$cream") -> Content:
        return Content.assemble((between(what, figure, min(WIDTH, self.app.size.width - 6)), style))


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

    def __init__(self, counter: Counter, watch: ShelfWatch) -> None:
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
        return between(f"{when}  {receipt.written_by}  {goods}", "", min(WIDTH, self.app.size.width - 11))
