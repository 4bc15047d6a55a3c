"""The PIN of whoever counted what somebody else recorded."""

from __future__ import annotations

from kiosk.language import _
from kiosk.screens.pin_entry import PinScreen


class SecondPinScreen(PinScreen):
    def get_title(self) -> str:
        return _("请点数的人输入自己的值班 PIN")

    def get_prompt(self) -> str:
        return _("登记的人不能自己点收；输好按 F2")

    def get_hint(self) -> str:
        return _("PIN 4 到 8 位，屏幕上不显示；按 Esc 返回，点的数都在")
