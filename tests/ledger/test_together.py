"""A batch posted as a whole and one transaction after another: the same answers, the same books."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from uuid_utils.compat import uuid7

from api.platform.database.embedded import Embedded
from ledger.books import Books
from ledger.transactions import Account, Phase, Status, Transaction, TransactionId, Transfer, UnitKind
from ledger.verify import verify
from tests.databases import EMPTY, Clone, cloned
from tests.ledger.conftest import ACCOUNTS, HOUSEHOLD, ISSUING, NEIGHBOUR, NOW, SHELF, SUPPLY, TILL, TOWNSHIP, move
from tests.profile import many

pytestmark = pytest.mark.slow

CLOSED = Account("closed", "points", UnitKind.POINTS, minimum=0)
UNKNOWN = Account("unknown", "points", UnitKind.POINTS, minimum=0)
EARLIER = [move(ISSUING, HOUSEHOLD, 20), move(ISSUING, NEIGHBOUR, 5), move(SUPPLY, SHELF, 3)]
CLOSED_UNTIL = NOW - timedelta(days=14)

transfers = st.builds(
    lambda pair, amount: Transfer(pair[0].id, pair[1].id, pair[0].unit, amount),
    st.one_of(
        st.permutations([ISSUING, TILL, HOUSEHOLD, NEIGHBOUR]).map(lambda accounts: accounts[:2]),
        st.permutations([SUPPLY, SHELF]),
        # Units that don't fit, one account twice, accounts that are closed or were never opened.
        st.sampled_from([(HOUSEHOLD, SHELF), (TILL, TILL), (CLOSED, TILL), (TILL, UNKNOWN), (UNKNOWN, CLOSED)]),
    ),
    st.one_of(st.integers(1, 6), st.sampled_from([0, -1, 10**15, 10**15 + 1])),
)
transactions = st.builds(
    Transaction,
    id=st.builds(lambda: TransactionId(uuid7())),
    kind=st.just("test"),
    phase=st.sampled_from([Phase.POSTED, Phase.POSTED, Phase.PENDING]),
    transfers=st.lists(transfers, max_size=3).map(tuple),
    person=st.sampled_from(["", "赵"]),
    effective_at=st.sampled_from(
        [None, None, CLOSED_UNTIL + timedelta(days=1), CLOSED_UNTIL - timedelta(days=1), NOW + timedelta(1)]
    ),
    expires_at=st.sampled_from([None, None, NOW + timedelta(days=1), NOW - timedelta(days=1)]),
    metadata=st.sampled_from([{}, {"note": "院子“净”", "n": 1}]),
)


@st.composite
def batches(draw: st.DrawFn) -> list[Transaction]:
    """Transactions of which some were posted before, and some have an id that was taken for something else."""
    batch = draw(st.lists(transactions, min_size=1, max_size=12))
    known = draw(st.lists(st.sampled_from(EARLIER), max_size=2))
    taken = [
        replace(t, id=e.id)
        for t, e in draw(st.lists(st.tuples(transactions, st.sampled_from(EARLIER)), max_size=1))
    ]
    twice = draw(st.lists(st.sampled_from(batch), max_size=1))
    return draw(st.permutations([*batch, *known, *taken, *twice]))


TOGETHER = "select * from ledger.post(:township, cast(:items as jsonb), :now)"
ONE_BY_ONE = "select * from ledger.post_one_by_one(:township, cast(:items as jsonb), :now, :closed_until)"
WRITTEN = (
    "select township, id, kind, phase, person, reason, effective_at, recorded_at, expires_at, deferred_from,"
    " metadata, content from ledger.transaction order by id",
    "select * from ledger.transfer order by transaction, ordinal",
    "select * from ledger.balance order by account",
)


@dataclass
class Tried:
    """The same books for every try: what one writes is forgotten."""

    clone: Clone
    runner: asyncio.Runner

    def post(self, statement: str, batch: list[Transaction]) -> list[list[Any]]:
        """The answers, and what the books hold then."""
        return self.runner.run(self._post(statement, batch))

    async def _post(self, statement: str, batch: list[Transaction]) -> list[list[Any]]:
        engine = create_async_engine(self.clone.owner, poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.execute(text("set local search_path = ledger"))
            asked = {"township": TOWNSHIP, "items": msgspec.json.encode(batch).decode(), "now": NOW}
            asked["closed_until"] = CLOSED_UNTIL
            answers = (await connection.execute(text(statement), asked)).all()
            written = [(await connection.execute(text(rows))).all() for rows in WRITTEN]
            assert [d async for d in verify(connection, TOWNSHIP)] == []
            await connection.rollback()
        return [list(answers), *map(list, written)]


@pytest.fixture(scope="module")
def tried(server: Embedded) -> Iterator[Tried]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        clone = runner.run(stack.enter_async_context(cloned(server, EMPTY)))
        try:
            runner.run(_story(clone))
            yield Tried(clone, runner)
        finally:
            runner.run(stack.aclose())


async def _story(clone: Clone) -> None:
    engine = create_async_engine(clone.app, poolclass=NullPool)
    async with engine.begin() as connection:
        books = Books(connection, TOWNSHIP)
        await books.open_accounts([*ACCOUNTS, CLOSED], NOW)
        await books.post(EARLIER, CLOSED_UNTIL - timedelta(days=3))
        await books.close_account(CLOSED.id, NOW, person="li", reason="迁出")
        await books.close_period(CLOSED_UNTIL, NOW, person="li", reason="月结")


@given(batch=batches())
@settings(max_examples=many(60, 1_500), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_as_a_whole_or_one_by_one_it_is_the_same(tried: Tried, batch: list[Transaction]) -> None:
    assert tried.post(TOGETHER, batch) == tried.post(ONE_BY_ONE, batch)


def test_an_account_that_only_its_neighbours_make_short_is_judged_in_their_order(tried: Tried) -> None:
    batch = [
        move(HOUSEHOLD, TILL, 15),
        move(HOUSEHOLD, TILL, 6),
        move(ISSUING, HOUSEHOLD, 1),
        move(HOUSEHOLD, TILL, 6),
    ]
    answers = tried.post(TOGETHER, batch)[0]
    assert [status for _, status, _ in answers] == ["ok", "insufficient", "ok", "ok"]
    assert answers[1].detail == {"account": str(HOUSEHOLD.id), "missing": 1}


def test_three_thousand_at_once(tried: Tried) -> None:
    batch = [move(ISSUING, (HOUSEHOLD, NEIGHBOUR, TILL)[n % 3], 1 + n % 7) for n in range(3000)]
    together = tried.post(TOGETHER, batch)
    assert {status for _, status, _ in together[0]} == {"ok"}
    assert together == tried.post(ONE_BY_ONE, batch)


async def test_ids_that_others_take_at_the_same_time_are_told_and_the_rest_is_written(clone: Clone) -> None:
    """Accounts without a limit lock nothing: both writers are past all checks when they meet at the ids."""
    await _story(clone)
    same, taken, fresh = move(ISSUING, TILL, 3), move(ISSUING, TILL, 4), move(ISSUING, TILL, 5)
    engine = create_async_engine(clone.app, poolclass=NullPool)
    async with engine.connect() as first, engine.connect() as second:
        await Books(first, TOWNSHIP).post([same, replace(taken, kind="other")], NOW)
        posting = asyncio.create_task(Books(second, TOWNSHIP).post([same, taken, fresh], NOW))
        async with asyncio.timeout(15), engine.connect() as looking:
            waiting = text(
                "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            while (await looking.execute(waiting)).first() is None:
                await looking.rollback()
        await first.commit()
        answers = await posting
        await second.commit()
    async with engine.connect() as connection:
        assert [answer.status for answer in answers] == [Status.EXISTS, Status.CONFLICT, Status.OK]
        assert (await Books(connection, TOWNSHIP).read_balance(TILL.id)).posted == 3 + 4 + 5
        assert [d async for d in verify(connection, TOWNSHIP)] == []
    await engine.dispose()
