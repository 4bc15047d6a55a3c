"""The card's PIN, entered by the household and checked by the server."""

from __future__ import annotations

from kiosk.language import _
from kiosk.screens.pin_entry import PinScreen

PIN_REFUSALS = frozenset({"pin-needed", "wrong-card-pin"})
"""Error codes that ask for the PIN."""


class CardPinScreen(PinScreen):
    def get_title(self) -> str:
        return _("请户主本人输入积分卡密码")

    def get_prompt(self) -> str:
        return _("共 {points} 分；输好按 F2").format(points=self.session.total)

    def get_hint(self) -> str:
        return _("密码 4 到 8 位，屏幕上不显示；按 Esc 返回，商品留在购物车里")
