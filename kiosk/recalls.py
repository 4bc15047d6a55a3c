"""Recalls: this kiosk returns points of a household that another kiosk needs, within a second."""

from __future__ import annotations

import asyncio

from api.wire.till_journal import Recalls
from kiosk.client import Client
from kiosk.errors import DiskError, Refused, ServerUnavailable
from kiosk.session import Session
from kiosk.store.facade import Store
from kiosk.sync import SyncService
from kiosk.timing import Timing


class RecallService:
    """Long-polls the server, which answers when points are recalled."""

    def __init__(self, store: Store, client: Client, session: Session, sync: SyncService, timing: Timing) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._sync = sync
        self._timing = timing
        self._pauses = timing.iterate_pauses()

    async def run(self) -> None:
        """Run as long as the app does."""
        while True:
            pause = await self._wait_once()
            await asyncio.sleep(pause)

    async def _wait_once(self) -> float:
        enrolment = self._store.enrolments.current
        if enrolment is None or enrolment.lockout_reason or self._session.connection.online is not True:
            return self._timing.recall_pause
        try:
            recalls = await self._client.wait_for_recalls(self._timing.recall_wait)
            if recalls is not None and recalls.recalls:
                await self._return(recalls)
        except ServerUnavailable:
            # Doesn't mark the kiosk offline: a proxy may not let a request wait.
            return next(self._pauses)
        except (Refused, DiskError):
            # Also with a server older than recalls.
            return self._timing.refused_pause
        self._pauses = self._timing.iterate_pauses()
        return self._timing.recall_pause

    async def _return(self, recalls: Recalls) -> None:
        self._store.fault_hook("before recall")
        await self._sync.return_recalled(recalls.recalls)
