"""The bar on top: whose till this is and who serves."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.columns import left, right
from kiosk.language import _
from kiosk.session import Session


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
        brand = " " + _("积美") + " "
        place = _("积分超市")
        if till:
            place = _("{supermarket}（{village}）").format(supermarket=till.supermarket, village=till.village)
        duty = _("值班 {name}").format(name=session.attendant) + " " if session.attendant else ""
        duty_width = Content(duty).cell_length
        width = self.content_size.width - Content(brand).cell_length - duty_width
        return Content.assemble(
            (brand, "bold $ink on $gold"), left(f" {place}", width), (right(duty, duty_width), "bold $gold")
        )
