"""The cart with its total, and the balance after it."""

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
        totals = self._build_totals(width)
        lines = self._build_lines(width, height - len(totals) - 1)
        # The totals are always at the bottom.
        lines += [Content()] * (height - len(lines) - len(totals) - 1)
        return Content("\n").join([Content.assemble((_("购物车"), "$faded")), *lines, *totals])

    def _build_lines(self, width: int, room: int) -> list[Content]:
        cart = self._session.cart
        if not cart:
            return [Content.assemble((_("还没有商品"), "$faint"))]
        shown = cart[-room:] if len(cart) <= room else cart[-max(room - 1, 1) :]
        lines = [
            Content.assemble(
                (justify(f"{line.item.name} x{line.quantity}", _format_points(line.points), width), "$cream")
            )
            for line in shown
        ]
        if len(shown) < len(cart):
            unseen = _("前面还有 {unseen} 种").format(unseen=len(cart) - len(shown))
            lines.insert(0, Content.assemble((unseen, "$faded")))
        return lines

    def _build_totals(self, width: int) -> list[Content]:
        remainder = self._session.remainder
        # The balance above counts them, too.
        unavailable = sum(held.points for held in self._session.unavailable)
        total = Content.assemble((justify(_("合计"), _format_points(self._session.total), width), "bold $gold"))
        if remainder is None:
            return [total, Content()]
        if remainder < 0:
            return [
                total,
                Content.assemble((justify(_("还差"), _format_points(-remainder), width), "bold $ember")),
            ]
        return [
            total,
            Content.assemble(
                (justify(_("兑换后还剩"), _format_points(remainder + unavailable), width), "bold $jade")
            ),
        ]


def _format_points(points: int) -> str:
    return _("{points} 分").format(points=points)
