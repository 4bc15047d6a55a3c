"""Ways between screens that every part of the program has. Each waits until the new screen is there: no key meets
half of one."""

from __future__ import annotations

from textual import on
from textual.app import App

from kiosk.counter import Counter
from kiosk.print_queue import PrintQueue
from kiosk.screens.base import Overlay, TillScreen


class Routes(App[None]):
    counter: Counter
    print_queue: PrintQueue | None

    async def over(self, screen: TillScreen) -> None:
        """Show this one, and none over another."""
        await self.close_overlays()
        await self.push_screen(screen)

    async def instead(self, screen: TillScreen) -> None:
        """Show this one in place of the one that was below all."""
        await self.close_overlays()
        await self.switch_screen(screen)

    @on(Overlay.Closed)
    async def close_overlays(self) -> None:
        while isinstance(self.screen, Overlay):
            await self.pop_screen()

    def wake_printer(self) -> None:
        """There may be something to print."""
        if self.print_queue is not None:
            self.print_queue.wake()

    @property
    def top(self) -> TillScreen:
        assert isinstance(self.screen, TillScreen)
        return self.screen
