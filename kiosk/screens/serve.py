"""The serving screen: what its keys do, and the redemption."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from textual import work

from api.wire import Command, PromisedGoods, ShelfItem
from kiosk.counter import Counter
from kiosk.errors import Declined, KioskError, Refused
from kiosk.language import N_, _
from kiosk.screens import messages
from kiosk.screens.base import MenuItem
from kiosk.screens.card_pin import PIN_REFUSALS
from kiosk.screens.cart_screen import CartScreen

RETRYING = N_("{outage}，正在重试，请勿重复操作")
STUCK = N_("{outage}，还没有答复，{meanwhile}不能兑换：请等{recovery}，或按 Esc、扫取消卡放弃这一笔")
GIVEN_UP = N_("这一笔已放弃，不会记账，请不要发放物品；商品还在购物车里，网络好了再确认")


class ServeScreen(CartScreen):
    def __init__(self, counter: Counter) -> None:
        super().__init__(counter)
        session = self.session
        self._actions: dict[str, Callable[[], None]] = {
            "f2": self._confirm,
            "f3": self._request_promise,
            "f4": self._request_promise_list,
            "f5": self._request_stock_menu,
            "f7": self._toggle_collector,
            "f8": self._request_void,
            "f10": self._ask_to_close_shift,
            "/": self._request_without_card,
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

    def on_mount(self) -> None:
        self._panels.show("household")
        self._show_hint()
        if self.session.pending:
            self._settle()
        elif unseen := self.counter.store.receipts.find_unseen():
            self.post_message(messages.RedemptionCompleted(unseen, interrupted=True))

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
            self.build_key_item(_("没带卡，或卡丢了"), "/", "/"),
            self.build_key_item(_("取消这一户"), "Esc", "escape"),
            self.build_key_item(_("给这户留缺货的商品"), "F3", "f3"),
            self.build_key_item(_("领取或取消留的货"), "F4", "f4"),
            self.build_key_item(_("由邻居代领"), "F7", "f7"),
            self.build_key_item(_("理货：进货、盘点、到期"), "F5", "f5"),
            self.build_key_item(_("交班"), "F10", "f10"),
            self.build_key_item(_("这一班的兑换：查找、作废"), "F8", "f8"),
            self.build_key_item(_("删掉购物车最后一项"), "Del", "delete"),
            self.build_key_item(_("确认兑换"), "F2", "f2"),
            self.build_key_item(_("光标处的商品加一件"), "+", "+"),
            self.build_key_item(_("光标处的商品减一件"), "-", "-"),
            self.build_key_item(_("小屏上换页"), "F6", "f6"),
        ]

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
            if not self.handle_caller_refusal(refusal):
                # Balance, stock or price were out of date.
                with suppress(KioskError):
                    await self.counter.cards.refresh()
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

    # --- other screens ----------------------------------------------------------------------------------

    def _cancel(self) -> None:
        if self._choosing_collector:
            self._choosing_collector = False
        else:
            self.session.cancel()

    def _request_without_card(self) -> None:
        self.counter.identifications.require_online()
        self.post_message(messages.WithoutCardRequested())

    def show_identified(self) -> None:
        """The household without its card is known."""
        self._panels.show("household")
        self.post_message(self.Succeeded())
        self._show_hint()
        self._redraw()

    def show_frozen(self, sentence: str) -> None:
        """A lost card is frozen."""
        self.post_message(self.Succeeded())
        self._redraw()
        self.status.show_result(sentence)

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

    # --- the redemption ---------------------------------------------------------------------------------

    def _confirm(self) -> None:
        if self.counter.needs_card_pin:
            self.post_message(messages.CardPinRequested())
        else:
            self._redeem()

    def confirm_with_pin(self, card_pin: str) -> None:
        """The household entered its card's PIN."""
        self._attempt(lambda: self._redeem(card_pin))

    def _redeem(self, card_pin: str = "") -> None:
        self.counter.confirm(card_pin)
        self.workers.cancel_group(self, "card")
        self._settle()

    @work(group="redeem", exclusive=True)
    async def _settle(self) -> None:
        self.status.show_waiting(_("正在兑换，请稍候"))
        try:
            stored = await self.counter.settle(self._show_retrying)
        except Refused as refusal:
            if not self.handle_caller_refusal(refusal):
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
