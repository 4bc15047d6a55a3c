"""Ways between the screens of goods that are kept for a household."""

from __future__ import annotations

from textual import on

from kiosk.screens import messages
from kiosk.screens.promises.promise_list import KeptGoods
from kiosk.screens.promises.quantity import Keep
from kiosk.screens.promises.slip import PromiseSlipScreen
from kiosk.screens.routes import Routes
from kiosk.screens.serve import Serve


class KeptRoutes(Routes):
    @on(messages.ToKeep)
    async def _ask_how_many(self, message: messages.ToKeep) -> None:
        await self.over(Keep(self.counter, message.item))

    @on(Keep.Confirmed)
    async def _keep(self, message: Keep.Confirmed) -> None:
        await self.close_overlays()
        if isinstance(self.screen, Serve):
            self.screen.keep(message.item, message.quantity)

    @on(messages.Kept)
    async def _show_slip(self, message: messages.Kept) -> None:
        await self.over(PromiseSlipScreen(self.counter, message.slip))
        self.wake_printer()

    @on(messages.ToCollect)
    async def _show_kept_goods(self, message: messages.ToCollect) -> None:
        await self.over(KeptGoods(self.counter, message.promises))

    @on(KeptGoods.Collect)
    async def _collect(self, message: KeptGoods.Collect) -> None:
        await self.close_overlays()
        if isinstance(self.screen, Serve):
            self.screen.collect(message.promised)

    @on(KeptGoods.LetGo)
    async def _let_go(self, message: KeptGoods.LetGo) -> None:
        await self.close_overlays()
        if isinstance(self.screen, Serve):
            self.screen.let_go(message.promised)
