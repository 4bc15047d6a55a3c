"""The cart: what is about to be handed over, its total and what then remains."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.columns import between
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
        return Content("\n").join([Content.assemble(("购物车", "$faded")), *lines, *sums])

    def _lines(self, width: int, room: int) -> list[Content]:
        cart = self._session.cart
        if not cart:
            return [Content.assemble(("还没有商品", "$faint"))]
        shown = cart[-room:] if len(cart) <= room else cart[-max(room - 1, 1) :]
        lines = [
            Content.assemble((between(f"{line.item.name} x{line.quantity}", f"{line.points} 分", width), "$cream"))
            for line in shown
        ]
        if len(shown) < len(cart):
            lines.insert(0, Content.assemble((f"前面还有 {len(cart) - len(shown)} 种", "$faded")))
        return lines

    def _sums(self, width: int) -> list[Content]:
        remainder = self._session.remainder
        total = Content.assemble((between("合计", f"{self._session.total} 分", width), "bold $gold"))
        if remainder is None:
            return [total, Content()]
        if remainder < 0:
            return [total, Content.assemble((between("还差", f"{-remainder} 分", width), "bold $ember"))]
        return [total, Content.assemble((between("兑换后还剩", f"{remainder} 分", width), "bold $jade"))]
