"""Large mode shows one panel of the serving screen at a time, the one that the last action was about."""

from __future__ import annotations

from textual.screen import Screen

from kiosk.appearance import LARGE

PANELS = ("household", "shelf", "cart")
_IN_CART = frozenset({"+", "=", "-"})
"""Keys for the item under the cursor that also work while the cart is shown: on the item added last."""
_AT_CURSOR = _IN_CART | {"up", "down", "left", "right", " "}


class Panels:
    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self.shown = PANELS[0]

    def show(self, panel: str) -> None:
        self.shown = panel
        # In one step: each change of a class styles the whole screen anew.
        self._screen.update_classes({f"-{each}": each == panel for each in PANELS})

    def show_next(self) -> None:
        self.show(PANELS[(PANELS.index(self.shown) + 1) % len(PANELS)])

    def needs_shelf(self, key: str) -> bool:
        """Whether this key acts on the shelf's cursor while the shelf is hidden."""
        if not self._screen.app.has_class(LARGE) or key not in _AT_CURSOR:
            return False
        return self.shown == "household" or (self.shown == "cart" and key not in _IN_CART)
