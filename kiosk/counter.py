"""Serving at the counter: what the attendant wants done, against the server, until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat

from uuid_utils.compat import uuid7

from api.wire import Receipt
from kiosk.client import Client
from kiosk.obstacles import Obstacle, Refused, ServerAway
from kiosk.session import Session

SIGN_IN_AGAIN = frozenset({"shift-closed", "device-unknown"})
"""Refusals of the caller, before the server looked at what was asked."""
CARD_IS_DEAD = frozenset({"card-unknown", "card-revoked", "card-malformed", "account-closed"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the till waits, in seconds. The last pause between retries repeats."""

    retry: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    receipt: float = 20.0
    second_digit: float = 0.6


class Counter:
    def __init__(self, client: Client, pace: Pace) -> None:
        self.session = Session()
        self.pace = pace
        self._client = client

    async def open(self, away: Callable[[ServerAway], None]) -> None:
        """Fetch the shelf, however long the server takes to come; raises only `Refused`."""
        for pause in self._pauses():
            try:
                self.session.stock_shelf(await self._client.till())
                return
            except ServerAway as error:
                away(error)
                await asyncio.sleep(pause)

    async def sign_in(self, pin: str) -> None:
        shift = await self._client.open_shift(pin)
        self.session.stock_shelf(await self._client.till())
        self.session.sign_in(shift.attendant)

    async def look_up(self, token: str) -> None:
        """Show the household of a card, and the shelf as it is for it."""
        self.session.admit(token)
        view, till = await asyncio.gather(self._client.card(token), self._client.till())
        self.session.present(token, view)
        self.session.stock_shelf(till)

    def confirm(self) -> None:
        """The attendant's word; `settle` carries it out."""
        self.session.confirm(uuid7())

    async def settle(self, away: Callable[[ServerAway], None]) -> Receipt | None:
        """Send the pending redemption, always the same, until the server answers or, None, until it was given
        up. A refusal of the caller leaves an uncertain one pending: it is settled after the next sign-in."""
        pending = self.session.pending
        if pending is None:
            raise ValueError("nothing is pending")
        for pause in self._pauses():
            try:
                pending.in_flight = True
                receipt = await self._client.redeem(pending.id, pending.redemption)
            except ServerAway as error:
                pending.in_flight = False
                pending.uncertain |= error.sent
                if pending.unwanted and not pending.uncertain:
                    self.session.withdraw()
                    return None
                away(error)
                await asyncio.sleep(pause)
            except Refused as refusal:
                pending.in_flight = False
                goods = {item.product: item.name for item in self.session.shelf}
                if not (pending.uncertain and refusal.problem.type in SIGN_IN_AGAIN):
                    self.session.refused()
                    await self._catch_up(refusal)
                raise Refused(refusal.problem, goods) from refusal
            else:
                self.session.answered(receipt)
                return receipt
        raise AssertionError("pauses never end")

    async def restock(self) -> None:
        """Show the shelf as the last redemption left it; an old shelf is no reason to stop."""
        try:
            self.session.stock_shelf(await self._client.till())
        except Obstacle:
            return

    async def _catch_up(self, refusal: Refused) -> None:
        """After a refusal the till's picture was stale: balance, stock or price."""
        card = self.session.card
        if refusal.problem.type in CARD_IS_DEAD or card is None:
            self.session.cancel()
            return
        await self.restock()
        try:
            self.session.present(card.token, await self._client.card(card.token))
        except Obstacle:
            return

    def _pauses(self) -> chain[float]:
        return chain(self.pace.retry, repeat(self.pace.retry[-1]))
