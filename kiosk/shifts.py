"""Enrolling this machine, and the attendants' shifts."""

from __future__ import annotations

import asyncio
from uuid import UUID

from api.wire import TillAttendant
from api.wire.till_journal import ShiftReport
from kiosk.client import Client
from kiosk.errors import Declined, Refused, ServerUnavailable
from kiosk.language import _
from kiosk.session import Session
from kiosk.store.facade import Store
from kiosk.store.shifts import KnownAttendant, hash_pin
from kiosk.sync import SyncService
from kiosk.timing import Timing


class ShiftService:
    def __init__(self, store: Store, client: Client, session: Session, sync: SyncService, timing: Timing) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._sync = sync
        self._timing = timing

    async def enrol(self, code: str, server: str = "") -> None:
        """Enrol this machine as a kiosk; at another `server` only while it isn't one yet. Safe to repeat: the key
        is on the disk before the code is sent. Raises Declined for what is no address."""
        if server and self._store.enrolments.current is None:
            try:
                await self._client.use_server(server)
            except ValueError as error:
                raise Declined(str(error)) from None
        pending = self._store.enrolments.begin(self._client.base_url, code)
        answer = await self._client.enrol(pending.request)
        self._store.enrol(pending, answer)
        self._client.use_device(answer.token)
        self._client.use_shift("")
        self._session.reset()
        self._session.connection.error = ""
        self._sync.mark_online()
        self._sync.wake()

    def list_attendants(self) -> list[TillAttendant]:
        """Who may sign in here, by name."""
        till = self._store.shelf.till
        if till is not None and till.attendants:
            return till.attendants
        return [TillAttendant(id=each.id, name=each.name) for each in self._store.shifts.list_known_attendants()]

    async def sign_in(self, pin: str, attendant: UUID | None = None) -> None:
        """Open a shift with the server, or offline for an attendant who has signed in here before. Without an
        attendant the PIN alone says who it is."""
        # The server takes a while to check a PIN: only a connection known to be down gets a shorter timeout.
        timeout = self._timing.answer_timeout if self._session.connection.online is False else None
        try:
            async with asyncio.timeout(timeout):
                shift = await self._client.open_shift(pin, attendant)
        except (ServerUnavailable, TimeoutError) as error:
            self._sync.mark_offline(error)
            if self._session.connection.frozen:
                raise Declined(self._session.connection.frozen) from None
            self._store.shifts.open_offline(await self._check_pin(pin, attendant))
        except Refused as refusal:
            self._sync.mark_online()
            if refusal.problem.type == "wrong-pin":
                for known in await self._find_attendants(pin, attendant):
                    self._store.shifts.forget(known)
            raise
        else:
            self._store.shifts.open(shift, await asyncio.to_thread(hash_pin, pin))
            self._sync.mark_online()
        current = self._store.shifts.required
        self._client.use_shift(current.token)
        self._session.sign_in(current.name)
        self._sync.wake()
        if self._session.connection.online:
            await self._sync.try_catch_up()

    async def unlock(self, pin: str) -> None:
        """The attendant of the open shift is back. Raises as `sign_in`."""
        attendant = self._store.shifts.required.attendant
        if attendant in {each.id for each in self._store.shifts.list_known_attendants()}:
            await self._check_pin(pin, attendant)
        else:
            # The server said that the PIN known here is no longer right.
            await self.sign_in(pin, attendant)

    async def _check_pin(self, pin: str, attendant: UUID | None) -> KnownAttendant:
        """By what this kiosk knows. Raises Declined, and ServerUnavailable if nobody has signed in here yet."""
        shifts = self._store.shifts
        known = shifts.list_known_attendants()
        outage = self._session.connection.outage
        if not known:
            raise ServerUnavailable(outage, sent=True)
        if attendant is not None and attendant not in {each.id for each in known}:
            raise Declined(outage.fill(_("{outage}，只有在这台终端联网登录过的管理员能登录")))
        if shifts.is_pin_locked(attendant):
            raise Declined(_("PIN 输错太多次，请五分钟后再试"))
        # Counted before it is judged, so that ending the program in between gains nothing.
        shifts.count_wrong_pin(attendant)
        found = await self._find_attendants(pin, attendant)
        if not found:
            if attendant is not None:
                raise Declined(_("PIN 不对，请再试一次"))
            raise Declined(outage.fill(_("PIN 不对；{outage}，只有在这台终端联网登录过的管理员能登录")))
        shifts.take_back_wrong_pin(attendant)
        return found[0]

    async def _find_attendants(self, pin: str, attendant: UUID | None) -> list[KnownAttendant]:
        known = self._store.shifts.list_known_attendants()
        candidates = [each for each in known if attendant in (None, each.id)]
        return await asyncio.to_thread(lambda: [each for each in candidates if each.verify_pin(pin)])

    def close(self) -> tuple[UUID, ShiftReport]:
        """Close the shift with its report in the journal, whether that has been uploaded or not."""
        self._session.require_idle()
        shift = self._store.shifts.required.id
        self._store.shifts.close()
        self._session.sign_out()
        self._client.use_shift("")
        self._sync.wake()
        return shift, self._store.shifts.build_report(shift)

    def end_by_server(self) -> None:
        """The server closed the shift."""
        self._store.shifts.close()
        self._session.end_shift()
        self._sync.wake()
