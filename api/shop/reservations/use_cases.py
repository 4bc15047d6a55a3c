"""Reserve arrived pieces for open promises, first come first served, and release them where pieces are missing.

However goods reach a shelf, they change its balance: that is what is checked, so stock documents know nothing of
promises. A pending transfer from the shelf reserves the pieces in the books. A job reserves them so that people
can be told; redemptions and new promises reserve first as well, so that nobody is overtaken between two runs.

The lock on a shelf's balance also guards its promises: whoever changes one holds it. It is taken together with all
other balances that the caller will touch, to prevent deadlocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import BindParameter, ColumnElement, literal_column, select, update
from uuid_utils.compat import uuid7

from api.platform import accounts
from api.platform.services import Services, UnitOfWork
from api.shop.reservations.tables import Promise
from ledger.transactions import Account, Phase, Transaction, TransactionId, Transfer

KIND = "promise"


def is_open(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    # Literally the condition of two indexes: with a parameter they would not be used.
    return (Promise.status == literal_column("'open'")) & (Promise.expires_at > now)


async def reserve(uow: UnitOfWork, supermarket: str, products: Sequence[str]) -> int:
    """Reserve available pieces for the promises that have waited longest; returns for how many. No promise is
    served before earlier ones: pieces that don't cover the first in line stay available. The caller holds the
    shelves' locks."""
    rows = await uow.session.execute(
        select(Promise.id, Promise.product, Promise.quantity, Promise.expires_at)
        .where(*_is_waiting(uow), Promise.supermarket == supermarket, Promise.product.in_(products))
        .order_by(Promise.product, Promise.place)
    )
    shelves = {product: accounts.shelf(supermarket, product) for product in products}
    balances = await uow.books.read_balances([shelf.id for shelf in shelves.values()])
    servable = []
    for product, promises in groupby(rows, key=lambda row: row.product):
        available = balances[shelves[product].id].available
        for promise in promises:
            available -= promise.quantity
            if available < 0:
                break
            servable.append(promise)
    if not servable:
        return 0
    batch = [_build_reservation(shelves[p.product], p.product, p.quantity, p.expires_at) for p in servable]
    served = 0
    for promise, transaction, posting in zip(servable, batch, await uow.books.post(batch, uow.now), strict=True):
        # Refused where the shelf's account was closed meanwhile.
        if posting.accepted:
            await _set_arrival(uow, promise.id, transaction.id)
            served += 1
    return served


async def release_for_shortfall(
    uow: UnitOfWork, supermarket: str, pieces: Mapping[str, int], *, person: str, reason: str
) -> None:
    """So many pieces of each product are about to leave the shelf. Where fewer are available, the latest promises
    lose their reserved pieces and wait again, at the places they had. The caller holds the shelves' locks."""
    shelves = {product: accounts.shelf(supermarket, product).id for product in pieces}
    balances = await uow.books.read_balances(list(shelves.values()))
    shortfall = {
        product: quantity - balances[shelves[product]].available
        for product, quantity in pieces.items()
        if shelves[product] in balances and quantity > balances[shelves[product]].available
    }
    if not shortfall:
        return
    rows = await uow.session.execute(
        select(Promise.id, Promise.product, Promise.quantity, Promise.arrival)
        .where(
            Promise.township == uow.township,
            is_open(uow.now),
            Promise.arrival.is_not(None),
            Promise.supermarket == supermarket,
            Promise.product.in_(shortfall),
        )
        .order_by(Promise.place.desc())
    )
    for promise in rows:
        if shortfall[promise.product] > 0:
            release = Transaction.settle(promise.arrival, Phase.VOID, kind=KIND, person=person, reason=reason)
            [posting] = await uow.books.post([release], uow.now)
            if posting.accepted:
                await _set_arrival(uow, promise.id, None)
                shortfall[promise.product] -= promise.quantity


async def reserve_arrivals(services: Services) -> int:
    """Reserve what has arrived on any shelf; returns for how many promises. Several servers may run it at once."""
    async with services.unit_of_work() as uow:
        rows = await uow.session.execute(
            select(Promise.supermarket, Promise.product).where(*_is_waiting(uow)).distinct()
        )
        shelves = {accounts.shelf(row.supermarket, row.product).id: row for row in rows}
        balances = await uow.books.read_balances(list(shelves)) if shelves else {}
    served = 0
    for id, shelf in shelves.items():
        if balances[id].available > 0:
            async with services.unit_of_work() as uow:
                await uow.books.lock_balances([id])
                served += await reserve(uow, shelf.supermarket, [shelf.product])
    return served


def _is_waiting(uow: UnitOfWork) -> tuple[ColumnElement[bool], ...]:
    return Promise.township == uow.township, is_open(uow.now), Promise.arrival.is_(None)


def _build_reservation(shelf: Account, product: str, quantity: int, until: datetime) -> Transaction:
    return Transaction(
        id=TransactionId(uuid7()),
        kind=KIND,
        phase=Phase.PENDING,
        transfers=(Transfer(shelf.id, accounts.handed_out(product).id, shelf.unit, quantity),),
        reason="到货，留给预订的户",
        expires_at=until,
    )


async def _set_arrival(uow: UnitOfWork, promise: object, arrival: TransactionId | None) -> None:
    await uow.session.execute(
        update(Promise).where(Promise.township == uow.township, Promise.id == promise).values(arrival=arrival)
    )
