"""The cart with its total, and the balance after it."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from api.wire import ShelfItem
from kiosk.columns import justify
from kiosk.language import _
from kiosk.session import Session


class CartView(Widget):
    """A touch on a line takes one piece of it away."""

    class Picked(Message):
        def __init__(self, item: ShelfItem) -> None:
            super().__init__()
            self.item = item

    DEFAULT_CSS = """
    CartView { height: 1fr; background: $surface; padding: 1 2; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        # The goods on the rows below the heading; None: something else is there.
        self._rows: list[ShelfItem | None] = []

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        row = at.y - 1 if at is not None else -1
        item = self._rows[row] if 0 <= row < len(self._rows) else None
        if item is not None:
            self.post_message(self.Picked(item))

    def render(self) -> Content:
        width, height = self.content_size
        totals = self._build_totals(width)
        lines = self._build_lines(width, height - len(totals) - 1)
        # The totals are always at the bottom.
        lines += [Content()] * (height - len(lines) - len(totals) - 1)
        return Content("\n").join([Content.assemble((_("购物车"), "$faded")), *lines, *totals])

    def _build_lines(self, width: int, room: int) -> list[Content]:
        cart = self._session.cart
        self._rows = []
        if not cart:
            return [Content.assemble((_("还没有商品"), "$faint"))]
        shown = cart[-room:] if len(cart) <= room else cart[-max(room - 1, 1) :]
        lines = [
            Content.assemble(
                ("- ", "bold $gold"),
                (justify(f"{line.item.name} x{line.quantity}", _format_points(line.points), width - 2), "$cream"),
            )
            for line in shown
        ]
        self._rows = [line.item for line in shown]
        if len(shown) < len(cart):
            self._rows.insert(0, None)
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
