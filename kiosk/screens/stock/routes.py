"""Ways between the screens of the shelf; each waits until the new screen is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on

from api.wire import StocktakeSheet
from kiosk.errors import Declined, KioskError
from kiosk.language import _
from kiosk.screens import messages
from kiosk.screens.base import Choice
from kiosk.screens.menu import Palette
from kiosk.screens.routes import Routes
from kiosk.screens.stock.count import Counting
from kiosk.screens.stock.results import Differences, OpenReceipts, Watch, WrittenDown
from kiosk.screens.stock.second_pin import SecondPin
from kiosk.store.stock_counts import CountKind


class ShelfRoutes(Routes):
    @on(messages.ToShelf)
    async def _choose_shelf_work(self) -> None:
        choices = [
            Choice(_("登记到货"), "", lambda: self._count(CountKind.ARRIVAL)),
            Choice(_("点收到货（另一个人）"), "", lambda: self._ask(self._look_for_receipts)),
            Choice(_("盘点"), "", lambda: self._count(CountKind.STOCKTAKE)),
            Choice(_("快没货、快到期"), "", lambda: self._ask(self._look_at_watch)),
        ]
        await self.over(Palette(self.counter, choices))

    def _count(self, kind: CountKind) -> None:
        try:
            tally = self.counter.stock_counts.begin(kind)
        except Declined as declined:
            self.top.status.refuse(declined.sentence)
        else:
            self.push_screen(Counting(self.counter, tally))

    def _ask(self, what: Callable[[], Awaitable[None]]) -> None:
        async def asked() -> None:
            try:
                await what()
            except KioskError as obstacle:
                self.top.status.refuse(obstacle.sentence)

        self.run_worker(asked(), group="shelf", exclusive=True)

    async def _look_for_receipts(self) -> None:
        receipts = await self.counter.stock_counts.list_open_goods_receipts()
        if not receipts:
            raise Declined(_("没有等着点收的到货"))
        await self.over(OpenReceipts(self.counter, receipts))

    async def _look_at_watch(self) -> None:
        await self.over(Watch(self.counter, await self.counter.stock_counts.get_stock_alerts()))

    @on(OpenReceipts.Chosen)
    async def _count_receipt(self, message: OpenReceipts.Chosen) -> None:
        tally = self.counter.stock_counts.begin_goods_receipt(message.receipt)
        await self.over(Counting(self.counter, tally))

    @on(Counting.SecondPinWanted)
    async def _ask_second_pin(self) -> None:
        await self.over(SecondPin(self.counter))

    @on(Counting.Left)
    async def _leave_counting(self) -> None:
        await self.close_overlays()
        if isinstance(self.screen, Counting):
            await self.pop_screen()

    @on(Counting.Sent)
    async def _show_what_became_of_it(self, message: Counting.Sent) -> None:
        await self._leave_counting()
        answer = message.answer
        if isinstance(answer, StocktakeSheet) or answer.state == "confirmed":
            await self.over(Differences(self.counter, answer))
        else:
            await self.over(WrittenDown(self.counter, answer))
