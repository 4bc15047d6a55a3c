"""What can be done for a household without its card."""

from __future__ import annotations

from collections.abc import Sequence

from textual import work
from textual.content import Content
from textual.message import Message

from api.wire import TillAttendant
from api.wire.identification import FoundHousehold
from kiosk.counter import Counter
from kiosk.errors import KioskError, Refused
from kiosk.language import _
from kiosk.screens.base import Overlay
from kiosk.screens.sheet import SheetScreen
from kiosk.screens.without_card.choice import Choice, ChoiceScreen, describe
from kiosk.screens.without_card.identify import HouseholdPinScreen, WitnessPinScreen


class WaysScreen(ChoiceScreen):
    """Each way always has the same digit."""

    def __init__(self, counter: Counter, household: FoundHousehold) -> None:
        self._household = household
        super().__init__(counter)

    def get_title(self) -> str:
        return describe(self._household)

    def get_hint(self) -> str:
        return _("按数字键选；按 Esc 返回")

    def build_choices(self) -> Sequence[Choice]:
        household, others = self._household, self._list_others()
        no_card = no_pin = nobody = ("", "")
        if household.frozen:
            no_card = _("已挂失"), _("这户的卡已经挂失了：找到了请到村委会解除，丢了请补新卡")
        elif not household.has_card:
            no_card = _("没有卡"), _("这户现在没有卡：请到村委会办卡")
        elif not household.has_pin:
            no_pin = _("没有密码"), _("这户的卡没有设密码：请另一位管理员证明，或请住户回家取卡")
        if not others:
            nobody = _("没有别人"), _("本店没有另一位管理员：请住户输卡的密码，或回家取卡")
        return [
            Choice(_("家里人输卡的密码"), self._ask_household, *(no_card if no_card[1] else no_pin)),
            Choice(
                _("请另一位管理员证明"),
                lambda: self._ask_witness(others),
                *(no_card if no_card[1] else nobody),
            ),
            Choice(_("卡丢了：挂失"), self._ask_to_freeze, *no_card),
        ]

    def _list_others(self) -> list[TillAttendant]:
        """Who could be a witness."""
        shift = self.counter.store.shifts.current
        return [
            each for each in self.counter.shifts.list_attendants() if shift is None or each.id != shift.attendant
        ]

    def _ask_household(self) -> None:
        self.post_message(self.Opened(HouseholdPinScreen(self.counter, self._household)))

    def _ask_witness(self, others: list[TillAttendant]) -> None:
        if len(others) == 1:
            self.post_message(self.Opened(WitnessPinScreen(self.counter, self._household, others[0])))
        else:
            self.post_message(self.Opened(WitnessesScreen(self.counter, self._household, others)))

    def _ask_to_freeze(self) -> None:
        self.post_message(self.Opened(FreezeScreen(self.counter, self._household)))


class WitnessesScreen(ChoiceScreen):
    """Who vouches for the household."""

    def __init__(self, counter: Counter, household: FoundHousehold, others: list[TillAttendant]) -> None:
        self._household = household
        self._others = others[:9]
        super().__init__(counter)

    def get_title(self) -> str:
        return _("谁来证明？")

    def get_hint(self) -> str:
        return _("证明的人按数字键选自己的名字；按 Esc 返回")

    def build_choices(self) -> Sequence[Choice]:
        return [self._build_choice(each) for each in self._others]

    def _build_choice(self, attendant: TillAttendant) -> Choice:
        screen = WitnessPinScreen
        return Choice(
            attendant.name,
            lambda: self.post_message(self.Opened(screen(self.counter, self._household, attendant))),
        )


class FreezeScreen(SheetScreen, Overlay):
    """Asks once more, and freezes the card."""

    MAX_ROW_WIDTH = 60

    class Done(Message):
        """It is frozen; `sentence` is the result."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self, counter: Counter, household: FoundHousehold) -> None:
        super().__init__(counter)
        self._household = household
        self._busy = False

    def get_keys(self) -> list[tuple[str, str, str]]:
        return [("f2", "F2", _("挂失")), *super().get_keys()]

    def on_mount(self) -> None:
        rows = [
            Content.assemble((describe(self._household), "bold $cream")),
            Content(),
            Content.assemble((_("挂失以后，谁也不能再用这张卡。"), "$cream")),
            Content.assemble((_("积分还在；请住户到村委会补新卡。"), "$cream")),
            Content.assemble((_("卡找到了，也在村委会解除挂失。"), "$faded")),
        ]
        self.show_rows(_("卡丢了：挂失"), rows)
        self.status.show_result(_("要挂失这户的卡吗？按 F2 挂失，按 Esc 不挂失"), "waiting")

    def press(self, key: str) -> None:
        if self._busy:
            self.app.bell()
        elif key == "escape":
            self.post_message(self.Left())
        elif key == "f2":
            self._busy = True
            self.status.show_waiting(_("正在挂失，请稍候"))
            self._freeze()

    @work
    async def _freeze(self) -> None:
        try:
            sentence = await self.counter.identifications.freeze(self._household)
        except Refused as refusal:
            if not self.handle_caller_refusal(refusal):
                self.status.show_refusal(refusal.sentence)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self.post_message(self.Done(sentence))
        finally:
            self._busy = False
