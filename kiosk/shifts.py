"""Who serves here: this machine as a kiosk, and the attendant's shift."""

from __future__ import annotations

import asyncio
from uuid import UUID

from api.wire.till_journal import ShiftReport
from kiosk.client import Client
from kiosk.errors import Declined, Refused, ServerUnavailable
from kiosk.language import _
from kiosk.session import Session
from kiosk.store.facade import Store
from kiosk.store.shifts import KnownAttendant, hash_pin
from kiosk.sync import Courier
from kiosk.timing import Timing


class Duty:
    def __init__(self, store: Store, client: Client, session: Session, courier: Courier, timing: Timing) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._courier = courier
        self._timing = timing

    async def enrol(self, code: str) -> None:
        """Make this machine a kiosk. Safe to repeat: the key is on the disk before the code is sent."""
        begun = self._store.enrolments.begin(self._client.base_url, code)
        answer = await self._client.enrol(begun.request)
        self._store.enrol(begun, answer)
        self._client.use_device(answer.token)
        self._client.use_shift("")
        self._session.begin_anew()
        self._session.contact.trouble = ""
        self._courier.heard()
        self._courier.wake()

    async def begin(self, pin: str) -> None:
        """With the server, or by what it said of this PIN before."""
        # Checking a PIN takes the server its time; a line known to be dead isn't waited for as long.
        patience = self._timing.answer_timeout if self._session.contact.online is False else None
        try:
            async with asyncio.timeout(patience):
                shift = await self._client.open_shift(pin)
        except (ServerUnavailable, TimeoutError):
            self._courier.away()
            await self._begin_offline(pin)
        except Refused as refusal:
            self._courier.heard()
            if refusal.problem.type == "wrong-pin":
                for attendant in await self._known_by(pin):
                    self._store.shifts.forget(attendant)
            raise
        else:
            self._store.shifts.open(shift, await asyncio.to_thread(hash_pin, pin))
            self._courier.heard()
        duty = self._store.shifts.required
        self._client.use_shift(duty.token)
        self._session.sign_in(duty.name)
        self._courier.wake()
        if self._session.contact.online:
            await self._courier.catch_up_in_a_moment()

    async def _begin_offline(self, pin: str) -> None:
        shifts = self._store.shifts
        if not shifts.list_known_attendants():
            raise ServerUnavailable(sent=True)
        if shifts.locked_until is not None:
            raise Declined(_("PIN 连续输错，请五分钟后再试"))
        known = await self._known_by(pin)
        if not known:
            shifts.count_wrong_pin()
            raise Declined(_("PIN 不对；断网时，只有在这台终端联网登录过的管理员能登录"))
        shifts.open_offline(known[0])

    async def _known_by(self, pin: str) -> list[KnownAttendant]:
        attendants = self._store.shifts.list_known_attendants()
        return await asyncio.to_thread(lambda: [each for each in attendants if each.verify_pin(pin)])

    def close(self) -> tuple[UUID, ShiftReport]:
        """Write the shift's report into the journal, sent or not; what waits there waits."""
        self._session.require_idle()
        shift = self._store.shifts.required.id
        self._store.shifts.close()
        self._session.sign_out()
        self._client.use_shift("")
        self._courier.wake()
        return shift, self._store.shifts.build_report(shift)

    def ended(self) -> None:
        """The server closed it."""
        self._store.shifts.close()
        self._session.shift_ended()
        self._courier.wake()
