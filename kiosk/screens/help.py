"""Help on one screen: every key, and what to do when something goes wrong."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kiosk.columns import left
from kiosk.screens.base import Overlay
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

_KEYS = (
    ("扫户卡", "显示住户和积分；屏幕停在哪里都能扫"),
    ("扫商品", "加一件；两秒内重复扫同一个码只算一次"),
    ("1 2 3 ...", "按货号加一件；两位数的货号连着按"),
    ("上 下", "在货架上移动；空格键或右键加一件"),
    ("+  -", "光标处的商品加一件、减一件"),
    ("Backspace", "删掉购物车最后一项（Delete 也可以）"),
    ("F2", "确认兑换；回车键不会确认，扫别的码也不会"),
    ("指令卡", "不用键盘：扫确认兑换、取消、再看收据、作废四张卡"),
    ("Esc", "取消这一户"),
    ("F8", "作废这一班的一笔兑换，积分和物品一起退回"),
    ("F10", "交班，看这一班的报表；退出程序按 Ctrl+Q"),
)
_TROUBLE = (
    ("网络断了", "照常扫卡兑换，联网后自动上传；同一笔只记一次账"),
    ("扫不出卡", "把卡擦净放平；还不行，请住户到村委会换卡"),
)


class Help(Overlay):
    CSS = """
    Help #middle { height: 1fr; align: center middle; }
    Help #sheet { width: 72; height: auto; background: $panel; padding: 1 3; }
    """

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="sheet"):
            yield Static(Content("\n").join([self._row(*row) for row in _KEYS]))
            yield Static(Content("\n").join([Content(), *(self._row(*row, style="$ember") for row in _TROUBLE)]))
        yield Status()
        yield KeyBar(("escape", "Esc", "返回"))

    def on_mount(self) -> None:
        self.status.hint("按任意键返回；扫码会直接回到兑换")

    @staticmethod
    def _row(key: str, what: str, style: str = "$gold") -> Content:
        return Content.assemble((left(key, 12), f"bold {style}"), (what, "$cream"))
