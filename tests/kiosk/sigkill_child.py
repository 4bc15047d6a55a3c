"""Runs a day at a kiosk for each line on standard input: its folder, and the fault point at which it is killed by
SIGKILL, or none; then the points passed are printed. The exit status is printed last.

Each day is a fork of this process, since importing the modules takes a hundred times as long as the day.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from api.wire.gs1 import GoodsScan
from kiosk.client import Client
from kiosk.counter import Counter
from kiosk.store.facade import Store
from kiosk.timing import Timing

PIN, SOAP = "2468", "6901234567892"


async def day(url: str, folder: Path, card: str, point: str) -> None:
    def reached(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)
        if not point:
            print(passed)

    async with Client(url) as client:
        with Store(folder, fault_hook=reached) as store:
            counter = Counter(store, client, Timing())
            await counter.shifts.sign_in(PIN)
            await serve(counter, card)
            job = store.receipts.get_next_print_job()
            assert job is not None
            store.receipts.mark_sending(job)
            store.receipts.mark_sent(job)
            # Known to be offline: this one goes by lease.
            counter.session.connection.online = False
            await serve(counter, card)
            await counter.sync.catch_up()
            [_, first] = store.redemptions.list_voidable()
            await counter.void(first, "数量不对")
            await counter.sync.catch_up()
            counter.shifts.close()
            await counter.sync.catch_up()


async def serve(counter: Counter, card: str) -> None:
    await counter.cards.look_up(card)
    counter.session.add_barcode(GoodsScan(SOAP))
    counter.confirm()
    await counter.settle(lambda: None)


def main(url: str, card: str) -> None:
    for line in sys.stdin:
        folder, point = json.loads(line)
        if not (child := os.fork()):
            asyncio.run(day(url, Path(folder), card, point))
            sys.stdout.flush()
            os._exit(0)
        _, ended = os.waitpid(child, 0)
        print("ended", os.waitstatus_to_exitcode(ended), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
