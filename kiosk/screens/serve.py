"""The serving screen: the shelf on the left, the household and its cart on the right."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from api.wire import Command, PromisedGoods, ShelfItem
from kiosk.codes import CardCode, EnrolCode, GoodsCode, UnreadableCode, read_code
from kiosk.counter import Counter
from kiosk.errors import Declined, KioskError, Refused
from kiosk.language import N_, _
from kiosk.number_entry import NumberEntry
from kiosk.screens import messages
from kiosk.screens.base import READ_TWICE, KioskScreen, MenuItem
from kiosk.screens.card_pin import PIN_REFUSALS
from kiosk.screens.next_step import get_next_step
from kiosk.screens.panels import Panels
from kiosk.sync import SIGN_IN_REQUIRED
from kiosk.widgets.banner import Banner
from kiosk.widgets.cart import CartView
from kiosk.widgets.household import Household
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.shelf import Shelf
from kiosk.widgets.status import Status
from kiosk.widgets.summary import Summary

RETRYING = N_("{outage}，正在重试，请勿重复操作")
STUCK = N_("{outage}，还没有答复，这户{meanwhile}不够兑换：请等{recovery}，或按 Esc、扫取消卡放弃这一笔")
GIVEN_UP = N_("这一笔已放弃，不会记账，请不要发放物品；商品还在购物车里，网络好了再确认")


class ServeScreen(KioskScreen):
    """In large mode one panel is shown at a time, see `Panels`."""

    CSS = """
    ServeScreen #counter { height: 1fr; }
    ServeScreen #household { width: 45%; min-width: 34; max-width: 52; }
    """

    def __init__(self, counter: Counter) -> None:
        super().__init__(counter)
        self._number_entry = NumberEntry()
        self._digit_timer: Timer | None = None
        self._panels = Panels(self)
        self._choosing_collector = False
        self._closing_shift = False
        self._shown_state = (self.session.connection.online, self.session.connection.outage, "")
        session = self.session
        self._actions: dict[str, Callable[[], None]] = {
            "f2": self._confirm,
            "f3": self._request_promise,
            "f4": self._request_promise_list,
            "f5": self._request_stock_menu,
            "f7": self._toggle_collector,
            "f8": self._request_void,
            "f10": self._ask_to_close_shift,
            "escape": self._cancel,
            "up": lambda: session.move_cursor(-1),
            "down": lambda: session.move_cursor(1),
            "right": session.add_at_cursor,
            " ": session.add_at_cursor,
            "+": session.add_at_cursor,
            "=": session.add_at_cursor,
            "left": session.remove_at_cursor,
            "-": session.remove_at_cursor,
            "delete": session.remove_last,
            "backspace": session.remove_last,
            "f6": self._panels.show_next,
        }

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        yield Summary(self.session)
        with Horizontal(id="counter"):
            yield Shelf(self.session)
            with Vertical(id="household"):
                yield Household(self.session)
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
            ("f4", "F4", _("领货")),
            ("f5", "F5", _("理货")),
            ("f7", "F7", _("代领")),
            ("f8", "F8", _("作废")),
            ("f1", "F1", _("帮助")),
            ("f9", "F9", _("菜单")),
            ("f10", "F10", _("交班")),
        )

    def on_mount(self) -> None:
        self._panels.show("household")
        self._show_hint()
        if self.session.pending:
            self._settle()
        elif unseen := self.counter.store.receipts.find_unseen():
            self.post_message(messages.RedemptionCompleted(unseen, interrupted=True))

    def refresh_state(self) -> None:
        super().refresh_state()
        connection = self.session.connection
        problem = _(connection.lockout_reason) if connection.lockout_reason else connection.error
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

    # --- keys and scans ---------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        closing, self._closing_shift = self._closing_shift, False
        if self.session.pending:
            self._press_while_pending(key)
        elif closing and key == "f2":
            self._attempt(self._close_shift)
        elif closing and key == "escape":
            self._show_hint()
        elif len(key) == 1 and key in "0123456789":
            self._type_digit(key)
        elif self._finish_number() and key in self._actions:
            if self._panels.needs_shelf(key):
                self._panels.show("shelf")
            else:
                self._attempt(self._actions[key])

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

    def run_command(self, command: Command) -> None:
        match command:
            case Command.RECEIPT:
                self._attempt(self._request_receipt)
            case Command.VOID:
                self.press("f8")
            case _:
                super().run_command(command)

    def build_menu(self) -> list[MenuItem]:
        return [
            MenuItem(_("再看上一张收据"), "", lambda: self.run_command(Command.RECEIPT)),
            self.build_key_item(_("删掉购物车最后一项"), "Del", "delete"),
            self.build_key_item(_("取消这一户"), "Esc", "escape"),
            self.build_key_item(_("给这户留缺货的商品"), "F3", "f3"),
            self.build_key_item(_("领取或取消留的货"), "F4", "f4"),
            self.build_key_item(_("由邻居代领"), "F7", "f7"),
            self.build_key_item(_("理货：进货、盘点、到期"), "F5", "f5"),
            self.build_key_item(_("交班"), "F10", "f10"),
            self.build_key_item(_("这一班的兑换：查找、作废"), "F8", "f8"),
            self.build_key_item(_("确认兑换"), "F2", "f2"),
            self.build_key_item(_("光标处的商品加一件"), "+", "+"),
            self.build_key_item(_("光标处的商品减一件"), "-", "-"),
            self.build_key_item(_("小屏上换页"), "F6", "f6"),
        ]

    @on(Shelf.Picked)
    def _add_picked(self, message: Shelf.Picked) -> None:
        self._attempt(lambda: self.session.add(message.item))

    @on(CartView.Picked)
    def _remove_picked(self, message: CartView.Picked) -> None:
        self._attempt(lambda: self.session.remove(message.item))

    def _press_while_pending(self, key: str) -> None:
        if key == "escape":
            self._give_up()
        elif key == "f2" and not any(worker.group == "redeem" for worker in self.workers):
            # Settling stopped because of a disk error.
            self._settle()
        else:
            self.app.bell()

    def _give_up(self) -> None:
        try:
            self.counter.give_up()
        except Declined as declined:
            self.status.show_refusal(declined.sentence)
            return
        self.workers.cancel_group(self, "redeem")
        self.status.show_result(_(GIVEN_UP), "waiting")
        self._redraw()

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

    # --- actions ----------------------------------------------------------------------------------------

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

    # --- promises and collectors ------------------------------------------------------------------------

    def _request_promise(self) -> None:
        item = self.session.item_at_cursor
        self.session.require_promisable(item, 1)
        self.post_message(messages.PromiseRequested(item))

    @work(group="keep", exclusive=True)
    async def make_promise(self, item: ShelfItem, quantity: int) -> None:
        self.status.show_waiting(_("正在留货，请稍候"))
        try:
            slip = await self.counter.promises.promise(item, quantity, self._show_recall)
        except Refused as refusal:
            if not self._handle_caller_refusal(refusal):
                # Balance, stock or price were out of date.
                with suppress(KioskError):
                    await self.counter.refresh_card()
                self._redraw()
                self.status.show_refusal(refusal.sentence)
        except Declined as declined:
            self.status.show_refusal(declined.sentence)
        else:
            self.post_message(self.Succeeded())
            self.post_message(messages.PromiseMade(slip))
            if self.session.card and not self.session.cart:
                self._look_up(self.session.card.token)

    def _request_promise_list(self) -> None:
        promises = self.session.require_online_card().view.promises
        if not promises:
            raise Declined(_("没有给这户留的货"))
        self.post_message(messages.PromiseListRequested(promises))

    def collect(self, promised: PromisedGoods) -> None:
        if self._attempt(lambda: self.counter.collect(promised)):
            self.workers.cancel_group(self, "card")
            self._settle()

    def show_cancelled_promise(self, promised: PromisedGoods) -> None:
        """The points were returned."""
        if self.session.card:
            self._look_up(self.session.card.token)
        self.status.show_result(_("已取消留货，{points} 分已退回").format(points=promised.line.points))

    def _toggle_collector(self) -> None:
        """The collector's card is scanned next; the same key removes the collector."""
        self.session.require_card()
        self._choosing_collector = not self._choosing_collector and self.session.collector is None
        self.session.collector = None

    @work(group="card", exclusive=True)
    async def _look_up_collector(self, token: str) -> None:
        self.status.show_waiting(_("正在查代领人的卡，请稍候"))
        try:
            await self.counter.look_up_collector(token)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self._choosing_collector = False
            self.post_message(self.Succeeded())
            self._show_hint()
        self._redraw()

    def _cancel(self) -> None:
        if self._choosing_collector:
            self._choosing_collector = False
        else:
            self.session.cancel()

    def _request_stock_menu(self) -> None:
        self.session.require_idle()
        self.session.cancel()
        self.post_message(messages.StockMenuRequested())

    def _ask_to_close_shift(self) -> None:
        self.session.require_idle()
        report = self.counter.store.shifts.build_report(self.counter.store.shifts.required.id)
        self._closing_shift = True
        sentence = _("要交班吗？这一班兑换 {sales} 笔、{points} 分：按 F2 交班，按别的键接着值班")
        self.status.show_result(sentence.format(sales=report.redemptions, points=report.points), "waiting")

    def _close_shift(self) -> None:
        self.post_message(messages.ShiftClosed(*self.counter.shifts.close()))

    def _request_receipt(self) -> None:
        self.post_message(messages.ReceiptRequested(self.session.require_last_receipt()))

    def _request_void(self) -> None:
        if not self.counter.store.redemptions.list_shift():
            raise Declined(_("这一班没有可以作废的兑换"))
        self.post_message(messages.VoidRequested())

    def show_voided(self, sentence: str) -> None:
        """Show the result of a void, and the household's new balance."""
        if self.session.card and not self.session.cart:
            self._look_up(self.session.card.token)
        self._redraw()
        self.status.show_result(sentence)

    def _confirm(self) -> None:
        if self.counter.needs_card_pin:
            self.post_message(messages.CardPinRequested())
        else:
            self._redeem()

    def confirm_with_pin(self, card_pin: str) -> None:
        """The household entered its card's PIN."""
        self._attempt(lambda: self._redeem(card_pin))

    def _handle_caller_refusal(self, refusal: Refused) -> bool:
        """Sign out if the server refused the caller, whatever the request was; returns whether it did."""
        if refusal.problem.type not in SIGN_IN_REQUIRED:
            return False
        self.counter.shifts.end_by_server()
        self.post_message(messages.SignedOut(refusal.sentence))
        return True

    def _redeem(self, card_pin: str = "") -> None:
        self.counter.confirm(card_pin)
        self.workers.cancel_group(self, "card")
        self._settle()

    @work(group="card", exclusive=True)
    async def _look_up(self, token: str) -> None:
        self.status.show_waiting(_("正在查这张户卡，请稍候"))
        try:
            await self.counter.look_up(token)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self._show_hint()
            self._panels.show("household")
            self.post_message(self.Succeeded())
        self._redraw()

    @work(group="redeem", exclusive=True)
    async def _settle(self) -> None:
        self.status.show_waiting(_("正在兑换，请稍候"))
        try:
            stored = await self.counter.settle(self._show_retrying)
        except Refused as refusal:
            if not self._handle_caller_refusal(refusal):
                self.status.show_refusal(refusal.sentence)
                self._redraw()
                if refusal.problem.type in PIN_REFUSALS and self.session.cart:
                    self.post_message(messages.CardPinRequested(refusal.sentence))
        except Declined as declined:
            self.status.show_refusal(declined.sentence)
            self._redraw()
        else:
            self.post_message(self.Succeeded())
            self.post_message(messages.RedemptionCompleted(stored))
            self._show_hint()
            self._redraw()

    def _show_retrying(self) -> None:
        pending = self.session.pending
        if pending and pending.recalled:
            self._show_recall(pending.recalled)
            return
        sentence = _(STUCK) if pending and pending.stuck else _(RETRYING)
        self.status.show_waiting(self.session.connection.outage.fill(sentence))
        self.app.bell()

    def _show_recall(self, points: int) -> None:
        self.status.show_waiting(_("另一台终端正在交回 {points} 分，请稍候…").format(points=points))

    def _show_hint(self) -> None:
        sentence, ready = get_next_step(self.session, choosing_collector=self._choosing_collector)
        self.status.show_done(sentence) if ready else self.status.show_hint(sentence)

    def _redraw(self) -> None:
        if self._panels.shown == "cart" and not self.session.card and not self.session.cart:
            self._panels.show("household")
        self.query_one(Household).fit()
        self.query("Banner, Summary, Shelf, Household, CartView").refresh()
