"""The household is looked for, and chosen among those found."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from textual import work
from textual.content import Content

from api.wire.identification import FoundHousehold
from kiosk.codes import CardCode, EnrolCode, GoodsCode, read_code
from kiosk.counter import Counter
from kiosk.errors import KioskError, Refused
from kiosk.language import _
from kiosk.screens.base import Overlay
from kiosk.screens.sheet import SheetScreen
from kiosk.screens.without_card.choice import Choice, ChoiceScreen
from kiosk.screens.without_card.ways import WaysScreen

MAX_LENGTH = 40
"""Signs to look for."""
MOST_FOUND = 9
"""The server tells no more."""


class HouseholdSearchScreen(SheetScreen, Overlay):
    """Digits are the last ones of a household's code; letters a name's pinyin; a name can be pasted. A card that
    turns up after all is served."""

    MAX_ROW_WIDTH = 60

    def __init__(self, counter: Counter) -> None:
        super().__init__(counter)
        self._text = ""
        self._busy = False

    def get_keys(self) -> list[tuple[str, str, str]]:
        return [("f2", "F2", _("查找")), ("backspace", "Backspace", _("退一格")), *super().get_keys()]

    def on_mount(self) -> None:
        self._show()
        self.status.show_hint(_("输好按 F2 查找；卡找到了就直接扫；按 Esc 返回"))

    def press(self, key: str) -> None:
        if self._busy:
            self.app.bell()
        elif key == "escape":
            self.post_message(self.Left())
        elif key in ("f2", "enter"):
            self._search()
        elif key in ("backspace", "delete"):
            self._type(self._text[:-1])
        elif len(key) == 1 and key.isalnum():
            self._type(self._text + key)

    def takes_scan(self, text: str) -> bool:
        return not isinstance(read_code(text), CardCode)

    def scan(self, text: str) -> None:
        """A name that was pasted, or what was typed as fast as by a scanner."""
        if self._busy:
            self.app.bell()
        elif isinstance(read_code(text), GoodsCode | EnrolCode):
            self.status.show_refusal(_("这不是户卡：请扫户卡，或输入编号末几位来找"))
        else:
            self._type(unicodedata.normalize("NFKC", text).strip())
            self._search()

    def scan_repeat(self, text: str) -> None:
        if self.takes_scan(text):
            self.scan(text)

    def _type(self, text: str) -> None:
        self._text = text[:MAX_LENGTH]
        self._show()

    def _show(self) -> None:
        rows = [
            Content.assemble((_("这户编号的末几位，或者姓名的拼音："), "$cream")),
            Content(),
            Content.assemble(("> ", "bold $gold"), (self._text, "bold $cream"), (" ", "on $gold")),
            Content(),
            Content.assemble((_("例如 0123；拼音 wangjianguo 或 wjg；姓名可以粘贴"), "$faded")),
        ]
        self.show_rows(_("没带卡，或卡丢了：先找这一户"), rows)

    def _search(self) -> None:
        if not self._text:
            self.status.show_refusal(_("请先输入编号末几位，或者姓名的拼音"))
            return
        self._busy = True
        self.status.show_waiting(_("正在找，请稍候"))
        self._find(self._text)

    @work
    async def _find(self, text: str) -> None:
        try:
            found = await self.counter.identifications.find(text)
        except Refused as refusal:
            if not self.handle_caller_refusal(refusal):
                self.status.show_refusal(refusal.sentence)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            if found:
                self.post_message(self.Opened(FoundScreen(self.counter, found)))
                self.status.show_hint(_("输好按 F2 查找；卡找到了就直接扫；按 Esc 返回"))
            else:
                self.status.show_refusal(_("本村没有找到「{text}」：请多输或换几位再找").format(text=text))
        finally:
            self._busy = False


class FoundScreen(ChoiceScreen):
    """Which of these it is."""

    def __init__(self, counter: Counter, found: list[FoundHousehold]) -> None:
        self._found = found[:MOST_FOUND]
        super().__init__(counter)

    def get_title(self) -> str:
        return _("是哪一户？")

    def get_hint(self) -> str:
        if len(self._found) == MOST_FOUND:
            return _("按数字键选；可能还有别的户：没有就按 Esc，多输几位再找")
        return _("问清姓名，再按数字键选；都不是就按 Esc 再找")

    def build_choices(self) -> Sequence[Choice]:
        return [self._build_choice(each) for each in self._found]

    def _build_choice(self, household: FoundHousehold) -> Choice:
        state = ""
        if not household.has_card:
            state = _("没有卡")
        elif household.frozen:
            state = _("已挂失")
        return Choice(
            f"{household.name}  {household.village} {household.grid}",
            lambda: self.post_message(self.Opened(WaysScreen(self.counter, household))),
            _("{state}  编号末尾 {code_end}").format(state=state, code_end=household.code_end),
        )
