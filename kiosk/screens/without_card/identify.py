"""The PIN of a household's card, or of another attendant who vouches for the household."""

from __future__ import annotations

from abc import abstractmethod

from textual import work
from textual.message import Message

from api.wire import PinSignIn, TillAttendant
from api.wire.identification import FoundHousehold
from kiosk.counter import Counter
from kiosk.errors import KioskError, Refused
from kiosk.language import _
from kiosk.screens.pin_entry import PinScreen
from kiosk.screens.without_card.choice import describe


class IdentifyScreen(PinScreen):
    """Asks the server itself, so that a wrong PIN can be typed again."""

    class Done(Message):
        """The household is served without its card from now on."""

    def __init__(self, counter: Counter, household: FoundHousehold) -> None:
        super().__init__(counter)
        self._household = household
        self._busy = False

    @abstractmethod
    async def identify(self, pin: str) -> None:
        """Raises KioskError."""

    def get_prompt(self) -> str:
        return describe(self._household)

    def press(self, key: str) -> None:
        if self._busy:
            self.app.bell()
        else:
            super().press(key)

    def leave(self) -> None:
        self.post_message(self.Left())

    def enter(self, pin: str) -> None:
        self._busy = True
        self.status.show_waiting(_("正在核对，请稍候"))
        self._identify(pin)

    @work
    async def _identify(self, pin: str) -> None:
        try:
            await self.identify(pin)
        except Refused as refusal:
            if not self.handle_caller_refusal(refusal):
                self.status.show_refusal(refusal.sentence)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self.post_message(self.Done())
        finally:
            self._busy = False
            self.clear()


class HouseholdPinScreen(IdentifyScreen):
    def get_title(self) -> str:
        return _("请家里人输入积分卡的密码")

    def get_hint(self) -> str:
        return _("密码 4 到 8 位，屏幕上不显示；输好按 F2，按 Esc 返回")

    async def identify(self, pin: str) -> None:
        await self.counter.identifications.identify(self._household, card_pin=pin)


class WitnessPinScreen(IdentifyScreen):
    def __init__(self, counter: Counter, household: FoundHousehold, witness: TillAttendant) -> None:
        super().__init__(counter, household)
        self._witness = witness

    def get_title(self) -> str:
        return _("{name}，您认识这户人？请输入自己的值班 PIN 证明").format(name=self._witness.name)

    def get_hint(self) -> str:
        return _("证明人的姓名记在账上，也印在收据上；输好按 F2，按 Esc 返回")

    async def identify(self, pin: str) -> None:
        witness = PinSignIn(pin=pin, attendant=self._witness.id)
        await self.counter.identifications.identify(self._household, witness=witness)
