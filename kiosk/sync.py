"""The courier between kiosk and server: carries the journal there and brings leases and shelf back, by itself and
as soon as there is a line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from api.wire.promises import PromiseSlip
from api.wire.till_journal import SignedEntry, UploadResult
from kiosk.client import Client
from kiosk.errors import DiskError, Refused, ServerUnavailable
from kiosk.session import Session
from kiosk.store.enrolments import KioskEnrolment
from kiosk.store.facade import Store
from kiosk.store.promises import PromiseRequest
from kiosk.timing import Timing

UNKNOWN_HERE = frozenset({"device-unknown", "no-key"})
"""The server doesn't count this machine as a kiosk (any more)."""
SIGN_IN_AGAIN = frozenset({"shift-closed", "device-unknown"})
"""Refusals of the caller, before the server looked at what was asked."""


class Courier:
    """One thing at a time. `changed` is called whenever the session's `contact` or shelf may look different,
    `promised` when an answer that got lost came after all and there is a slip to print."""

    def __init__(self, store: Store, client: Client, session: Session, timing: Timing) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.promised: Callable[[], None] = lambda: None
        self._store = store
        self._client = client
        self._session = session
        self._timing = timing
        self._pauses = timing.iterate_pauses()
        self._busy = asyncio.Lock()
        self._wake = asyncio.Event()
        self._renew_at = monotonic()
        # Journals that the server refused, until when they rest, and why.
        self._resting: dict[int, tuple[float, str]] = {}

    async def run(self) -> None:
        """For as long as the kiosk is open."""
        while True:
            self._wake.clear()
            pause = await self._round()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def wake(self) -> None:
        """There is something to carry."""
        self.tell()
        self._wake.set()

    def heard(self) -> None:
        """The server spoke, to whomever."""
        if self._session.contact.online is False:
            self._renew_at = monotonic()
        if self._session.contact.online is not True:
            self._session.contact.online = True
            self._pauses = self._timing.iterate_pauses()
            self.wake()

    def away(self) -> None:
        """It didn't."""
        if self._session.contact.online is not False:
            self._session.contact.online = False
            self.wake()

    async def catch_up(self) -> None:
        """Everything now, leases included. Raises ServerUnavailable, Refused, DiskError."""
        async with self._busy:
            self._renew_at = monotonic()
            await self._carry()

    async def catch_up_in_a_moment(self) -> None:
        """As far as the line allows while an attendant waits."""
        try:
            async with asyncio.timeout(self._timing.answer_timeout):
                await self.catch_up()
        except (ServerUnavailable, TimeoutError):
            self.away()
        except Refused as refusal:
            self._session.contact.trouble = refusal.sentence

    async def deliver(self) -> None:
        """What waits in the journals. Raises ServerUnavailable, DiskError."""
        async with self._busy:
            await self._deliver()

    async def ask_for_promise(self, asked: PromiseRequest) -> PromiseSlip:
        """Raises ServerUnavailable, DiskError, and Refused: then it is off, unless only the caller was refused."""
        async with self._busy:
            await self._deliver()
            return await self._ask_for_promise(asked)

    def tell(self) -> None:
        """Bring the session up to what the store knows."""
        contact, leases = self._session.contact, self._store.leases
        enrolment = self._store.enrolments.current
        contact.unsent = self._store.journal.unsettled_count
        contact.lease_until, contact.expired = leases.expires_at, leases.expired
        contact.fence = enrolment.lockout_reason if enrolment is not None else ""
        till = self._store.shelf.till
        # Prices don't change under the attendant's eyes.
        if till is not None and not self._session.cart and not self._session.pending:
            self._session.stock_shelf(till)
        self.changed()

    async def _round(self) -> float:
        contact = self._session.contact
        try:
            async with self._busy:
                await self._carry()
        except ServerUnavailable:
            self.away()
            with suppress(DiskError):
                self._store.save_time()
            return next(self._pauses)
        except Refused as refusal:
            self.heard()
            contact.trouble = refusal.sentence
            return self._timing.refused_pause
        except DiskError as failed:
            contact.trouble = failed.sentence
            return self._timing.refused_pause
        finally:
            self.tell()
        return self._timing.poll_interval

    async def _carry(self) -> None:
        if self._store.enrolments.current is None:
            return
        await self._deliver()
        await self._ask_for_promises()
        if self._session.contact.online is not True:
            # What the server had to spare meanwhile, and what it wants back.
            self._renew_at = monotonic()
        try:
            if monotonic() >= self._renew_at:
                await self._renew()
                # What the server wanted back.
                await self._deliver()
            known = self._store.shelf.get_countable_entries()
            self._store.shelf.save(await self._client.till(), known)
        except Refused as refusal:
            if refusal.problem.type in UNKNOWN_HERE and self._session.contact.fence != refusal.sentence:
                self._store.lock_out(refusal.sentence)
            raise
        self._session.contact.trouble = self._reasons_to_rest()
        self._session.contact.online = True
        self._pauses = self._timing.iterate_pauses()
        self.tell()

    async def _renew(self) -> None:
        self._store.leases.save(await self._client.leases())
        self._renew_at = monotonic() + self._timing.lease_interval

    # --- goods to be kept -------------------------------------------------------------------------------

    async def _ask_for_promises(self) -> None:
        """Those whose answer got lost: with the same id, so that none counts twice."""
        for asked in self._store.promises.list_requests():
            try:
                await self._ask_for_promise(asked)
            except Refused:
                continue
            self.promised()

    async def _ask_for_promise(self, asked: PromiseRequest) -> PromiseSlip:
        self._store.fault_hook("before send promise")
        try:
            slip = await self._client.promise(asked.id, asked.content)
        except Refused as refusal:
            if refusal.problem.type not in SIGN_IN_AGAIN:
                self._store.promises.delete_request(asked.id)
            raise
        self._store.fault_hook("after send promise")
        self._store.promises.save_slip(slip)
        return slip

    # --- the journals -----------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        """The earlier enrolments' too; what the server refuses of one doesn't hold up another."""
        for enrolment in self._store.journal.list_unsettled_enrolments():
            until, _ = self._resting.get(enrolment.id, (0.0, ""))
            if monotonic() < until:
                continue
            self._resting.pop(enrolment.id, None)
            try:
                await self._upload_all(enrolment)
            except Refused as refusal:
                self._resting[enrolment.id] = (monotonic() + self._timing.refused_pause, refusal.sentence)
            except ServerUnavailable:
                if enrolment.server == self._client.base_url:
                    raise

    def _reasons_to_rest(self) -> str:
        return next((why for until, why in self._resting.values() if monotonic() < until), "")

    async def _upload_all(self, enrolment: KioskEnrolment) -> None:
        """In order, until all is told. A server that went back to a backup asks once for what it has lost; one
        that asks again and again is asked again itself, later."""
        sent_again = False
        while batch := self._store.journal.get_next_batch(enrolment):
            try:
                self._store.fault_hook("before send entries")
                answer = await self._upload(enrolment, batch)
                self._store.fault_hook("after send entries")
            except Refused as refusal:
                expected = refusal.problem.extra.get("expected")
                if sent_again or not isinstance(expected, int) or expected >= batch[0].number:
                    raise
                self._store.resend_from(enrolment, expected)
            else:
                self._store.settle(enrolment, answer)
                self.tell()
                rest = self._store.journal.get_next_batch(enrolment)
                if not rest or rest[0].number > batch[0].number:
                    continue
                if sent_again:
                    return
            sent_again = True

    async def _upload(self, enrolment: KioskEnrolment, batch: Sequence[SignedEntry]) -> UploadResult:
        if enrolment.server == self._client.base_url:
            return await self._client.upload(enrolment.kiosk, enrolment.epoch, batch)
        async with Client(enrolment.server) as elsewhere:
            return await elsewhere.upload(enrolment.kiosk, enrolment.epoch, batch)
