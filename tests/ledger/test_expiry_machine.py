"""Any interleaving of earning, spending, holding, correcting and expiring leaves what the lots say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from ledger.books import Books
from ledger.expiries import AccountScope, Expiries
from ledger.expiry import Policy, PolicyKind, expiry_id, find_latest_boundary, iter_upcoming_boundaries
from ledger.transactions import (
    Account,
    AccountId,
    Phase,
    Status,
    TownshipId,
    Transaction,
    TransactionId,
    Transfer,
    UnitKind,
)
from ledger.verify import verify
from tests.databases import Clone
from tests.ledger.conftest import NOW, SHANGHAI
from tests.ledger.lots import Lots
from tests.profile import many

pytestmark = pytest.mark.slow

T = TypeVar("T")

ISSUING = Account("issuing", "points", UnitKind.POINTS)
TILL = Account("till", "points", UnitKind.POINTS)
EXPIRED = Account("expired", "points", UnitKind.POINTS)
HOUSEHOLDS = [Account(f"household:{n}", "points", UnitKind.POINTS, minimum=0) for n in range(2)]
# Of the same unit and with a limit, but nobody's savings.
ESCROW = Account("escrow:1", "points", UnitKind.POINTS, minimum=0)
SCOPE = AccountScope("points", "household:")
POLICIES_SINCE = (NOW - timedelta(days=200)).date()

_townships = count(1000)


@dataclass
class Moved:
    """A transaction in the books, and how much of it a correction hasn't moved back."""

    id: TransactionId
    debit: Account
    credit: Account
    left: int


class ExpiryMachine(RuleBasedStateMachine):
    def __init__(self, url: URL) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.engine = create_async_engine(url, pool_size=1)
        self.township = TownshipId(next(_townships))
        self.lots = {account.id: Lots() for account in HOUSEHOLDS}
        self.moved: list[Moved] = []
        self.holds: list[Moved] = []
        self.awards: list[Moved] = []
        self.taken: set[tuple[AccountId, datetime]] = set()
        self.ids = count(1)
        self.now = NOW

    def work(self, use: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def committed() -> T:
            async with self.engine.begin() as connection:
                return await use(connection)

        return self.runner.run(committed())

    def teardown(self) -> None:
        async def faults(connection: AsyncConnection) -> list[str]:
            return [str(d) async for d in verify(connection, self.township)]

        try:
            assert self.work(faults) == []
        finally:
            self.runner.run(self.engine.dispose())
            self.runner.close()

    @initialize(months=st.sampled_from([None, 1, 2, 3]))
    def begin(self, months: int | None) -> None:
        self.policies = [Policy(POLICIES_SINCE, PolicyKind.ROLLING if months else PolicyKind.YEAR_END, months)]
        accounts = [ISSUING, TILL, EXPIRED, ESCROW, *HOUSEHOLDS]
        self.work(lambda c: Books(c, self.township).open_accounts(accounts, self.now))
        self.send(self.movement(ISSUING, ESCROW, 50, self.now - timedelta(days=180)))
        for account in HOUSEHOLDS:
            self.award(account, 20, 100)
            self.award(account, 10, 20)

    @rule(account=st.sampled_from(HOUSEHOLDS), points=st.integers(1, 20), days=st.integers(0, 150))
    def award(self, account: Account, points: int, days: int) -> None:
        """Sometimes for a deed of long ago."""
        earned_at = self.now - timedelta(days=days)
        award = self.movement(ISSUING, account, points, earned_at)
        assert self.send(award) is Status.OK
        self.lots[account.id].earn(award.id, earned_at, points)
        self.moved.append(Moved(award.id, ISSUING, account, points))

    @rule(account=st.sampled_from(HOUSEHOLDS), points=st.integers(1, 20))
    def announce(self, account: Account, points: int) -> None:
        award = replace(self.movement(ISSUING, account, points), phase=Phase.PENDING)
        assert self.send(award) is Status.OK
        self.awards.append(Moved(award.id, ISSUING, account, points))

    @precondition(lambda self: self.awards)
    @rule(data=st.data())
    def post_announced(self, data: st.DataObject) -> None:
        """It is earned on the day it posts."""
        award = self.awards.pop(data.draw(st.integers(0, len(self.awards) - 1)))
        post = self.settlement(award, Phase.POST)
        assert self.send(post) is Status.OK
        self.lots[award.credit.id].earn(post.id, self.now, award.left)
        self.moved.append(replace(award, id=post.id))

    @rule(data=st.data(), account=st.sampled_from(HOUSEHOLDS), points=st.integers(1, 25))
    def spend(self, data: st.DataObject, account: Account, points: int) -> None:
        to = data.draw(st.sampled_from([TILL, TILL, *(h for h in HOUSEHOLDS if h is not account)]))
        spending = self.movement(account, to, points)
        lots = self.lots[account.id]
        accepted = lots.available >= points
        assert self.send(spending) is (Status.OK if accepted else Status.INSUFFICIENT)
        if accepted:
            lots.spend(points)
            if to is not TILL:
                self.lots[to.id].earn(spending.id, self.now, points)
            self.moved.append(Moved(spending.id, account, to, points))

    @rule(account=st.sampled_from(HOUSEHOLDS), points=st.integers(1, 15))
    def hold(self, account: Account, points: int) -> None:
        hold = replace(self.movement(account, TILL, points), phase=Phase.PENDING)
        accepted = self.lots[account.id].available >= points
        assert self.send(hold) is (Status.OK if accepted else Status.INSUFFICIENT)
        if accepted:
            self.lots[account.id].held += points
            self.holds.append(Moved(hold.id, account, TILL, points))

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        hold = self.holds.pop(data.draw(st.integers(0, len(self.holds) - 1)))
        points = data.draw(st.integers(0, hold.left))
        settled = self.settlement(hold, Phase.POST if points else Phase.VOID)
        part = (Transfer(hold.debit.id, hold.credit.id, "points", points),) if points < hold.left else ()
        assert self.send(replace(settled, transfers=part if points else ())) is Status.OK
        lots = self.lots[hold.debit.id]
        lots.held -= hold.left
        if points:
            lots.spend(points)
            self.moved.append(replace(hold, id=settled.id, left=points))

    @precondition(lambda self: self.moved)
    @rule(data=st.data())
    def correct(self, data: st.DataObject) -> None:
        """An award, a spending or an expiry, whole or in part."""
        moved = data.draw(st.sampled_from(self.moved))
        points = data.draw(st.one_of(st.just(moved.left), st.integers(1, moved.left)))
        back = Transfer(moved.credit.id, moved.debit.id, "points", points)
        reversal = replace(self.settlement(moved, Phase.REVERSAL), id=self.new_id(), transfers=(back,))
        giver = self.lots.get(moved.credit.id)
        accepted = giver is None or giver.available >= points
        assert self.send(reversal) is (Status.OK if accepted else Status.INSUFFICIENT)
        if not accepted:
            return
        if giver is not None:
            giver.shrink(moved.id, points)
        if moved.debit.id in self.lots:
            self.lots[moved.debit.id].give_back(points)
        moved.left -= points
        if not moved.left:
            self.moved.remove(moved)

    @rule(days=st.integers(1, 60))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def expire(self) -> None:
        boundary = find_latest_boundary(self.policies, self.now.astimezone(SHANGHAI).date(), SHANGHAI)
        if boundary is None:
            return

        async def all_of_them(connection: AsyncConnection) -> dict[AccountId, int]:
            expiries, taken, after = Expiries(connection, self.township), {}, None
            while True:
                done = await expiries.expire(
                    SCOPE, boundary, after, 1, self.now, into=EXPIRED.id, person="zhao", reason="到期"
                )
                taken |= done.amounts
                after = done.next_after
                if after is None:
                    return taken

        expected = self.up(boundary.cutoff)
        assert self.work(all_of_them) == expected
        for account in HOUSEHOLDS:
            points = expected.get(account.id)
            if points:
                self.lots[account.id].spend(points)
                self.taken.add((account.id, boundary.cutoff))
                self.moved.append(Moved(expiry_id(account.id, boundary.cutoff), account, EXPIRED, points))
        assert self.work(all_of_them) == {}

    @invariant()
    def what_is_up_is_what_the_lots_say(self) -> None:
        today = self.now.astimezone(SHANGHAI).date()
        reached = find_latest_boundary(self.policies, today, SHANGHAI)
        coming = [
            b for b, _ in zip(iter_upcoming_boundaries(self.policies, today, SHANGHAI), range(3), strict=False)
        ]
        cutoffs = [b.cutoff for b in (reached, *coming) if b is not None]
        accounts = list(self.lots)
        told = self.work(lambda c: Expiries(c, self.township).read_expirable(accounts, cutoffs))
        assert told == {(a, cutoff): n for cutoff in cutoffs for a, n in self.up(cutoff).items()}

    def up(self, cutoff: datetime) -> dict[AccountId, int]:
        amounts = {a: lots.up(cutoff) for a, lots in self.lots.items() if (a, cutoff) not in self.taken}
        return {account: points for account, points in amounts.items() if points > 0}

    def send(self, asked: Transaction) -> Status:
        [posting] = self.work(lambda c: Books(c, self.township).post([asked], self.now))
        return posting.status

    def new_id(self) -> TransactionId:
        return TransactionId(UUID(int=next(self.ids)))

    def movement(
        self, debit: Account, credit: Account, points: int, effective_at: datetime | None = None
    ) -> Transaction:
        transfer = Transfer(debit.id, credit.id, "points", points)
        return Transaction(self.new_id(), "test", Phase.POSTED, (transfer,), effective_at=effective_at)

    def settlement(self, of: Moved, phase: Phase) -> Transaction:
        return Transaction.settle(of.id, phase, kind="test", person="zhao", reason="核对")


def test_points_expire_lot_by_lot(clone: Clone) -> None:
    run(
        lambda: ExpiryMachine(clone.app),
        settings=settings(
            max_examples=many(15, 300),
            stateful_step_count=40,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
