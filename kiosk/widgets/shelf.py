"""The shelf: number, name, price and stock of the goods; what can't be had now is dimmed."""

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

_NUMBER, _PRICE, _STOCK, _HELD = 4, 8, 8, 5
_HEADING = 2


class Shelf(Widget):
    DEFAULT_CSS = """
    Shelf { width: 1fr; height: 1fr; background: $background; padding: 1 1 0 1; }
    """

    class Picked(Message):
        """A finger or mouse picked this item."""

        def __init__(self, item: ShelfItem) -> None:
            super().__init__()
            self.item = item

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    @property
    def _large(self) -> bool:
        """Without a column of its own for the stock: a want of it stands in place of the price."""
        return self.app.has_class(LARGE)

    @property
    def _spacing(self) -> int:
        """Two lines for each item when the screen is tall enough: easier on the eye and the finger."""
        return 2 if 2 * len(self._session.shelf) + _HEADING <= self.content_size.height else 1

    @property
    def _first(self) -> int:
        """Index of the first item shown, so that the cursor stays in sight."""
        fit = max((self.content_size.height - _HEADING) // self._spacing, 1)
        return max(self._session.cursor - fit + 1, 0)

    def render(self) -> Content:
        width = self.content_size.width
        figures = align_right(_("积分"), _PRICE) + ("" if self._large else align_right(_("库存"), _STOCK))
        name = width - _NUMBER - cell_len(figures) - _HELD - 2
        titles = align_left(_("货号"), _NUMBER) + "  " + align_left(_("商品"), name) + figures
        lines = [Content.assemble((align_left(titles, width), "$faded")), Content()]
        for index, item in list(enumerate(self._session.shelf))[self._first :]:
            lines.append(self._line(item, name, chosen=index == self._session.cursor))
            lines += [Content()] * (self._spacing - 1)
        if not self._session.shelf:
            lines.append(Content.assemble((_("货架上还没有商品"), "$faded")))
        return Content("\n").join(lines[: self.content_size.height])

    def _line(self, item: ShelfItem, name: int, *, chosen: bool) -> Content:
        session = self._session
        held = session.get_quantity(item)
        to_be_had = held > 0 or session.get_decline_reason(item) is None
        ground = " on $row" if chosen else ""
        text = "bold $cream" if to_be_had else "$faint"
        points = align_right(_("{points} 分").format(points=item.price), _PRICE)
        price = (points, ("bold $gold" if to_be_had else "$faint") + ground)
        if item.stock:
            stock = (align_right(_("余 {stock}").format(stock=item.stock), _STOCK), "$faded" + ground)
        else:
            stock = (align_right(_("缺货"), _STOCK), "$ember" + ground)
        figures = [price, stock]
        if self._large:
            figures = [price if item.stock else stock]
        return Content.assemble(
            (
                align_right(f"{item.number} ", _NUMBER),
                f"bold {'$gold' if to_be_had else '$faded'} on {'$row' if chosen else '$keycap'}",
            ),
            (f"  {align_left(item.name, name)}", text + ground),
            *figures,
            (align_right(f"x{held}" if held else "", _HELD), "bold $gold" + ground),
        )

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is None or at.y < _HEADING:
            return
        index = self._first + (at.y - _HEADING) // self._spacing
        if index < len(self._session.shelf):
            self.post_message(self.Picked(self._session.shelf[index]))
