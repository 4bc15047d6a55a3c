"""Help: every key, and what to do about problems."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from kiosk.columns import align_left
from kiosk.language import N_, _
from kiosk.screens.base import Notice
from kiosk.screens.sheet import SheetScreen

_KEYS = (
    (N_("扫户卡"), N_("显示住户和积分；屏幕停在哪里都能扫")),
    (N_("扫商品"), N_("加一件；连着扫几次就是几件")),
    ("1 2 3 ...", N_("按货号加一件；两位数的货号连着按")),
    (N_("上 下"), N_("在货架上移动；空格键或右键加一件")),
    ("+  -", N_("光标处的商品加一件、减一件")),
    ("Backspace", N_("删掉购物车最后一项（Delete 也可以）")),
    ("F2", N_("确认兑换；回车键不会确认，扫别的码也不会")),
    (N_("指令卡"), N_("不用键盘：扫确认兑换、取消、再看收据、作废四张卡")),
    ("Esc", N_("取消这一户")),
    ("F3  F4", N_("F3 留缺货的商品，价格不变；到货后按 F4 领")),
    ("/", N_("没带卡、卡丢了：找到这户，凭密码或证明兑换，或挂失")),
    ("F7", N_("由邻居代领：再扫邻居自己家的卡，收据上有记录")),
    ("F5", N_("理货：登记到货、换人点收、盘点，看快没货和快到期的")),
    ("F8", N_("作废这一班的一笔兑换，积分和物品一起退回")),
    ("F9", N_("菜单：能做的事都在里面；F6 在小屏上换页")),
    ("F10", N_("交班，看这一班的报表；退出程序按 Ctrl+Q")),
)
_TROUBLE = (
    (N_("网络断了"), N_("照常扫卡兑换，联网后自动上传；同一笔只记一次账")),
    (N_("扫不出卡"), N_("把卡擦净放平；还不行按 /，再请住户到村委会换卡")),
)


class HelpScreen(SheetScreen, Notice):
    # All its lines fit on 24 rows.
    CSS = f"""
    {SheetScreen.CSS}
    HelpScreen #sheet {{ padding: 0 3; }}
    """

    def on_mount(self) -> None:
        keys = [self._build_line(*row) for row in _KEYS]
        trouble = [self._build_line(*row, style="$ember") for row in _TROUBLE]
        demo = self.session.demo
        # First: it is what a stranger looks for.
        hints = [Content.assemble((_("演示"), "bold $jade"), f"  {line}") for line in demo.lines] if demo else []
        rows = [*hints, *([Content()] if hints else []), *keys, Content(), *trouble]
        self.query_one("#rows", Static).update(Content("\n").join(rows))
        self.status.show_hint(_("按任意键返回；扫码会直接回到兑换"))
        self.call_after_refresh(self._show_scroll_hint)

    def press(self, key: str) -> None:
        if not self.turn_page(key):
            super().press(key)

    def _show_scroll_hint(self) -> None:
        if self.query_one("#middle").max_scroll_y:
            self.status.show_hint(_("下面还有，按上下键翻看；按别的键返回，扫码会直接回到兑换"))

    @staticmethod
    def _build_line(key: str, what: str, style: str = "$gold") -> Content:
        return Content.assemble((align_left(_(key), 12), f"bold {style}"), (_(what), "$cream"))
