"""The shelf: number, name, price and stock of the goods. Goods that can't be added to the cart are dimmed."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from api.wire import ShelfItem
from kiosk.appearance import LARGE
from kiosk.columns import align_left, align_right
from kiosk.language import _
from kiosk.session import Session

_NUMBER, _PRICE, _STOCK, _QUANTITY = 4, 8, 8, 5
_HEADING = 2


class Shelf(Widget):
    DEFAULT_CSS = """
    Shelf { width: 1fr; height: 1fr; background: $background; padding: 1 1 0 1; }
    """

    class Picked(Message):
        """The item was picked by touch or mouse."""

        def __init__(self, item: ShelfItem) -> None:
            super().__init__()
            self.item = item

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    @property
    def _large(self) -> bool:
        """Large mode has no column for the stock: out of stock is shown in place of the price."""
        return self.app.has_class(LARGE)

    @property
    def _spacing(self) -> int:
        """Two lines for each item if they fit: easier to read and to touch."""
        return 2 if 2 * len(self._session.shelf) + _HEADING <= self.content_size.height else 1

    @property
    def _first_index(self) -> int:
        """The first item shown, so that the cursor is visible."""
        fit = max((self.content_size.height - _HEADING) // self._spacing, 1)
        return max(self._session.cursor - fit + 1, 0)

    def render(self) -> Content:
        width = self.content_size.width
        figures = align_right(_("积分"), _PRICE) + ("" if self._large else align_right(_("库存"), _STOCK))
        name = width - _NUMBER - cell_len(figures) - _QUANTITY - 2
        titles = align_left(_("货号"), _NUMBER) + "  " + align_left(_("商品"), name) + figures
        lines = [Content.assemble((align_left(titles, width), "$faded")), Content()]
        for index, item in list(enumerate(self._session.shelf))[self._first_index :]:
            lines.append(self._build_line(item, name, chosen=index == self._session.cursor))
            lines += [Content()] * (self._spacing - 1)
        if not self._session.shelf:
            lines.append(Content.assemble((_("货架上还没有商品"), "$faded")))
        return Content("\n").join(lines[: self.content_size.height])

    def _build_line(self, item: ShelfItem, name: int, *, chosen: bool) -> Content:
        session = self._session
        quantity = session.get_quantity(item)
        available = quantity > 0 or session.get_decline_reason(item) is None
        background = " on $row" if chosen else ""
        text = "bold $cream" if available else "$faint"
        points = align_right(_("{points} 分").format(points=item.price), _PRICE)
        price = (points, ("bold $gold" if available else "$faint") + background)
        if item.stock:
            stock = (align_right(_("余 {stock}").format(stock=item.stock), _STOCK), "$faded" + background)
        else:
            stock = (align_right(_("缺货"), _STOCK), "$ember" + background)
        figures = [price, stock]
        if self._large:
            figures = [price if item.stock else stock]
        return Content.assemble(
            (
                align_right(f"{item.number} ", _NUMBER),
                f"bold {'$gold' if available else '$faded'} on {'$row' if chosen else '$keycap'}",
            ),
            (f"  {align_left(item.name, name)}", text + background),
            *figures,
            (align_right(f"x{quantity}" if quantity else "", _QUANTITY), "bold $gold" + background),
        )

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is None or at.y < _HEADING:
            return
        index = self._first_index + (at.y - _HEADING) // self._spacing
        if index < len(self._session.shelf):
            self.post_message(self.Picked(self._session.shelf[index]))
