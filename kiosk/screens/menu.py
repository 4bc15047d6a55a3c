"""The menu, whose items are picked by digit, by arrow keys, or by touch."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from kiosk.columns import align_left, align_right
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.scanner import END_KEYS
from kiosk.screens.base import MenuItem, Notice
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

_STEPS = {"up": -1, "down": 1}

DIGITS = 9
"""Items that a digit picks; those after them are reached with the arrow keys."""


class Menu(Widget):
    DEFAULT_CSS = "Menu { height: auto; }"

    chosen = reactive(0)

    class Clicked(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, items: list[MenuItem]) -> None:
        super().__init__()
        self._items = items

    def show(self, items: list[MenuItem]) -> None:
        """Others from now on."""
        self._items = items
        self.chosen = min(self.chosen, max(len(items) - 1, 0))
        self.refresh(layout=True)

    def get_content_height(self, *_: object) -> int:
        return len(self._items)

    def render(self) -> Content:
        width = self.content_size.width
        return Content("\n").join(
            Content.assemble(
                (f" {index + 1} " if index < DIGITS else "   ", "bold $gold on $keycap"),
                (
                    align_left(f"  {item.label}", width - 3 - 8) + align_right(item.key_cap, 8),
                    "bold $ink on $gold" if index == self.chosen else "$cream",
                ),
            )
            for index, item in enumerate(self._items)
        )

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is not None and at.y < len(self._items):
            self.post_message(self.Clicked(at.y))


class MenuScreen(Notice):
    """Enter picks nothing, since scanners send it, sometimes late. Any other key closes the menu, as every
    notice."""

    CSS = """
    MenuScreen #middle { height: 1fr; align: center middle; overflow-y: auto; scrollbar-size-vertical: 0; }
    MenuScreen #menu { width: 52; height: auto; background: $panel; padding: 0 3; }
    """

    class Chosen(Message):
        """The attendant picked this item."""

        def __init__(self, item: MenuItem) -> None:
            super().__init__()
            self.item = item

    def __init__(self, counter: Counter, items: list[MenuItem], hint: str = "") -> None:
        super().__init__(counter)
        self._hint = hint
        self._items = items

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="menu"):
            yield Menu(self._items)
        yield Status()
        yield KeyBar(
            ("up", _("上"), _("上移")),
            ("down", _("下"), _("下移")),
            (" ", _("空格"), _("选定")),
            ("escape", "Esc", _("返回")),
        )

    def on_mount(self) -> None:
        if self._hint:
            self.status.show_waiting(self._hint)
        else:
            self.status.show_hint(_("按数字直接选；或用上下键移动，空格键选定"))

    def press(self, key: str) -> None:
        menu = self.query_one(Menu)
        if key in _STEPS:
            menu.chosen = (menu.chosen + _STEPS[key]) % len(self._items)
            middle = self.query_one("#middle")
            middle.scroll_to(y=menu.chosen - middle.size.height // 2, animate=False)
        elif key == " ":
            self._choose(menu.chosen)
        elif len(key) == 1 and key in "123456789" and int(key) <= len(self._items):
            self._choose(int(key) - 1)
        elif key not in END_KEYS:
            super().press(key)

    def on_menu_clicked(self, message: Menu.Clicked) -> None:
        self._choose(message.index)

    def _choose(self, index: int) -> None:
        self.post_message(self.Chosen(self._items[index]))
