"""Whoever counted what somebody else wrote down says so by their own PIN."""

from __future__ import annotations

from kiosk.language import _
from kiosk.screens.pin_entry import PinEntry


class SecondPin(PinEntry):
    def who(self) -> str:
        return _("请点数的人输入自己的值班 PIN")

    def what_for(self) -> str:
        return _("登记的人不能自己点收；输好按 F2")

    def hint(self) -> str:
        return _("PIN 4 到 8 位，屏幕上不显示；按 Esc 返回，点的数都在")
