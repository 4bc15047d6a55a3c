"""The household types its card's PIN, which only the server can check."""

from __future__ import annotations

from kiosk.language import _
from kiosk.screens.pin_entry import PinEntry

ASKING = frozenset({"pin-needed", "wrong-card-pin"})
"""Refusals that ask for it, again or for the first time."""


class CardPin(PinEntry):
    def who(self) -> str:
        return _("请户主本人输入积分卡密码")

    def what_for(self) -> str:
        return _("共 {points} 分；输好按 F2").format(points=self.session.total)

    def hint(self) -> str:
        return _("密码 4 到 8 位，屏幕上不显示；按 Esc 返回，商品留在购物车里")
