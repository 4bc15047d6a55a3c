"""A till's day in a process of its own, which dies by SIGKILL at a point named on the command line; without one it
tells the points it passed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from kiosk.client import Client
from kiosk.counter import Counter
from kiosk.keeping.store import Store
from kiosk.pace import Pace

PIN, SOAP = "2468", "6901234567892"


async def day(url: str, folder: Path, card: str, point: str) -> None:
    def reached(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)
        if not point:
            print(passed)

    async with Client(url) as client:
        with Store(folder, faults=reached) as store:
            counter = Counter(store, client, Pace())
            await counter.duty.begin(PIN)
            await serve(counter, card)
            job = store.receipts.next_print_job()
            assert job is not None
            store.receipts.mark_sending(job)
            store.receipts.mark_sent(job)
            # Known to be away: this one goes by lease.
            counter.session.contact.online = False
            await serve(counter, card)
            await counter.courier.catch_up()
            [_, first] = store.redemptions.voidable()
            await counter.void(first, "数量不对")
            await counter.courier.catch_up()
            counter.duty.close()
            await counter.courier.catch_up()


async def serve(counter: Counter, card: str) -> None:
    await counter.look_up(card)
    counter.session.add_barcode(SOAP)
    counter.confirm()
    await counter.settle(lambda: None)


if __name__ == "__main__":
    asyncio.run(day(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
