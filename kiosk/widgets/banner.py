"""The bar on top: whose till this is and who serves."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.columns import left, right
from kiosk.session import Session

BRAND = " 积美 "


class Banner(Widget):
    DEFAULT_CSS = """
    Banner { height: 1; background: $cinnabar; color: $cream; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def render(self) -> Content:
        session = self._session
        till = session.till
        place = f" {till.supermarket}（{till.village}）" if till else " 积分超市"
        duty = f"值班 {session.attendant} " if session.attendant else ""
        duty_width = Content(duty).cell_length
        width = self.content_size.width - Content(BRAND).cell_length - duty_width
        return Content.assemble(
            (BRAND, "bold $ink on $gold"), left(place, width), (right(duty, duty_width), "bold $gold")
        )
