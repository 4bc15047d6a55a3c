"""The cart: what is about to be handed over, its total and what then remains."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.columns import justify
from kiosk.language import _
from kiosk.session import Session


class CartView(Widget):
    DEFAULT_CSS = """
    CartView { height: 1fr; background: $surface; padding: 1 2; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def render(self) -> Content:
        width, height = self.content_size
        sums = self._sums(width)
        lines = self._lines(width, height - len(sums) - 1)
        # The sums stand at the foot, where the eye looks for them, whatever is above.
        lines += [Content()] * (height - len(lines) - len(sums) - 1)
        return Content("\n").join([Content.assemble((_("购物车"), "$faded")), *lines, *sums])

    def _lines(self, width: int, room: int) -> list[Content]:
        cart = self._session.cart
        if not cart:
            return [Content.assemble((_("还没有商品"), "$faint"))]
        shown = cart[-room:] if len(cart) <= room else cart[-max(room - 1, 1) :]
        lines = [
            Content.assemble(
                (justify(f"{line.item.name} x{line.quantity}", _points(line.points), width), "$cream")
            )
            for line in shown
        ]
        if len(shown) < len(cart):
            unseen = _("前面还有 {unseen} 种").format(unseen=len(cart) - len(shown))
            lines.insert(0, Content.assemble((unseen, "$faded")))
        return lines

    def _sums(self, width: int) -> list[Content]:
        remainder = self._session.remainder
        total = Content.assemble((justify(_("合计"), _points(self._session.total), width), "bold $gold"))
        if remainder is None:
            return [total, Content()]
        if remainder < 0:
            return [total, Content.assemble((justify(_("还差"), _points(-remainder), width), "bold $ember"))]
        return [total, Content.assemble((justify(_("兑换后还剩"), _points(remainder), width), "bold $jade"))]


def _points(points: int) -> str:
    return _("{points} 分").format(points=points)
