"""Navigation between the screens of stock work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on

from api.wire import StocktakeSheet
from kiosk.errors import Declined, KioskError
from kiosk.language import _
from kiosk.screens import messages
from kiosk.screens.base import MenuItem
from kiosk.screens.menu import MenuScreen
from kiosk.screens.routes import Routes
from kiosk.screens.stock.count import CountScreen
from kiosk.screens.stock.results import ArrivalScreen, DifferencesScreen, OpenReceiptsScreen, StockAlertsScreen
from kiosk.screens.stock.second_pin import SecondPinScreen
from kiosk.store.stock_counts import CountKind


class StockRoutes(Routes):
    @on(messages.StockMenuRequested)
    async def _show_stock_menu(self) -> None:
        items = [
            MenuItem(_("登记到货"), "", lambda: self._begin_count(CountKind.ARRIVAL)),
            MenuItem(_("点收到货（另一个人）"), "", lambda: self._run(self._show_open_receipts)),
            MenuItem(_("盘点"), "", lambda: self._begin_count(CountKind.STOCKTAKE)),
            MenuItem(_("快没货、快到期"), "", lambda: self._run(self._show_alerts)),
        ]
        await self.show_overlay(MenuScreen(self.counter, items))

    def _begin_count(self, kind: CountKind) -> None:
        try:
            count = self.counter.stock_counts.begin(kind)
        except Declined as declined:
            self.top_screen.status.show_refusal(declined.sentence)
        else:
            self.push_screen(CountScreen(self.counter, count))

    def _run(self, action: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            try:
                await action()
            except KioskError as error:
                self.top_screen.status.show_refusal(error.sentence)

        self.run_worker(run(), group="shelf", exclusive=True)

    async def _show_open_receipts(self) -> None:
        receipts = await self.counter.stock_counts.list_open_goods_receipts()
        if not receipts:
            raise Declined(_("没有等着点收的到货"))
        await self.show_overlay(OpenReceiptsScreen(self.counter, receipts))

    async def _show_alerts(self) -> None:
        await self.show_overlay(
            StockAlertsScreen(self.counter, await self.counter.stock_counts.get_stock_alerts())
        )

    @on(OpenReceiptsScreen.Chosen)
    async def _begin_receipt_count(self, message: OpenReceiptsScreen.Chosen) -> None:
        count = self.counter.stock_counts.begin_goods_receipt(message.receipt)
        await self.show_overlay(CountScreen(self.counter, count))

    @on(CountScreen.SecondPinRequested)
    async def _show_second_pin(self) -> None:
        await self.show_overlay(SecondPinScreen(self.counter))

    @on(CountScreen.Exited)
    async def _leave_count(self) -> None:
        await self.close_overlays()
        if isinstance(self.screen, CountScreen):
            await self.pop_screen()

    @on(CountScreen.Sent)
    async def _show_result(self, message: CountScreen.Sent) -> None:
        await self._leave_count()
        answer = message.answer
        if isinstance(answer, StocktakeSheet) or answer.state == "confirmed":
            await self.show_overlay(DifferencesScreen(self.counter, answer))
        else:
            await self.show_overlay(ArrivalScreen(self.counter, answer))
