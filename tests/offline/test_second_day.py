"""A second day of sales: two live tills of one supermarket, one of them dishonest. Whatever its machine signs, the
household spends what it has at the honest one, and books, shelf and household agree to the point."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.platform import accounts
from api.shop.holdings.recalls import LIFETIME
from api.wire.till_journal import VoidEntry
from kiosk.client import Client
from kiosk.counter import Counter
from kiosk.store.facade import Store
from ledger.transactions import Phase, Transaction, TransactionId, Transfer
from ledger.verify import verify
from tests.api.shop.holdings.conftest import ask, read_recalls, return_all
from tests.api.shop.offline import till as journal
from tests.api.shop.offline.test_exceptions import listed
from tests.api.shop.offline.test_plausibility import LIES
from tests.api.shop.offline.till import add_till, end_enrolment, read_account, read_escrow, read_shelf
from tests.conftest import LiveTown
from tests.kiosk.conftest import enrol_store
from tests.kiosk.test_two_tills import PROMPT
from tests.profile import many

pytestmark = pytest.mark.slow

ROUNDS = many(1, 10)
"""In each every lie is told once."""
PIECES = 2000


@dataclass
class Day:
    """`spent` and `pieces` of soap: what was really handed over and is booked."""

    town: LiveTown
    honest: Counter
    liar: journal.Till
    household: UUID
    spent: int = 0
    soap: int = 0
    lies: int = 0
    recalls: int = 0

    async def sell(self, *products: str) -> None:
        """At the honest till; where it needs what the other one holds, that returns it."""
        counter = self.honest
        await ask(self.liar)
        await counter.cards.look_up(self.town.card)
        for product in products:
            counter.session.add(next(item for item in counter.session.shelf if item.product == product))
        counter.confirm()
        wanted = asyncio.Event()
        settling = asyncio.create_task(counter.settle(wanted.set))
        waiting = asyncio.create_task(wanted.wait())
        await asyncio.wait((settling, waiting), return_when=asyncio.FIRST_COMPLETED)
        if not settling.done():
            self.recalls += 1
            await return_all(self.liar)
        stored = await settling
        waiting.cancel()
        self.spent += stored.receipt.points
        self.soap += products.count("soap")
        assert stored.receipt.balance == await self.count_left()

    async def sell_by_liar(self) -> None:
        """Also a liar sells honestly, without the network, as long as it holds something."""
        if await read_escrow(self.town, self.liar, "hp-1") < 5:
            return
        self.liar.write_sale(self.town.card, self.household, ("soap", 1), leased=5)
        assert await self.liar.settle_last() == ("settled", "")
        self.spent += 5
        self.soap += 1

    async def lie(self, name: str) -> None:
        before = await self.count_left()
        write, _ = LIES[name]
        write(self.liar, self.household)
        assert (await self.liar.settle_last())[0] == "exception"
        assert await self.count_left() == before
        self.lies += 1

    async def count_left(self) -> int:
        """All that the household has."""
        places = [await read_escrow(self.town, self.liar, "hp-1"), await read_account(self.town, "household:hp-1")]
        enrolment = self.honest.store.enrolments.required
        own = accounts.escrow("hp-1", enrolment.kiosk, enrolment.epoch).name
        return sum(places) + await read_account(self.town, own)


async def move(town: LiveTown, kind: str, debit: accounts.Account, credit: accounts.Account, amount: int) -> None:
    transfer = Transfer(debit.id, credit.id, debit.unit, amount)
    moved = Transaction(TransactionId(uuid7()), kind, Phase.POSTED, (transfer,), person="test", reason="测试")
    async with town.town.unit_of_work() as uow:
        [posting] = await uow.books.post([moved], uow.now)
    assert posting.accepted


@pytest.fixture
async def day(town: LiveTown, tmp_path: Path) -> AsyncIterator[Day]:
    for product in ("soap", "laundry"):
        await move(town, "restock", accounts.supply(product), accounts.shelf("hp", product), PIECES)
    liar = await add_till(town, "东台")
    await liar.sign_in()
    await liar.settle()
    async with Client(town.url) as client:
        with Store(tmp_path / "honest", town.clock.now) as store:
            enrol_store(store, town.url, town.kiosk)
            counter = Counter(store, client, PROMPT)
            await counter.shifts.sign_in(town.pin)
            household = (await liar.view_card(town.card)).household
            yield Day(town, counter, liar, household)


async def test_a_day_with_two_tills_one_of_them_dishonest(day: Day) -> None:
    town, liar = day.town, day.liar
    awarded = 100
    stock = await read_shelf(town, "soap")
    for name in list(LIES) * ROUNDS:
        await share(day)
        await day.lie(name)
        await day.sell_by_liar()
        await day.sell("soap", "laundry", "laundry", "laundry")
        assert await day.count_left() == awarded - day.spent
        await move(town, "award", accounts.ISSUING, accounts.household("hp-1"), 70)
        awarded += 70
    assert day.recalls > len(LIES) // 2
    # It returns more than it holds, and twice what it is asked for.
    await share(day)
    held = await read_escrow(town, liar, "hp-1")
    assert held > 0
    liar.write_return(day.household, held + 1000)
    liar.write_return(day.household, held)
    await liar.settle()
    assert await read_escrow(town, liar, "hp-1") == 0
    assert await day.count_left() == awarded - day.spent
    await _void_anothers_sale(day)
    # All that is left, at the honest one, in two goes: what the other one holds is recalled.
    await share(day)
    await day.sell(*["laundry"] * ((awarded - day.spent) // 20))
    assert await day.count_left() == awarded - day.spent < 20
    assert await read_recalls(liar) == {}
    # It goes on as two machines: what the second one tells is kept, and counts for nothing.
    twin = liar.clone()
    liar.write_return(day.household, 1)
    twin.write_sale(town.card, day.household, ("soap", 1), leased=5)
    await liar.settle()
    assert (await twin.settle_statuses())[-1] == "fork"
    await end_enrolment(town, liar)
    await day.honest.sync.catch_up()
    await _agree(day, awarded, stock)


async def share(day: Day) -> None:
    """Both hold something of what the household has, now that no recall is fresh any more."""
    day.town.clock.travel(day.town.clock.now() + LIFETIME)
    await day.honest.sync.catch_up()
    await day.liar.renew()


async def _void_anothers_sale(day: Day) -> None:
    [latest, *_] = day.honest.store.redemptions.list_voidable()
    liar, before = day.liar, await day.count_left()
    liar.write(
        VoidEntry(at=liar.at, id=latest.receipt.id, shift=liar.shift, attendant=liar.attendant, reason="拿错了")
    )
    assert (await liar.settle_last())[0] == "exception"
    assert await day.count_left() == before
    day.lies += 1


async def _agree(day: Day, awarded: int, stock: int) -> None:
    town = day.town
    assert await day.count_left() == awarded - day.spent
    assert stock - await read_shelf(town, "soap") == day.soap
    exceptions: Any = await listed(town)
    # The fork waits, too.
    assert len(exceptions["waiting"]) + exceptions["more"] == day.lies + 1
    async with town.town.unit_of_work() as uow:
        assert [fault async for fault in verify(await uow.session.connection(), uow.township)] == []
