"""Redemptions that arrive at the same moment are booked together: a few statements and one commit for all.

A queue hands what waits to the first worker that is free, so a lone redemption goes at once, and the busier the
server is the more go together. Only the plain case is booked here, where everything is as the till believed: any
other (a retry, a price that changed, too few points, a PIN, a neighbour, goods that somebody waits for) is left to
`use_cases.redeem`, which knows what to say to it. So is the whole batch where one of it fails unforeseen: no
neighbour ever loses by another.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from api import accounts, wire
from api.access import Device, secret_digest
from api.cards.token import MalformedCard, digest, parse
from api.cards.use_cases import Holder
from api.kiosks.use_cases import OnDuty
from api.problem_details import told
from api.problems import Refused
from api.redemptions import booking
from api.town import Town, Work
from ledger.books import encoded
from ledger.transactions import AccountId, Transaction

log = structlog.get_logger()

AT_ONCE = 128
"""Redemptions in one batch at most."""
MOST_WAITING = 1_024
"""Redemptions in the queue; more are asked to come again."""
WORKERS = 2
"""While one waits for the disk, another has its turn."""

# Who asks, and for whom, where all of it is in order. Until the end of the transaction nothing of the kiosks'
# journals is settled and nobody ends their enrolments, as in `on_duty`. Each look-up by key has a limit: otherwise
# a plan might read whole tables for the few rows that are asked for.
_ASKED = text("""
    with enrolled as materialized (
        select kiosk, epoch, digest from kiosk_enrolment
         where township = :township and digest = any (:devices) and ended_at is null
           for share skip locked)
    select asked.n - 1 as n, kiosk.id as kiosk, kiosk.supermarket, enrolled.epoch, place.name as place,
           shift.attendant, shift.name as attendant_name, shift.id as shift,
           holder.id as household, holder.code, holder.head, holder.village, card.pin_above
      from unnest(cast(:devices as bytea[]), cast(:shifts as bytea[]),
                  cast(:ids as uuid[]), cast(:cards as bytea[]))
           with ordinality as asked(device, shift, id, card, n)
      join enrolled on enrolled.digest = asked.device
     cross join lateral (select id, supermarket from kiosk
                          where (township, id) = (:township, enrolled.kiosk) limit 1) as kiosk
     cross join lateral (select name from supermarket
                          where (township, code) = (:township, kiosk.supermarket) limit 1) as place
     cross join lateral (select shift.id, shift.attendant, attendant.name
                           from shift join attendant on (attendant.township, attendant.id)
                                                      = (shift.township, shift.attendant)
                          where (shift.township, shift.digest, shift.kiosk) = (:township, asked.shift, kiosk.id)
                            and shift.closed_at is null limit 1) as shift
     cross join lateral (select household, revoked_at,
                                case when pin_hash is not null then pin_above end as pin_above
                           from card where (township, digest) = (:township, asked.card) limit 1) as card
     cross join lateral (select id, code, head, village from household
                          where (township, id) = (:township, card.household) limit 1) as holder
      left join lateral (select true as known from redemption
                          where (township, id) = (:township, asked.id) limit 1) as given on true
      left join lateral (select true as known from redemption_void
                          where (township, id) = (:township, asked.id) limit 1) as void on true
     where card.revoked_at is null and given.known is null and void.known is null
     order by n
""")

_GOODS = text("""
    select shelf.supermarket, product.code, product.name, product.price
      from unnest(cast(:supermarkets as text[]), cast(:products as text[])) as asked(supermarket, product)
     cross join lateral (select supermarket from shelf
                          where (township, shelf.supermarket, product)
                              = (:township, asked.supermarket, asked.product) limit 1) as shelf
     cross join lateral (select code, name, price from product
                          where (township, code) = (:township, asked.product) limit 1) as product
     where not exists (select from promise
                        where (promise.township, promise.supermarket, promise.product)
                            = (:township, asked.supermarket, asked.product)
                          and status = 'open' and arrival is null and expires_at > :now)
""")

# Into the books, and the receipts beside them, where the books take all: the fewer statements, the sooner the next
# batch has the balances.
_BOOK = text("""
    with posted as materialized (
        select status from ledger.post(:township, cast(:transactions as jsonb), :now))
    insert into redemption (township, id, supermarket, kiosk, attendant, household, request, receipt, recorded_at,
                            leased, shift)
    select :township, id, supermarket, kiosk, attendant, household, decode(request, 'hex'), receipt, :now,
           leased, shift
      from jsonb_to_recordset(cast(:rows as jsonb)) as told(
           id uuid, supermarket text, kiosk uuid, attendant uuid, household uuid, request text, receipt jsonb,
           leased bigint, shift uuid)
     where not exists (select from posted where status <> 'ok')
     -- A kiosk's journal may have given one up while this waited for it.
       and not exists (select from redemption_void as void where (void.township, void.id) = (:township, told.id))
    returning id
""")


@dataclass(frozen=True, slots=True)
class Asked:
    """A redemption as a till asks for it; tokens as their digests."""

    device: bytes
    shift: bytes
    id: UUID
    card: bytes
    wanted: wire.Redemption


@dataclass(slots=True)
class _Waiting:
    asked: Asked
    answer: asyncio.Future[wire.Receipt | None]


@dataclass(frozen=True, slots=True)
class _Plain:
    """A redemption in which everything is as the till believed."""

    asked: Asked
    device: Device
    duty: OnDuty
    place: str
    household: Holder
    lines: list[wire.ReceiptLine]

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)

    @property
    def own(self) -> AccountId:
        return accounts.household(self.household.code).id

    @property
    def escrow(self) -> AccountId:
        return accounts.escrow(self.household.code, self.device.id, self.device.epoch).id

    @property
    def shelves(self) -> list[tuple[AccountId, int]]:
        return [(accounts.shelf(self.device.supermarket, line.product).id, line.quantity) for line in self.lines]


@dataclass(frozen=True, slots=True)
class _Booked:
    plain: _Plain
    leased: int
    receipt: wire.Receipt


class Unforeseen(Exception):
    """One of a batch was refused by the books after all: nothing of the batch stays."""


class RedemptionQueue:
    """Where redemptions wait for their turn. `run` serves them, for as long as the application runs."""

    def __init__(self, town: Town, most_waiting: int = MOST_WAITING) -> None:
        self.town = town
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(most_waiting)

    async def redeem(self, device: str, shift: str, id: UUID, wanted: wire.Redemption) -> wire.Receipt | None:
        """The receipt, or None for what is no plain case or finds no room: then nothing has happened yet, or the
        answer is known already, and `use_cases.redeem` goes on."""
        if not device or wanted.collector or self._queue.full():
            return None
        try:
            card = digest(parse(wanted.card))
        except MalformedCard:
            return None
        asked = Asked(secret_digest(device), secret_digest(shift), id, card, wanted)
        waiting = _Waiting(asked, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.answer

    def require_room(self) -> None:
        """Raises Refused: busy."""
        if self._queue.full():
            raise Refused("busy", "现在兑换的人太多，请稍候，会自动再试。")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._serve())

    async def _serve(self) -> None:
        while True:
            batch = await self._next()
            receipts: dict[UUID, wire.Receipt] = {}
            try:
                receipts = await book(self.town, [waiting.asked for waiting in batch])
            except Exception as error:
                # Each on its own: whose fault it was hears it there. And whatever it was, the next are served.
                if told(error) is None and not isinstance(error, Unforeseen):
                    log.exception("a batch of redemptions failed")
            finally:
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_result(receipts.get(waiting.asked.id))

    async def _next(self) -> list[_Waiting]:
        """What waits, the first of each id, without what nobody waits for any more."""
        batch: dict[UUID, _Waiting] = {}
        waiting = await self._queue.get()
        while True:
            if waiting.asked.id in batch:
                waiting.answer.set_result(None)
            elif not waiting.answer.done():
                batch[waiting.asked.id] = waiting
            if len(batch) == AT_ONCE or self._queue.empty():
                return list(batch.values())
            waiting = self._queue.get_nowait()


async def book(town: Town, batch: Sequence[Asked]) -> dict[UUID, wire.Receipt]:
    """Book what of it is plain, in one transaction; gives the receipts. The ids in it are distinct."""
    async with town.work() as work:
        plain = await _plain(work, batch)
        if not plain:
            return {}
        booked = await _covered(work, plain)
        if not booked:
            return {}
        values = {
            "township": work.township,
            "now": work.now,
            "transactions": encoded([each for one in booked for each in _transactions(one)]),
            "rows": encoded([_row(one) for one in booked]),
        }
        recorded = (await work.session.execute(_BOOK, values)).all()
        if len(recorded) < len(booked):
            raise Unforeseen
    return {one.receipt.id: one.receipt for one in booked}


async def _plain(work: Work, batch: Sequence[Asked]) -> list[_Plain]:
    asked = {
        "township": work.township,
        "devices": [each.device for each in batch],
        "shifts": [each.shift for each in batch],
        "ids": [each.id for each in batch],
        "cards": [each.card for each in batch],
    }
    callers = (await work.session.execute(_ASKED, asked)).all()
    wanted = {(caller.supermarket, line.product) for caller in callers for line in batch[caller.n].wanted.lines}
    places = {
        "township": work.township,
        "now": work.now,
        "supermarkets": [supermarket for supermarket, _ in wanted],
        "products": [product for _, product in wanted],
    }
    goods: defaultdict[str, dict[str, booking.Priced]] = defaultdict(dict)
    for row in await work.session.execute(_GOODS, places):
        goods[row.supermarket][row.code] = row
    plain = []
    for caller in callers:
        asking = batch[caller.n]
        try:
            lines = booking.priced(asking.wanted.lines, goods[caller.supermarket])
        except Refused:
            continue
        device = Device(caller.kiosk, caller.supermarket, caller.epoch)
        duty = OnDuty(caller.attendant, caller.attendant_name, caller.shift)
        household = Holder(caller.household, caller.code, caller.head, caller.village, "")
        one = _Plain(asking, device, duty, caller.place, household, lines)
        if caller.pin_above is None or one.points <= caller.pin_above:
            plain.append(one)
    return plain


async def _covered(work: Work, plain: Sequence[_Plain]) -> list[_Booked]:
    """Those whose points and goods are there, with their receipts. From here on the balances are ours."""
    touched = {account for one in plain for account in (one.own, one.escrow, *(shelf for shelf, _ in one.shelves))}
    balances = await work.books.lock(list(touched))
    left = {account: balance.available for account, balance in balances.items()}
    booked = []
    for one in plain:
        own, held = left.get(one.own, 0), left.get(one.escrow, 0)
        leased = booking.from_lease(one.points, own, one.asked.wanted.leased, held)
        if own + leased < one.points or any(left.get(shelf, 0) < pieces for shelf, pieces in one.shelves):
            continue
        left[one.own], left[one.escrow] = own + leased - one.points, held - leased
        for shelf, pieces in one.shelves:
            left[shelf] -= pieces
        here = left[one.own] + (left[one.escrow] if one.asked.wanted.leased else 0)
        receipt = booking.receipt(
            one.asked.id, one.place, one.duty, one.household, one.lines, balance=here, leased=leased, at=work.now
        )
        booked.append(_Booked(one, leased, receipt))
    return booked


def _transactions(booked: _Booked) -> list[Transaction]:
    one = booked.plain
    return booking.transactions(
        one.asked.id, one.device, one.duty.attendant, one.household, one.lines, booked.leased, None
    )


def _row(booked: _Booked) -> dict[str, Any]:
    one = booked.plain
    return {
        "id": one.asked.id,
        "supermarket": one.device.supermarket,
        "kiosk": one.device.id,
        "attendant": one.duty.attendant,
        "household": one.household.id,
        "request": booking.content(one.device.id, one.asked.card, one.asked.wanted.lines, b"").hex(),
        "receipt": booked.receipt,
        "leased": booked.leased,
        "shift": one.duty.shift,
    }
