"""Redemptions that arrive at the same moment are booked together: one look, one statement and one commit for all.

A queue hands what waits to the first worker that is free, so a lone redemption goes at once, and the busier the
server is the more go together. Only the plain case is booked here, where everything is as the till believed: any
other (a retry, a price that changed, too few points, a PIN, a neighbour, goods that somebody waits for) is left to
`use_cases.redeem`, which knows what to say to it. So is the whole batch where one of it fails unforeseen: no
neighbour ever loses by another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import column, text
from sqlalchemy.exc import DBAPIError

from api import wire
from api.platform.access import secret_digest
from api.platform.database.look import Look
from api.platform.problem_details import told
from api.platform.problems import Refused
from api.platform.town import Town
from api.shop.redemptions import booking
from api.shop.redemptions.plain import Asked, Plain, plain
from api.wire.card_token import MalformedCard, digest, parse
from ledger.books import encoded

log = structlog.get_logger()

AT_ONCE = 128
"""Redemptions in one batch at most."""
MOST_WAITING = 1_024
"""Redemptions in the queue; more are asked to come again."""
WORKERS = 2
"""While one waits for the disk, another has its turn."""
LONGEST_WAIT = 0.1
"""Seconds that one waits for others to go with, while a batch is held up."""


class _Told(msgspec.Struct, frozen=True):
    redemption: UUID
    balance: int


class _Booked(msgspec.Struct, frozen=True):
    booked: list[_Told]


# More than a look: what it asks for is done, and committed with it.
_BOOK = Look(
    _Booked,
    booked=text("""
        select * from redeem_together(
            :township, cast(:kiosks as uuid[]), cast(:epochs as integer[]), cast(:shifts as uuid[]),
            cast(:ids as uuid[]), cast(:transactions as jsonb), cast(:redemptions as json), :now)
    """).columns(column("redemption"), column("balance")),
)
_NOT_AS_IT_WAS = "JM001"
"""What the statement says where the books refuse one of the batch."""


@dataclass(slots=True)
class _Waiting:
    asked: Asked
    answer: asyncio.Future[wire.Receipt | None]


class Unforeseen(Exception):
    """One of a batch isn't as it was any more when it was weighed: nothing of the batch stays."""


class RedemptionQueue:
    """Where redemptions wait for their turn. `run` serves them, for as long as the application runs."""

    def __init__(self, town: Town, most_waiting: int = MOST_WAITING) -> None:
        self.town = town
        self._most_waiting = most_waiting
        self._waiting: deque[_Waiting] = deque()
        # How many are being booked, and whether that or what waits has changed since somebody looked.
        self._under_way = 0
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()

    async def redeem(self, device: str, shift: str, id: UUID, wanted: wire.Redemption) -> wire.Receipt | None:
        """The receipt, or None for what is no plain case or finds no room: then nothing has happened yet, or the
        answer is known already, and `use_cases.redeem` goes on."""
        if not device or wanted.collector or self._full:
            return None
        try:
            card = digest(parse(wanted.card))
        except MalformedCard:
            return None
        asked = Asked(secret_digest(device), secret_digest(shift), id, card, wanted)
        waiting = _Waiting(asked, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._changed.set()
        return await waiting.answer

    @property
    def _full(self) -> bool:
        return len(self._waiting) >= self._most_waiting

    def require_room(self) -> None:
        """Raises Refused: busy."""
        if self._full:
            raise Refused("busy", "现在兑换的人太多，请稍候，会自动再试。")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._serve())

    async def _serve(self) -> None:
        while True:
            async with self._turn:
                batch = await self._next()
                self._under_way += len(batch)
            receipts: dict[UUID, wire.Receipt] = {}
            try:
                receipts = await book(self.town, [waiting.asked for waiting in batch])
            except Exception as error:
                # Each on its own: whose fault it was hears it there. And whatever it was, the next are served.
                if told(error) is None and not isinstance(error, Unforeseen):
                    log.exception("a batch of redemptions failed")
            finally:
                self._under_way -= len(batch)
                self._changed.set()
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_result(receipts.get(waiting.asked.id))

    async def _next(self) -> list[_Waiting]:
        """What waits, as soon as it is as much as is being booked: fewer would wait for the same balances anyway.
        The first of each id, without what nobody waits for any more."""
        while not self._waiting:
            await self._change()
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                while len(self._waiting) < self._under_way:
                    await self._change()
        batch: dict[UUID, _Waiting] = {}
        while self._waiting and len(batch) < AT_ONCE:
            waiting = self._waiting.popleft()
            if waiting.asked.id in batch:
                waiting.answer.set_result(None)
            elif not waiting.answer.done():
                batch[waiting.asked.id] = waiting
        return list(batch.values())

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


async def book(town: Town, batch: Sequence[Asked]) -> dict[UUID, wire.Receipt]:
    """Book what of it is plain; gives the receipts. The ids in it are distinct. Raises Unforeseen."""
    now = town.clock.now()
    found = await plain(town, batch, now)
    if not found:
        return {}
    kiosks = {(one.device.id, one.device.epoch) for one in found}
    try:
        told = await town.look(
            _BOOK,
            now=now,
            kiosks=[kiosk for kiosk, _ in kiosks],
            epochs=[epoch for _, epoch in kiosks],
            shifts=list({one.duty.shift for one in found}),
            ids=[one.asked.id for one in found],
            transactions=encoded([each for one in found for each in one.transactions]),
            redemptions=encoded([_row(one) for one in found]),
        )
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _NOT_AS_IT_WAS:
            raise Unforeseen from None
        raise
    balances = {each.redemption: each.balance for each in told.booked}
    if not balances:
        raise Unforeseen
    return {one.asked.id: msgspec.structs.replace(one.receipt, balance=balances[one.asked.id]) for one in found}


def _row(one: Plain) -> dict[str, Any]:
    return {
        "id": one.asked.id,
        "supermarket": one.device.supermarket,
        "kiosk": one.device.id,
        "attendant": one.duty.attendant,
        "household": one.household.id,
        "request": booking.content(one.device.id, one.asked.card, one.asked.wanted.lines, b"").hex(),
        "receipt": one.receipt,
        "leased": one.receipt.leased,
        "shift": one.duty.shift,
        "points": one.receipt.points,
        "own": one.own,
        "escrow": one.escrow,
    }
