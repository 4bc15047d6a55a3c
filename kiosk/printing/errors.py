"""What goes wrong between the till and its printer."""

from __future__ import annotations

from kiosk.errors import Obstacle


class PrinterAway(Obstacle):
    """The slip was not sent whole. `begun` tells whether some of it may be on paper all the same, so that
    whoever sends it again has to mark it as a reprint."""

    def __init__(self, sentence: str, *, begun: bool = False) -> None:
        super().__init__(sentence)
        self.begun = begun
