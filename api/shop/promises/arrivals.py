"""Pieces for promises: set aside when they come, first come first served, and let go where they turn out missing.

Whatever brings pieces to a shelf brings them to its balance, so that is what is looked at, and no slip has to
know of promises. A pending transfer from the shelf keeps the pieces from everybody else, in the books
themselves. Upkeep sets them aside for the notice's sake; a redemption and a new promise do it first of all, so
that nobody is overtaken between two rounds of upkeep.

The lock of the shelf's balance is the lock of its promises as well: whoever changes one holds it. It comes
together with all other balances that the caller will touch, since locks taken one by one could wait for each
other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import BindParameter, ColumnElement, literal_column, select, text, update
from uuid_utils.compat import uuid7

from api.platform import accounts
from api.platform.services import Services, UnitOfWork
from api.shop.promises.tables import Promise
from ledger.transactions import Account, Phase, Transaction, TransactionId, Transfer

KIND = "promise"

_ANY_WAITING = text("""
    select exists (select from promise
                    where township = :township and supermarket = :supermarket and product = any (:products)
                      and status = 'open' and arrival is null and expires_at > :now)
""")


def is_open(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    # The condition of two indexes, which a parameter would miss.
    return (Promise.status == literal_column("'open'")) & (Promise.expires_at > now)


async def any_waiting(uow: UnitOfWork, supermarket: str, products: Sequence[str]) -> bool:
    """Whether somebody waits for one of these products: all that the usual redemption, for which nobody does,
    asks of promises."""
    asked = {"township": uow.township, "supermarket": supermarket, "products": list(products), "now": uow.now}
    return bool(await uow.session.scalar(_ANY_WAITING, asked))


async def reserve(uow: UnitOfWork, supermarket: str, products: Sequence[str]) -> int:
    """Set aside what has come for those who wait longest, and tell for how many. Nobody is served before those
    in front of them: where the pieces don't cover the first one, they stay free. The caller holds the shelves'
    locks."""
    rows = await uow.session.execute(
        select(Promise.id, Promise.product, Promise.quantity, Promise.expires_at)
        .where(*_waiting(uow), Promise.supermarket == supermarket, Promise.product.in_(products))
        .order_by(Promise.product, Promise.place)
    )
    shelves = {product: accounts.shelf(supermarket, product) for product in products}
    balances = await uow.books.read_balances([shelf.id for shelf in shelves.values()])
    wanted = []
    for product, line in groupby(rows, key=lambda row: row.product):
        left = balances[shelves[product].id].available
        for promise in line:
            left -= promise.quantity
            if left < 0:
                break
            wanted.append(promise)
    if not wanted:
        return 0
    batch = [_set_aside(shelves[p.product], p.product, p.quantity, p.expires_at) for p in wanted]
    served = 0
    for promise, transaction, posting in zip(wanted, batch, await uow.books.post(batch, uow.now), strict=True):
        # A shelf that was closed meanwhile serves nobody.
        if posting.accepted:
            await _keep(uow, promise.id, transaction.id)
            served += 1
    return served


async def release_for_shortfall(
    uow: UnitOfWork, supermarket: str, taken: Mapping[str, int], *, person: str, reason: str
) -> None:
    """So many pieces of each product are gone, whoever they were set aside for: where the rest of the shelf
    doesn't cover them, the last promises wait again, at the places they had. The caller holds the shelves'
    locks."""
    shelves = {product: accounts.shelf(supermarket, product).id for product in taken}
    balances = await uow.books.read_balances(list(shelves.values()))
    short = {
        product: pieces - balances[shelves[product]].available
        for product, pieces in taken.items()
        if shelves[product] in balances and pieces > balances[shelves[product]].available
    }
    if not short:
        return
    rows = await uow.session.execute(
        select(Promise.id, Promise.product, Promise.quantity, Promise.arrival)
        .where(
            Promise.township == uow.township,
            is_open(uow.now),
            Promise.arrival.is_not(None),
            Promise.supermarket == supermarket,
            Promise.product.in_(short),
        )
        .order_by(Promise.place.desc())
    )
    for promise in rows:
        if short[promise.product] > 0:
            let_go = Transaction.settle(promise.arrival, Phase.VOID, kind=KIND, person=person, reason=reason)
            [posting] = await uow.books.post([let_go], uow.now)
            if posting.accepted:
                await _keep(uow, promise.id, None)
                short[promise.product] -= promise.quantity


async def serve(services: Services) -> int:
    """Set aside what has come on any shelf; returns for how many promises. Several servers may do it at once."""
    async with services.unit_of_work() as uow:
        found = await uow.session.execute(
            select(Promise.supermarket, Promise.product).where(*_waiting(uow)).distinct()
        )
        shelves = {accounts.shelf(row.supermarket, row.product).id: row for row in found}
        balances = await uow.books.read_balances(list(shelves)) if shelves else {}
    served = 0
    for id, shelf in shelves.items():
        if balances[id].available > 0:
            async with services.unit_of_work() as uow:
                await uow.books.lock_balances([id])
                served += await reserve(uow, shelf.supermarket, [shelf.product])
    return served


def _waiting(uow: UnitOfWork) -> tuple[ColumnElement[bool], ...]:
    return Promise.township == uow.township, is_open(uow.now), Promise.arrival.is_(None)


def _set_aside(shelf: Account, product: str, quantity: int, until: datetime) -> Transaction:
    return Transaction(
        id=TransactionId(uuid7()),
        kind=KIND,
        phase=Phase.PENDING,
        transfers=(Transfer(shelf.id, accounts.handed_out(product).id, shelf.unit, quantity),),
        reason="到货，留给预订的户",
        expires_at=until,
    )


async def _keep(uow: UnitOfWork, promise: object, arrival: TransactionId | None) -> None:
    await uow.session.execute(
        update(Promise).where(Promise.township == uow.township, Promise.id == promise).values(arrival=arrival)
    )
