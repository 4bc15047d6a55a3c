"""Navigation to and from the screens of a household without its card."""

from __future__ import annotations

from textual import on

from kiosk.screens import messages
from kiosk.screens.routes import Routes
from kiosk.screens.serve import ServeScreen
from kiosk.screens.without_card.identify import IdentifyScreen
from kiosk.screens.without_card.search import HouseholdSearchScreen
from kiosk.screens.without_card.ways import FreezeScreen, WaysScreen


class WithoutCardRoutes(Routes):
    @on(messages.WithoutCardRequested)
    async def _show_search(self) -> None:
        """One whose minutes are over needn't be looked for again."""
        known = self.counter.session.without_card
        again = known is not None and self.counter.identifications.minutes_left == 0
        if known is not None and again:
            await self.show_overlay(WaysScreen(self.counter, known.household))
        else:
            await self.show_overlay(HouseholdSearchScreen(self.counter))

    @on(IdentifyScreen.Done)
    async def _show_identified(self) -> None:
        await self.close_overlays()
        if isinstance(self.screen, ServeScreen):
            self.screen.show_identified()

    @on(FreezeScreen.Done)
    async def _show_frozen(self, message: FreezeScreen.Done) -> None:
        await self.close_overlays()
        if isinstance(self.screen, ServeScreen):
            self.screen.show_frozen(message.sentence)
