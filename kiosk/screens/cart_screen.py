"""The shelf on the left, the household and its cart on the right, and what cards and goods do there."""

from __future__ import annotations

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from kiosk.codes import CardCode, EnrolCode, GoodsCode, UnreadableCode, read_code
from kiosk.counter import Counter
from kiosk.errors import Declined, KioskError
from kiosk.language import _
from kiosk.number_entry import NumberEntry
from kiosk.screens.base import READ_TWICE, KioskScreen
from kiosk.screens.next_step import get_next_step
from kiosk.screens.panels import Panels
from kiosk.widgets.banner import Banner
from kiosk.widgets.cart import CartView
from kiosk.widgets.household import Household
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.shelf import Shelf
from kiosk.widgets.status import Status
from kiosk.widgets.summary import Summary


class CartScreen(KioskScreen):
    """In large mode one panel is shown at a time, see `Panels`."""

    # The subclass uses it too.
    SCOPED_CSS = False
    CSS = """
    CartScreen #counter { height: 1fr; }
    CartScreen #household { width: 45%; min-width: 34; max-width: 52; }
    """

    def __init__(self, counter: Counter) -> None:
        super().__init__(counter)
        self._number_entry = NumberEntry()
        self._digit_timer: Timer | None = None
        self._panels = Panels(self)
        self._choosing_collector = False
        self._closing_shift = False
        self._shown_state = (self.session.connection.online, self.session.connection.outage, "")

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        yield Summary(self.session)
        with Horizontal(id="counter"):
            yield Shelf(self.session)
            with Vertical(id="household"):
                yield Household(self.session, self.counter.identifications)
                yield CartView(self.session)
        yield Status()
        yield KeyBar(
            ("f2", "F2", _("确认")),
            ("+", "+", _("加")),
            ("-", "-", _("减")),
            ("delete", "Del", _("删")),
            ("f6", "F6", _("换页")),
            ("escape", "Esc", _("取消")),
            ("f3", "F3", _("留货")),
            ("/", "/", _("没卡")),
            ("f4", "F4", _("领货")),
            ("f5", "F5", _("理货")),
            ("f7", "F7", _("代领")),
            ("f8", "F8", _("作废")),
            ("f1", "F1", _("帮助")),
            ("f9", "F9", _("菜单")),
            ("f10", "F10", _("交班")),
        )

    def refresh_state(self) -> None:
        super().refresh_state()
        connection = self.session.connection
        problem = _(connection.lockout_reason) if connection.lockout_reason else connection.problem
        state = (connection.online, connection.outage, problem)
        if state == self._shown_state or self.session.pending:
            return
        self._shown_state = state
        card = self.session.card
        if problem:
            self.status.show_refusal(problem)
        elif connection.online and card and card.offline:
            # Show the whole balance, not only the points leased to this kiosk.
            self._look_up(card.token)
        elif not self.status.classes & {"refusal", "waiting", "done"}:
            self._show_hint()

    # --- scans, touches and digits ----------------------------------------------------------------------

    def scan(self, text: str) -> None:
        self._closing_shift = False
        if not self._finish_number():
            return
        match read_code(text):
            case CardCode(token) if self._choosing_collector:
                self._look_up_collector(token)
            case CardCode(token):
                self._look_up(token)
            case GoodsCode() as scanned:
                if self._attempt(lambda: self.session.add_barcode(scanned)):
                    self.post_message(self.Succeeded())
            case EnrolCode():
                self.status.show_refusal(_("这台终端已经登记，不用再扫登记码"))
            case UnreadableCode(reason):
                self.status.show_refusal(reason)

    def scan_repeat(self, text: str) -> None:
        """Only goods could be counted twice; a repeated card or unreadable code is handled again."""
        card = self.session.card
        match read_code(text):
            case GoodsCode():
                self.status.show_refusal(_(READ_TWICE))
            case CardCode(token) if not self._choosing_collector and card and card.token == token:
                return
            case _:
                self.scan(text)

    @on(Shelf.Picked)
    def _add_picked(self, message: Shelf.Picked) -> None:
        self._attempt(lambda: self.session.add(message.item))

    @on(CartView.Picked)
    def _remove_picked(self, message: CartView.Picked) -> None:
        self._attempt(lambda: self.session.remove(message.item))

    def _type_digit(self, digit: str) -> None:
        numbers = [item.number for item in self.session.shelf]
        for number in self._number_entry.add_digit(digit, numbers):
            self._add_number(number)
        if self._digit_timer:
            self._digit_timer.stop()
        if self._number_entry.digits:
            self.status.show_hint(_("货号 {held}，可接着按第二位").format(held=self._number_entry.digits))
            self._digit_timer = self.set_timer(self.counter.timing.digit_timeout, self._finish_number)

    def _finish_number(self) -> bool:
        """Add the number that a held digit is; returns False if that was declined."""
        return all([self._add_number(number) for number in self._number_entry.finish()])

    def _add_number(self, number: int) -> bool:
        return self._attempt(lambda: self.session.add_number(number))

    def _attempt(self, action: Callable[[], object]) -> bool:
        before = self.session.total
        try:
            action()
        except Declined as declined:
            self.status.show_refusal(declined.sentence)
            return False
        if self._panels.shown == "household" and self.session.total > before:
            self._panels.show("cart")
        self._redraw()
        if not self.session.pending and not self._closing_shift:
            self._show_hint()
        return True

    # --- households -------------------------------------------------------------------------------------

    @work(group="card", exclusive=True)
    async def _look_up(self, token: str) -> None:
        self.status.show_waiting(_("正在查这张户卡，请稍候"))
        try:
            await self.counter.cards.look_up(token)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self._show_hint()
            self._panels.show("household")
            self.post_message(self.Succeeded())
        self._redraw()

    @work(group="card", exclusive=True)
    async def _look_up_collector(self, token: str) -> None:
        self.status.show_waiting(_("正在查代领人的卡，请稍候"))
        try:
            await self.counter.cards.look_up_collector(token)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self._choosing_collector = False
            self.post_message(self.Succeeded())
            self._show_hint()
        self._redraw()

    # --- drawing ----------------------------------------------------------------------------------------

    def _show_hint(self) -> None:
        sentence, ready = get_next_step(self.session, choosing_collector=self._choosing_collector)
        self.status.show_done(sentence) if ready else self.status.show_hint(sentence)

    def _redraw(self) -> None:
        if self._panels.shown == "cart" and not self.session.card and not self.session.cart:
            self._panels.show("household")
        self.query_one(Household).fit()
        self.redraw_session()
