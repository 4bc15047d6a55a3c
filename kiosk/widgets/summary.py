"""The line above the panels in large mode: household, balance and cart."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.columns import align_left, align_right
from kiosk.holdings import count_all
from kiosk.language import _
from kiosk.session import Session


class Summary(Widget):
    DEFAULT_CSS = """
    Summary { display: none; height: 1; background: $row; padding: 0 1; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def render(self) -> Content:
        session = self._session
        card = session.card
        household = (
            _("{name}  有 {balance} 分").format(name=card.view.name, balance=count_all(card.view))
            if card
            else _("请扫户卡")
        )
        pieces = sum(line.quantity for line in session.cart)
        cart = (
            _("车里 {pieces} 件 {total} 分").format(pieces=pieces, total=session.total)
            if pieces
            else _("车里没有商品")
        )
        width = self.content_size.width - Content(cart).cell_length
        return Content.assemble(
            (align_left(household, width), "bold $cream"), (align_right(cart, 0), "bold $gold")
        )
