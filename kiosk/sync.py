"""Synchronisation with the server in the background: the journal goes there, leases and shelf come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from api.wire.promises import PromiseSlip
from api.wire.till_journal import Digest, Recall, SignedEntry, UploadResult
from kiosk.client import Client
from kiosk.errors import DiskError, Outage, Refused, ServerUnavailable
from kiosk.holdings import get_recalled
from kiosk.lease_rules import tell_frozen
from kiosk.session import Session
from kiosk.store.enrolments import KioskEnrolment
from kiosk.store.facade import Store
from kiosk.store.promises import PromiseRequest
from kiosk.timing import Timing

UNKNOWN_KIOSK = frozenset({"device-unknown", "no-key"})
"""The server doesn't know this machine as a kiosk, or no longer does."""
SIGN_IN_REQUIRED = frozenset({"shift-closed", "device-unknown"})
"""The server refused the caller, whatever the request was."""


class SyncService:
    """Sends one request at a time. `on_change` is called when the session's connection or shelf may have changed,
    `on_promise_slip` when a promise was answered late and its slip is to be printed."""

    def __init__(self, store: Store, client: Client, session: Session, timing: Timing) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.on_promise_slip: Callable[[], None] = lambda: None
        self._store = store
        self._client = client
        self._session = session
        self._timing = timing
        self._pauses = timing.iterate_pauses()
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._renew_at = monotonic()
        # Cards that the server has refused since the leases were asked for last, and why: an answer on its way may
        # not know it yet.
        self._refused_cards: dict[Digest, str] = {}
        # Journals that the server refused, by enrolment: until when they aren't sent, and why.
        self._rejected: dict[int, tuple[float, str]] = {}

    async def run(self) -> None:
        """Run as long as the app does."""
        while True:
            self._wake.clear()
            pause = await self._run_once()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def wake(self) -> None:
        """Sync at once: there is something to upload."""
        self.update_session()
        self._wake.set()

    def refuse_card(self, card: Digest, reason: str) -> None:
        """The server has refused this card: nothing is sold by its lease, and the leases are renewed at once."""
        self._refused_cards[card] = reason
        self._store.leases.refuse_card(card, reason)
        self._renew_at = monotonic()
        self._wake.set()

    def mark_online(self) -> None:
        """The server answered a request, here or elsewhere in the kiosk."""
        if self._session.connection.online is False:
            self._renew_at = monotonic()
        if self._session.connection.online is not True:
            self._session.connection.online = True
            self._pauses = self._timing.iterate_pauses()
            self.wake()

    def mark_offline(self, error: ServerUnavailable | TimeoutError) -> None:
        """The server didn't answer a request, or not in time, for the reason known last."""
        connection = self._session.connection
        if isinstance(error, ServerUnavailable):
            connection.outage = error.outage
        elif connection.online is not False:
            connection.outage = Outage.NETWORK
        if connection.online is not False:
            connection.online = False
            self.wake()

    async def catch_up(self) -> None:
        """Sync everything now, leases included. Raises ServerUnavailable, Refused, DiskError."""
        async with self._lock:
            self._renew_at = monotonic()
            await self._sync()

    async def try_catch_up(self) -> None:
        """`catch_up` while an attendant waits: as far as the connection allows."""
        try:
            async with asyncio.timeout(self._timing.answer_timeout):
                await self.catch_up()
        except (ServerUnavailable, TimeoutError) as error:
            self.mark_offline(error)
        except Refused as refusal:
            self._session.connection.error = refusal.sentence

    async def upload_journals(self) -> None:
        """Upload unsettled entries of all journals. Raises ServerUnavailable, DiskError."""
        async with self._lock:
            await self._upload_journals()

    async def return_recalled(self, recalls: Sequence[Recall]) -> None:
        """Return available points, and upload that at once. Raises ServerUnavailable, Refused, DiskError."""
        async with self._lock:
            up_to_date = self._store.leases.return_recalled(recalls)
            await self._upload_journals()
            if not up_to_date:
                # An answer about the leases was lost: the next one has all leases, and the recalls.
                await self._renew_leases()
                await self._upload_journals()

    async def request_promise(self, request: PromiseRequest) -> PromiseSlip:
        """Raises ServerUnavailable, DiskError, and Refused: then the request is deleted, unless only the caller
        was refused or points are on their way from another kiosk."""
        async with self._lock:
            await self._upload_journals()
            return await self._request_promise(request)

    def update_session(self) -> None:
        """Bring the session up to date with the store."""
        connection, leases = self._session.connection, self._store.leases
        enrolment = self._store.enrolments.current
        connection.unsent = self._store.journal.unsettled_count
        connection.leases_expire_at, connection.leases_expired = leases.expires_at, leases.expired
        connection.lockout_reason = enrolment.lockout_reason if enrolment is not None else ""
        till, shift = self._store.shelf.till, self._store.shifts.current
        connection.frozen = tell_frozen(till)
        self._session.attendant_ended = (
            till is not None and shift is not None and shift.attendant not in {each.id for each in till.attendants}
        )
        # Prices don't change while an attendant serves.
        if till is not None and not self._session.cart and not self._session.pending:
            self._session.update_shelf(till)
        self.on_change()

    async def _run_once(self) -> float:
        connection = self._session.connection
        try:
            async with self._lock:
                await self._sync()
        except ServerUnavailable as error:
            self.mark_offline(error)
            with suppress(DiskError):
                self._store.save_time()
            return next(self._pauses)
        except Refused as refusal:
            self.mark_online()
            connection.error = refusal.sentence
            return self._timing.refused_pause
        except DiskError as failure:
            connection.error = failure.sentence
            return self._timing.refused_pause
        finally:
            self.update_session()
        return self._timing.poll_interval

    async def _sync(self) -> None:
        if self._store.enrolments.current is None:
            return
        await self._upload_journals()
        await self._retry_promises()
        if self._session.connection.online is not True:
            # While offline the server may have topped up the leases, or asked for points back.
            self._renew_at = monotonic()
        try:
            if monotonic() >= self._renew_at:
                behind = await self._renew_leases()
                # The points that the server asked back, or all that a restored one has lost.
                await self._upload_journals()
                if behind:
                    await self._renew_leases()
            counted = self._store.shelf.get_countable_entries()
            self._store.shelf.save(await self._client.get_till(), counted)
        except Refused as refusal:
            reason = refusal.sentence
            if refusal.problem.type in UNKNOWN_KIOSK and self._session.connection.lockout_reason != reason:
                self._store.lock_out(reason)
            raise
        self._session.connection.error = self._get_rejection()
        self._session.connection.online = True
        self._pauses = self._timing.iterate_pauses()
        self.update_session()

    async def _renew_leases(self) -> bool:
        """Whether the server has less than the whole journal."""
        last = self._store.journal.position.number
        self._refused_cards.clear()
        answer = await self._client.renew_leases(last)
        self._store.leases.save(answer)
        for card, reason in self._refused_cards.items():
            self._store.leases.refuse_card(card, reason)
        self._client.use_books(self._store.leases.restored_at)
        if not self._refused_cards:
            self._renew_at = monotonic() + self._timing.lease_interval
        return answer.head < last

    # --- promises ---------------------------------------------------------------------------------------

    async def _retry_promises(self) -> None:
        """Send unanswered requests again, with the same id, so that none counts twice."""
        for request in self._store.promises.list_requests():
            try:
                await self._request_promise(request)
            except Refused:
                continue
            self.on_promise_slip()

    async def _request_promise(self, request: PromiseRequest) -> PromiseSlip:
        self._store.fault_hook("before send promise")
        try:
            slip = await self._client.promise(request.id, request.content)
        except Refused as refusal:
            # Points on their way from another kiosk: it is about to be sent again.
            if refusal.problem.type not in SIGN_IN_REQUIRED and not get_recalled(refusal.problem.extra):
                self._store.promises.delete_request(request.id)
            raise
        self._store.fault_hook("after send promise")
        self._store.promises.save_slip(slip)
        return slip

    # --- the journals -----------------------------------------------------------------------------------

    async def _upload_journals(self) -> None:
        """Also those of earlier enrolments; a journal that is refused doesn't hold up another."""
        for enrolment in self._store.journal.list_unsettled_enrolments():
            until, _ = self._rejected.get(enrolment.id, (0.0, ""))
            if monotonic() < until:
                continue
            self._rejected.pop(enrolment.id, None)
            try:
                await self._upload_journal(enrolment)
            except Refused as refusal:
                self._rejected[enrolment.id] = (monotonic() + self._timing.refused_pause, refusal.sentence)
            except ServerUnavailable:
                if enrolment.server == self._client.base_url:
                    raise

    def _get_rejection(self) -> str:
        return next((why for until, why in self._rejected.values() if monotonic() < until), "")

    async def _upload_journal(self, enrolment: KioskEnrolment) -> None:
        """Upload in order until all entries are settled. A server restored from a backup asks once for the entries
        it lost; if it asks again, the rest waits for the next sync."""
        resent = False
        while batch := self._store.journal.get_next_batch(enrolment):
            try:
                self._store.fault_hook("before send entries")
                answer = await self._upload_batch(enrolment, batch)
                self._store.fault_hook("after send entries")
            except Refused as refusal:
                expected = refusal.problem.extra.get("expected")
                if resent or not isinstance(expected, int) or expected >= batch[0].number:
                    raise
                self._store.resend_from(enrolment, expected)
            else:
                self._store.settle(enrolment, answer)
                self.update_session()
                rest = self._store.journal.get_next_batch(enrolment)
                if not rest or rest[0].number > batch[0].number:
                    continue
                if resent:
                    return
            resent = True

    async def _upload_batch(self, enrolment: KioskEnrolment, batch: Sequence[SignedEntry]) -> UploadResult:
        if enrolment.server == self._client.base_url:
            return await self._client.upload_entries(enrolment.kiosk, enrolment.epoch, batch)
        async with Client(enrolment.server) as client:
            return await client.upload_entries(enrolment.kiosk, enrolment.epoch, batch)
