"""Navigation between screens, common to all parts of the app. Each step waits until the new screen is complete, so
that no key gets lost."""

from __future__ import annotations

from textual import on
from textual.app import App

from kiosk.counter import Counter
from kiosk.print_queue import PrintQueue
from kiosk.screens.base import KioskScreen, Overlay


class Routes(App[None]):
    counter: Counter
    print_queue: PrintQueue | None

    async def show_overlay(self, screen: KioskScreen) -> None:
        """Show this one in place of any other overlay."""
        await self.close_overlays()
        await self.push_screen(screen)

    async def replace_screen(self, screen: KioskScreen) -> None:
        """Show this one in place of the base screen, and close overlays."""
        await self.close_overlays()
        await self.switch_screen(screen)

    @on(Overlay.Closed)
    async def close_overlays(self) -> None:
        while isinstance(self.screen, Overlay):
            await self.pop_screen()

    @on(Overlay.Left)
    async def _leave_overlay(self) -> None:
        if isinstance(self.screen, Overlay):
            await self.pop_screen()

    @on(Overlay.Opened)
    async def _open_overlay(self, message: Overlay.Opened) -> None:
        await self.push_screen(message.screen)

    def wake_printer(self) -> None:
        """There may be something to print."""
        if self.print_queue is not None:
            self.print_queue.wake()

    @property
    def top_screen(self) -> KioskScreen:
        assert isinstance(self.screen, KioskScreen)
        return self.screen
