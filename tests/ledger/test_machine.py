"""Any interleaving of post, pend, settle, correct, retry, close and expire gives what the model gives, now and as
of any past moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from ledger.books import Books
from ledger.transactions import (
    Account,
    AccountId,
    Balance,
    ClosingStatus,
    Phase,
    PostingResult,
    Timeline,
    TownshipId,
    Transaction,
    TransactionId,
    Transfer,
    UnitKind,
)
from ledger.verify import verify
from tests.databases import Clone
from tests.ledger.conftest import NOW
from tests.ledger.model import LARGEST, Model
from tests.profile import many

pytestmark = pytest.mark.slow

T = TypeVar("T")

NOWHERE = AccountId(UUID(int=0))
UNITS = {"points": UnitKind.POINTS, "goods:soap": UnitKind.GOODS}
MINIMA: list[int | None] = [None, 0, -20]
AMOUNTS = st.one_of(st.integers(1, 30), st.sampled_from([0, -1, LARGEST, LARGEST + 1, 2**63, 10**30]))
INSTANT = timedelta(microseconds=1)
MOSTLY_GOOD = st.integers(0, 9).map(lambda n: n > 0)
SUMS = "select sum(amount) from ledger.entry where township = :t and not pending group by unit"

# A township for each run keeps the runs apart in one database.
_townships = count(1)


class BooksMachine(RuleBasedStateMachine):
    def __init__(self, url: URL) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.engine = create_async_engine(url, pool_size=1)
        self.township = TownshipId(next(_townships))
        self.model = Model()
        self.ids = count(1)
        self.now = NOW

    def books(self, use: Callable[[Books], Coroutine[Any, Any, T]]) -> T:
        async def committed() -> T:
            async with self.engine.begin() as connection:
                return await use(Books(connection, self.township))

        return self.runner.run(committed())

    def teardown(self) -> None:
        async def faults() -> list[str]:
            async with self.engine.connect() as connection:
                return [str(d) async for d in verify(connection, self.township)]

        try:
            assert self.runner.run(faults()) == []
        finally:
            self.runner.run(self.engine.dispose())
            self.runner.close()

    @initialize()
    def begin(self) -> None:
        for unit in UNITS:
            for minimum in MINIMA:
                self.open(unit, minimum)

    @precondition(lambda self: len(self.model.accounts) < 10)
    @rule(unit=st.sampled_from(list(UNITS)), minimum=st.sampled_from(MINIMA))
    def open(self, unit: str, minimum: int | None) -> None:
        account = Account(f"a{len(self.model.accounts)}", unit, UNITS[unit], minimum)
        assert self.books(lambda b: b.open_accounts([account], self.now)) == 1
        assert self.books(lambda b: b.open_accounts([account], self.now)) == 0
        self.model.open(account)

    @rule(data=st.data(), size=st.integers(1, 4))
    def post(self, data: st.DataObject, size: int) -> None:
        self.send([self.movement(data) for _ in range(size)])

    @rule(data=st.data(), unit=st.sampled_from(list(UNITS)), amount=st.integers(10, 60))
    def fill(self, data: st.DataObject, unit: str, amount: int) -> None:
        """From an account without limit to one with, so that there is something to spend."""
        accounts = [a for a in self.model.accounts.values() if a.unit == unit]
        source = next(a for a in accounts if a.minimum is None)
        target = data.draw(st.sampled_from([a for a in accounts if a.minimum is not None]))
        transfer = Transfer(source.id, target.id, unit, amount)
        self.send([Transaction(self.new_id(), "fill", Phase.POSTED, (transfer,))])

    @precondition(lambda self: self.model.accepted)
    @rule(data=st.data(), size=st.integers(1, 3))
    def settle(self, data: st.DataObject, size: int) -> None:
        self.send([self.settlement(data) for _ in range(size)])

    @precondition(lambda self: self.model.accepted)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """Earlier ones again, some with other content, among new ones."""
        accepted = [a.asked for a in self.model.accepted.values()]
        again = data.draw(st.lists(st.sampled_from(accepted), min_size=1, max_size=4))
        other = [replace(t, reason=t.reason + "!") for t in again[:1]]
        self.send(data.draw(st.permutations([*again, *other, self.movement(data), self.settlement(data)])))

    @rule(data=st.data())
    def pend_and_settle_at_once(self, data: st.DataObject) -> None:
        pending = replace(self.movement(data), phase=Phase.PENDING, expires_at=None)
        phase = data.draw(st.sampled_from([Phase.POST, Phase.VOID]))
        self.send([pending, Transaction.settle(pending.id, phase, kind="test", person="zhao")])

    @precondition(lambda self: len(self.model.closed) < 2)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        account = data.draw(st.sampled_from([*self.model.accounts, NOWHERE]))
        closed = self.books(lambda b: b.close_account(account, self.now, person="li", reason="迁出"))
        assert closed == (account in self.model.accounts and account not in self.model.closed)
        if closed:
            self.model.closed.add(account)

    @rule(hours=st.integers(-5, 30))
    def time_moves(self, hours: int) -> None:
        """Also back, as a clock does that was wrong."""
        self.now += timedelta(hours=hours)

    @rule()
    def expire(self) -> None:
        assert self.books(lambda b: b.release_expired(self.now, limit=1000)) == self.model.due(self.now)
        self.model.release_expired(self.now)

    @rule(hours=st.integers(-50, 5), summed=st.booleans())
    def close_period(self, hours: int, summed: bool) -> None:
        until = self.now + timedelta(hours=hours)
        closed = self.books(lambda b: b.close_period(until, self.now, person="li", reason="月结"))
        assert closed is self.model.close_period(until, self.now)
        if summed and closed is ClosingStatus.OK:
            self.books(lambda b: b.checkpoint(until))
            assert self.books(lambda b: b.checkpoint(until)) == 0

    @precondition(lambda self: self.model.accepted)
    @rule(data=st.data(), timeline=st.sampled_from(list(Timeline)))
    def look_back(self, data: st.DataObject, timeline: Timeline) -> None:
        moments = {a.at(t) for a in self.model.accepted.values() for t in Timeline}
        at = data.draw(st.sampled_from(sorted(moments))) - data.draw(st.sampled_from([timedelta(0), INSTANT]))
        accounts = list(self.model.accounts)
        told = self.books(lambda b: b.read_balances_at(accounts, at, timeline))
        assert told == {a: self.model.balance(a, at, timeline) for a in accounts}

    @invariant()
    def balances_are_the_models(self) -> None:
        async def read(books: Books) -> tuple[dict[AccountId, Balance], list[int]]:
            sums = await books._connection.execute(text(SUMS), {"t": self.township})
            return await books.read_balances(list(self.model.accounts)), list(sums.scalars())

        kept, sums = self.books(read)
        assert kept == {account: self.model.balance(account) for account in self.model.accounts}
        assert not any(sums), "a unit that doesn't sum to zero"
        for account, balance in kept.items():
            minimum = self.model.accounts[account].minimum
            assert minimum is None or balance.available >= minimum

    def send(self, batch: list[Transaction]) -> None:
        expected = [self.model.post(t, self.now) for t in batch]
        answered = self.books(lambda b: b.post(batch, self.now))
        # Which of several unknown or closed accounts is named doesn't matter.
        assert [_told(p) for p in answered] == [_told(p) for p in expected], batch

    def new_id(self) -> TransactionId:
        return TransactionId(UUID(int=next(self.ids)))

    def movement(self, data: st.DataObject) -> Transaction:
        """Points and goods in any mixture, mostly well formed."""
        phase = data.draw(st.sampled_from([Phase.POSTED, Phase.PENDING]))
        transfers = tuple(self.transfer(data) for _ in range(data.draw(st.integers(1, 3))))
        expires = phase is Phase.PENDING if data.draw(MOSTLY_GOOD) else True
        return Transaction(
            id=self.new_id(),
            kind="test",
            phase=phase,
            transfers=transfers if data.draw(MOSTLY_GOOD) else (),
            person="wang",
            effective_at=data.draw(st.sampled_from([None, self.now, self.now - timedelta(days=3)])),
            expires_at=self.expiry(data) if expires else None,
            metadata={"n": data.draw(st.sampled_from([1, 1.5, "好", None, [], {"b": 2, "a": 1}]))},
        )

    def expiry(self, data: st.DataObject) -> datetime | None:
        hours = data.draw(st.sampled_from([None, 0, 5, 24]))
        return self.now + timedelta(hours=hours, microseconds=10) if hours is not None else None

    def transfer(self, data: st.DataObject) -> Transfer:
        unit = data.draw(st.sampled_from(list(UNITS)))
        fitting = [a.id for a in self.model.accounts.values() if a.unit == unit]
        debit, credit = data.draw(st.permutations(fitting))[:2]
        if not data.draw(MOSTLY_GOOD):
            credit = data.draw(st.sampled_from([NOWHERE, debit, *self.model.accounts]))
        return Transfer(
            debit, credit, unit, data.draw(AMOUNTS if not data.draw(MOSTLY_GOOD) else st.integers(1, 30))
        )

    def settlement(self, data: st.DataObject) -> Transaction:
        target = data.draw(st.sampled_from(list(self.model.accepted)))
        fitting = [Phase.POST, Phase.VOID] if self.model.accepted[target].asked.phase is Phase.PENDING else []
        phase = data.draw(st.sampled_from(fitting or [Phase.REVERSAL]))
        if not data.draw(MOSTLY_GOOD):
            phase = data.draw(st.sampled_from([Phase.POST, Phase.VOID, Phase.REVERSAL]))
        asked = Transaction.settle(target, phase, kind="test", person="zhao", reason="核对")
        if phase is not Phase.VOID and data.draw(st.booleans()):
            return replace(asked, id=self.new_id(), transfers=self.part(data, target, phase))
        if data.draw(MOSTLY_GOOD):
            return asked
        wrong: list[dict[str, Any]] = [
            {"target": TransactionId(UUID(int=2**100))},
            {"target": None},
            {"reason": ""},
            {"expires_at": self.now},
            {"transfers": (self.transfer(data),)},
            # Not the id that follows from the target: another try to settle the same.
            {},
        ]
        return replace(asked, id=self.new_id(), **data.draw(st.sampled_from(wrong)))

    def part(self, data: st.DataObject, target: TransactionId, phase: Phase) -> tuple[Transfer, ...]:
        """Some of what the target moved, sometimes more."""
        lanes = list(self.model.accepted[target].moves.items())
        if not lanes:
            return (self.transfer(data),)
        chosen = data.draw(st.lists(st.sampled_from(lanes), min_size=1, max_size=2))
        parts = []
        for (unit, debit, credit), amount in chosen:
            there = phase is not Phase.REVERSAL
            some = data.draw(st.integers(1, amount if data.draw(MOSTLY_GOOD) else amount + 3))
            parts.append(Transfer(debit if there else credit, credit if there else debit, unit, some))
        return tuple(parts)


def _told(posting: PostingResult) -> tuple[Any, ...]:
    named = posting.account if posting.missing else None
    return posting.status, named, posting.missing


def test_the_books_do_what_the_model_does(clone: Clone) -> None:
    run(
        lambda: BooksMachine(clone.app),
        settings=settings(
            max_examples=many(15, 300),
            stateful_step_count=30,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
