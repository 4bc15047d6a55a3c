"""Navigation between the screens of promises."""

from __future__ import annotations

from textual import on

from kiosk.screens import messages
from kiosk.screens.promises.promise_list import PromiseListScreen
from kiosk.screens.promises.quantity import PromiseQuantityScreen
from kiosk.screens.promises.slip import PromiseSlipScreen
from kiosk.screens.routes import Routes
from kiosk.screens.serve import ServeScreen


class PromiseRoutes(Routes):
    @on(messages.PromiseRequested)
    async def _show_quantity(self, message: messages.PromiseRequested) -> None:
        await self.show_overlay(PromiseQuantityScreen(self.counter, message.item))

    @on(PromiseQuantityScreen.Confirmed)
    async def _make_promise(self, message: PromiseQuantityScreen.Confirmed) -> None:
        await self.close_overlays()
        if isinstance(self.screen, ServeScreen):
            self.screen.make_promise(message.item, message.quantity)

    @on(messages.PromiseMade)
    async def _show_slip(self, message: messages.PromiseMade) -> None:
        await self.show_overlay(PromiseSlipScreen(self.counter, message.slip))
        self.wake_printer()

    @on(messages.PromiseListRequested)
    async def _show_promise_list(self, message: messages.PromiseListRequested) -> None:
        await self.show_overlay(PromiseListScreen(self.counter, message.promises))

    @on(PromiseListScreen.CollectRequested)
    async def _collect(self, message: PromiseListScreen.CollectRequested) -> None:
        await self.close_overlays()
        if isinstance(self.screen, ServeScreen):
            self.screen.collect(message.promised)

    @on(PromiseListScreen.Cancelled)
    async def _show_cancelled(self, message: PromiseListScreen.Cancelled) -> None:
        await self.close_overlays()
        if isinstance(self.screen, ServeScreen):
            self.screen.show_cancelled_promise(message.promised)
