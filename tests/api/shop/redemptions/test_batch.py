"""A batch gives the same receipts and books as one by one; in the queue, one failing redemption never fails the
rest of its batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID, uuid5

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.access import Device, digest_secret
from api.platform.database import engine
from api.platform.database.embedded import Embedded
from api.platform.database.engine import MAX_READS
from api.platform.database.read_query import ReadQuery
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.cards.use_cases import find_card_holder
from api.registry.tries.use_cases import hasher
from api.shop.kiosks.use_cases import open_shift
from api.shop.offline.leases import renew
from api.shop.redemptions import queue as queueing
from api.shop.redemptions.facts import RedemptionRequest
from api.shop.redemptions.queue import RedemptionQueue
from api.shop.redemptions.use_cases import redeem, redeem_batch
from api.shop.redemptions.writer import StaleBatch
from api.wire.card_token import digest
from ledger.transactions import Phase, Status, Transaction, TransactionId, Transfer
from ledger.verify import verify
from tests.api.asking import a_redemption, order, problem, rows, standing
from tests.api.shop.offline.till import PRICES
from tests.conftest import LiveTown, opened, serving
from tests.databases import SEEDED, cloned
from tests.profile import many

T = TypeVar("T")

KNOWN, VOIDED = UUID(int=1), UUID(int=2)
"""The id of a redemption in the books, and a voided one."""
WAITING = "datname = current_database() and wait_event_type = 'Lock' and query like '%redeem_batch%'"
"""A batch that waits for locked balances."""
WRITTEN = (
    "select id, supermarket, kiosk, attendant, household, request, receipt, recorded_at, leased, shift, collector"
    " from redemption order by id",
    "select id, kind, phase, target, person, reason, content, metadata from ledger.transaction order by id",
    "select transaction, ordinal, unit, debit, credit, amount from ledger.transfer order by transaction, ordinal",
    "select * from ledger.balance order by account",
)


class OneTransaction:
    """A database whose commits are savepoints of one transaction, which nobody commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._sessions = async_sessionmaker(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions.begin() as session:
            yield session

    async def read(self, query: ReadQuery[T], values: Mapping[str, Any]) -> T:
        async with self.begin() as session:
            connection = await session.connection()
            result = await connection.exec_driver_sql(query.sql, query.parameters(values))
            return query.decode(result.scalar_one())


@dataclass
class Shop:
    """Books that each run finds unchanged: with points leased to the kiosk, and a card with a PIN."""

    town: Services
    device: Device
    token: str
    shift: str
    cards: dict[str, str]
    runner: asyncio.Runner

    def request(
        self, id: UUID, redemption: wire.Redemption, device: str = "", shift: str = ""
    ) -> RedemptionRequest:
        return RedemptionRequest.from_wire(device or self.token, shift or self.shift, id, redemption)

    async def one_by_one(self, town: Services, batch: Sequence[RedemptionRequest]) -> dict[UUID, wire.Receipt]:
        receipts = {}
        for request in batch:
            try:
                receipts[request.id] = await redeem(town, request)
            except Refused:
                continue
        return receipts

    async def both(self, town: Services, batch: Sequence[RedemptionRequest]) -> dict[UUID, wire.Receipt]:
        """As the queue does: a batch first, then what it left out one by one."""
        receipts = await redeem_batch(town, batch)
        return receipts | await self.one_by_one(town, [each for each in batch if each.id not in receipts])

    def run_and_roll_back(
        self, how: Any, batch: Sequence[RedemptionRequest]
    ) -> tuple[dict[UUID, wire.Receipt], list[Any]]:
        """The receipts, and what the database then contains."""

        async def run() -> tuple[dict[UUID, wire.Receipt], list[Any]]:
            async with self.town.database.engine.connect() as connection:
                await connection.begin()
                town = replace(self.town, database=OneTransaction(connection))  # type: ignore[arg-type]
                receipts = await how(town, batch)
                written = [list(await connection.execute(text(query))) for query in WRITTEN]
                assert [d async for d in verify(connection, self.town.township)] == []
                await connection.rollback()
            return receipts, written

        return self.runner.run(run())


@pytest.fixture(scope="module")
def shop(server: Embedded, seeded: LiveTown) -> Iterator[Shop]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            yield runner.run(_open(server, seeded, stack, runner))
        finally:
            runner.run(stack.aclose())


async def _open(server: Embedded, seeded: LiveTown, stack: AsyncExitStack, runner: asyncio.Runner) -> Shop:
    clone = await stack.enter_async_context(cloned(server, SEEDED))
    town = await stack.enter_async_context(opened(clone, seeded.clock))
    assert seeded.kiosk.id is not None
    device = Device(seeded.kiosk.id, "hp", seeded.kiosk.epoch, digest_secret(seeded.kiosk.token))
    shift = (await open_shift(town, device, wire.PinSignIn(pin=seeded.pin))).token
    cards = {
        "rich": seeded.card,
        "poor": seeded.poor_card,
        "empty": seeded.empty_card,
        "lost": seeded.revoked_card,
    }
    shop = Shop(town, device, seeded.kiosk.token, shift, cards, runner)
    await renew(town, device)
    first = wanted(seeded.card, [("soap", 1)], leased=50)
    await redeem(town, RedemptionRequest.from_wire(seeded.kiosk.token, shift, KNOWN, first))
    async with town.unit_of_work() as uow:
        await uow.session.execute(
            text(
                "insert into redemption_void (township, id, kiosk, attendant, shift, reason, recorded_at)"
                " select township, :id, kiosk, attendant, id, '没有送到', :now from shift"
                " where digest = :shift"
            ),
            {"id": VOIDED, "now": uow.now, "shift": digest_secret(shift)},
        )
        await uow.session.execute(
            text("update card set pin_hash = :pin, pin_above = 10 where digest = :card"),
            {"pin": hasher.hash("8642"), "card": digest(seeded.poor_card)},
        )
    return shop


def wanted(card: str, lines: Sequence[tuple[str, int]], *, leased: int = 0, off: int = 0) -> wire.Redemption:
    """`off`: how far from the first price the till is."""
    return wire.Redemption(
        card=card,
        lines=[
            wire.RedemptionLine(
                product=product, quantity=quantity, price=PRICES[product][1] + (off if n == 0 else 0)
            )
            for n, (product, quantity) in enumerate(lines)
        ],
        leased=leased,
    )


LINES = st.lists(
    st.tuples(st.sampled_from(["soap", "soap", "laundry", "rice", "brush"]), st.integers(1, 4)),
    min_size=1,
    max_size=3,
)
ASKS = st.tuples(
    st.one_of(st.uuids(version=4), st.uuids(version=4), st.uuids(version=4), st.sampled_from([KNOWN, VOIDED])),
    st.sampled_from(["rich", "rich", "rich", "poor", "empty", "lost"]),
    LINES,
    st.sampled_from([0, 20, 200]),
    st.sampled_from([0, 0, 0, 0, 1]),
)


@given(asks=st.lists(ASKS, min_size=1, max_size=7, unique_by=lambda ask: ask[0]))
@settings(max_examples=many(40, 800), suppress_health_check=list(HealthCheck))
def test_a_batch_and_one_by_one_are_the_same(shop: Shop, asks: list[Any]) -> None:
    batch = [
        shop.request(id, wanted(shop.cards[card], lines, leased=leased, off=off))
        for id, card, lines, leased, off in asks
    ]
    assert shop.run_and_roll_back(shop.both, batch) == shop.run_and_roll_back(shop.one_by_one, batch)


def test_a_batch_leaves_out_what_it_cannot_book(shop: Shop) -> None:
    card = shop.cards["rich"]
    bookable = [shop.request(uuid7(), wanted(card, [("soap", 1)], leased=leased)) for leased in (5, 200, 20)]
    others = [
        shop.request(KNOWN, wanted(card, [("soap", 1)])),
        shop.request(VOIDED, wanted(card, [("soap", 1)])),
        shop.request(uuid7(), wanted(card, [("soap", 1)], off=1)),
        shop.request(uuid7(), wanted(card, [("soap", 9)])),
        shop.request(uuid7(), wanted(card, [("brush", 1)])),
        shop.request(uuid7(), wanted(shop.cards["lost"], [("soap", 1)])),
        shop.request(uuid7(), wanted(card, [("soap", 1)]), device="no such machine"),
        shop.request(uuid7(), wanted(card, [("soap", 1)]), shift="over"),
    ]
    receipts, _ = shop.run_and_roll_back(redeem_batch, [*others[:4], *bookable, *others[4:]])
    assert set(receipts) == {each.id for each in bookable}
    # One household, whose 95 points the kiosk holds: each receipt tells what was left right after it.
    assert [receipts[each.id].balance for each in bookable] == [90, 85, 80]
    assert [receipts[each.id].leased for each in bookable] == [5, 5, 5]


async def put(town: LiveTown, *orders: tuple[str, dict[str, Any]]) -> list[Any]:
    async with town.device(await town.shift()) as http:
        return list(await asyncio.gather(*(http.put(path, json=body) for path, body in orders)))


async def test_a_closed_account_fails_nobody_else_in_the_batch(town: LiveTown) -> None:
    async with town.town.unit_of_work() as uow:
        await uow.books.close_account(accounts.handed_out("laundry").id, uow.now, person="office", reason="停发")
    asked = [(a_redemption(), order(town.card, ("soap", 1, 5))) for _ in range(6)]
    bad = [(a_redemption(), order(town.card, ("laundry", 1, 20))) for _ in range(2)]
    answers = await put(town, *asked[:3], *bad, *asked[3:])
    for answer in answers[3:5]:
        problem(answer, 409, "account-closed")
    assert [a.status_code for a in answers[:3] + answers[5:]] == [200] * 6
    assert sorted(a.json()["balance"] for a in answers[:3] + answers[5:]) == [70, 75, 80, 85, 90, 95]
    assert (await standing(town))[0]["in_balance"]


async def test_a_connection_that_dies_under_a_batch_fails_nobody(town: LiveTown) -> None:
    """The batch is rolled back, and each is decided alone."""
    asked = [(a_redemption(), order(town.card, ("soap", 1, 5))) for _ in range(4)]
    async with town.town.unit_of_work() as other:
        await other.books.lock_balances([accounts.household("hp-1").id])
        answering = asyncio.create_task(put(town, *asked))
        await wait_for_a_lock(town)
        await rows(town, f"select pg_terminate_backend(pid) from pg_stat_activity where {WAITING}")
    answers = await answering
    assert [a.status_code for a in answers] == [200] * 4, [a.text for a in answers]
    assert (await standing(town))[2]["balance"] == 80


async def test_without_a_free_connection_requests_fail_and_the_queue_goes_on(
    town: LiveTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While all read queries are taken, each is booked alone; without any connection requests fail, and are served
    again as soon as there is one."""
    shift = await town.shift()
    pool: Any = town.town.database.engine.sync_engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.05)
    monkeypatch.setattr(engine, "READ_TIMEOUT", 0.05)
    async with asyncio.timeout(20), town.device(shift) as http:
        async with AsyncExitStack() as held:
            for _ in range(MAX_READS):
                await held.enter_async_context(town.town.database._free_readers)
            answer = await http.put(a_redemption(), json=order(town.card, ("soap", 1, 5)))
            assert answer.json()["balance"] == 95
            for _ in range(pool.size() + pool._max_overflow):
                await held.enter_async_context(town.town.database.engine.connect())
            for _ in range(3 * queueing.WORKERS):
                problem(await http.put(a_redemption(), json=order(town.card, ("soap", 1, 5))), 503, "busy")
        answer = await http.put(a_redemption(), json=order(town.card, ("soap", 1, 5)))
        assert answer.json()["balance"] == 90


async def test_a_full_queue_asks_to_come_again(town: LiveTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says when. What was queued before is served."""
    monkeypatch.setattr(RedemptionQueue.__init__, "__defaults__", (1,))
    shift = await town.shift()
    async with serving(town.town) as url, town.device(shift) as http, town.town.unit_of_work() as other:
        http.base_url = url
        await other.books.lock_balances([accounts.household("hp-1").id])

        def redeeming() -> asyncio.Task[httpx.Response]:
            return asyncio.create_task(http.put(a_redemption(), json=order(town.card, ("soap", 1, 5))))

        served = []
        for worker in range(queueing.WORKERS):
            served.append(redeeming())
            await wait_for_a_lock(town, worker + 1)
        # One has room to wait, the other hasn't.
        last = [redeeming(), redeeming()]
        [busy], [waiting] = await asyncio.wait(last, return_when=asyncio.FIRST_COMPLETED)
        problem(await busy, 503, "busy")
        assert (await busy).headers["Retry-After"]
        await other.session.rollback()
        answers = await asyncio.gather(*served, waiting)
    assert sorted(answer.json()["balance"] for answer in answers) == [85, 90, 95]


async def test_a_batch_waits_until_it_is_as_long_as_what_is_being_booked(
    town: LiveTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "MAX_BATCH_WAIT", 60)
    queue = RedemptionQueue(town.town)
    shift, soap = await town.shift(), wanted(town.card, [("soap", 1)])

    def redeeming() -> asyncio.Task[wire.Receipt | None]:
        return asyncio.create_task(
            queue.redeem(RedemptionRequest.from_wire(town.device_token, shift, uuid7(), soap))
        )

    async with town.town.unit_of_work() as other:
        await other.books.lock_balances([accounts.household("hp-1").id])
        asking = [redeeming() for _ in range(2)]
        await asyncio.sleep(0)
        serving = asyncio.create_task(queue.run())
        await wait_for_a_lock(town)
        asking.append(redeeming())
        # By the time that the database has answered something, a worker would have taken it.
        await rows(town, "select 1")
        assert len(queue._queued) == 1
        asking.append(redeeming())
        await wait_for_a_lock(town, 2)
        assert len(queue._queued) == 0
    receipts = await asyncio.gather(*asking)
    assert sorted(receipt.balance for receipt in receipts if receipt) == [80, 85, 90, 95]
    await stop(serving)


async def test_nobody_waits_long_for_a_batch_that_is_blocked(town: LiveTown) -> None:
    queue = RedemptionQueue(town.town)
    shift = await town.shift()
    async with town.town.unit_of_work() as uow:
        poor = await find_card_holder(uow, town.poor_card)
        move = Transfer(accounts.ISSUING.id, accounts.household(poor.code).id, accounts.POINTS, 50)
        [posting] = await uow.books.post(
            [Transaction(TransactionId(uuid7()), "award", Phase.POSTED, (move,))], uow.now
        )
        assert posting.status is Status.OK
    soap, rice = wanted(town.card, [("soap", 1)]), wanted(town.poor_card, [("rice", 1)])
    async with town.town.unit_of_work() as other:
        await other.books.lock_balances([accounts.household("hp-1").id])
        blocked = [
            asyncio.create_task(queue.redeem(RedemptionRequest.from_wire(town.device_token, shift, uuid7(), soap)))
            for _ in range(2)
        ]
        await asyncio.sleep(0)
        serving = asyncio.create_task(queue.run())
        await wait_for_a_lock(town)
        async with asyncio.timeout(20):
            receipt = await queue.redeem(RedemptionRequest.from_wire(town.device_token, shift, uuid7(), rice))
        assert receipt is not None
        assert receipt.balance == 3
        assert not any(task.done() for task in blocked)
    assert all(await asyncio.gather(*blocked))
    await stop(serving)


async def test_a_client_gone_before_its_turn_is_not_booked(town: LiveTown) -> None:
    queue = RedemptionQueue(town.town)
    shift = await town.shift()
    gone, stays = uuid7(), uuid7()
    soap = wanted(town.card, [("soap", 1)])
    left = asyncio.create_task(queue.redeem(RedemptionRequest.from_wire(town.device_token, shift, gone, soap)))
    waiting = asyncio.create_task(queue.redeem(RedemptionRequest.from_wire(town.device_token, shift, stays, soap)))
    await asyncio.sleep(0)
    left.cancel()
    serving = asyncio.create_task(queue.run())
    receipt = await waiting
    assert receipt is not None
    assert receipt.balance == 95
    assert [
        row.id for row in await rows(town, "select id from redemption where id in (:a, :b)", a=gone, b=stays)
    ] == [stays]
    await stop(serving)


async def test_a_client_gone_during_its_turn_finds_the_receipt_later(town: LiveTown) -> None:
    """The network fails while the batch is being written: it counts once, and the retry gets its receipt."""
    queue = RedemptionQueue(town.town)
    shift = await town.shift()
    id, soap = uuid7(), wanted(town.card, [("soap", 1)])
    async with town.town.unit_of_work() as other:
        await other.books.lock_balances([accounts.household("hp-1").id])
        serving = asyncio.create_task(queue.run())
        asking = asyncio.create_task(queue.redeem(RedemptionRequest.from_wire(town.device_token, shift, id, soap)))
        await wait_for_a_lock(town)
        asking.cancel()
    async with asyncio.timeout(15):
        while not await rows(town, "select 1 from redemption where id = :id", id=id):
            await asyncio.sleep(0.01)
    [answer] = await put(town, (a_redemption(id), order(town.card, ("soap", 1, 5))))
    assert answer.json()["balance"] == 95
    assert (await standing(town))[2]["balance"] == 95
    await stop(serving)


async def test_one_id_twice_in_one_batch_counts_once(town: LiveTown) -> None:
    queue = RedemptionQueue(town.town)
    shift = await town.shift()
    id, soap = uuid7(), wanted(town.card, [("soap", 1)])
    both = [
        asyncio.create_task(queue.redeem(RedemptionRequest.from_wire(town.device_token, shift, id, soap)))
        for _ in range(2)
    ]
    await asyncio.sleep(0)
    serving = asyncio.create_task(queue.run())
    first, second = await asyncio.gather(*both)
    assert first is not None
    # The second is left to `use_cases.redeem`, which finds the first one's receipt.
    assert second is None
    assert (await standing(town))[2]["balance"] == 95
    await stop(serving)


VOIDED_MEANWHILE = """
    insert into redemption_void (township, id, kiosk, attendant, shift, reason, recorded_at)
    select township, :id, kiosk, attendant, id, '没有送到', opened_at from shift where digest = :shift
"""
CLOSED_MEANWHILE = "update shift set closed_at = opened_at where digest = :shift and cast(:id as uuid) is not null"


@pytest.mark.parametrize(
    ("meanwhile", "status", "word"),
    [(VOIDED_MEANWHILE, 409, "abandoned"), (CLOSED_MEANWHILE, 401, "shift-closed")],
)
async def test_a_journal_settled_at_the_same_time_wins(
    town: LiveTown, meanwhile: str, status: int, word: str
) -> None:
    """It comes in after the batch was decided, while the batch waits for the balances."""
    shift = await town.shift()
    id = uuid7()
    request = make_request(town, shift, id)
    async with town.town.unit_of_work() as other:
        await other.books.lock_balances([accounts.household("hp-1").id])
        booking = asyncio.create_task(redeem_batch(town.town, [request]))
        await wait_for_a_lock(town)
        await other.session.execute(text(meanwhile), {"id": id, "shift": digest_secret(shift)})
    with pytest.raises(StaleBatch):
        await booking
    await assert_nothing_written(town, id)
    async with town.device(shift) as http:
        problem(await http.put(a_redemption(id), json=order(town.card, ("soap", 1, 5))), status, word)


async def test_each_receipt_has_the_balance_right_after_it(town: LiveTown) -> None:
    shift = await town.shift()
    batch = [
        RedemptionRequest.from_wire(
            town.device_token, shift, uuid7(), wanted(town.card, [("soap", pieces)], leased=leased)
        )
        for pieces, leased in ((1, 0), (2, 50), (1, 0))
    ]
    receipts = await redeem_batch(town.town, batch)
    assert [receipts[request.id].balance for request in batch] == [95, 85, 80]
    stored = await rows(town, "select id, receipt ->> 'balance' as balance from redemption")
    balances = {row.id: row.balance for row in stored}
    assert [balances[request.id] for request in batch] == ["95", "85", "80"]


async def test_a_kiosk_books_nothing_while_its_journal_is_settled(town: LiveTown) -> None:
    shift = await town.shift()
    id = uuid7()
    request = make_request(town, shift, id)
    async with town.town.unit_of_work() as other:
        await other.session.execute(text("select from kiosk_enrolment for no key update"))
        with pytest.raises(StaleBatch):
            await redeem_batch(town.town, [request])
    await assert_nothing_written(town, id)


async def test_points_spent_meanwhile_are_not_spent_twice(town: LiveTown) -> None:
    shift = await town.shift()
    id = uuid7()
    request = make_request(town, shift, id)
    async with town.town.unit_of_work() as other:
        await other.books.lock_balances([accounts.household("hp-1").id])
        booking = asyncio.create_task(redeem_batch(town.town, [request]))
        await wait_for_a_lock(town)
        spent = Transfer(accounts.household("hp-1").id, accounts.ISSUING.id, accounts.POINTS, 96)
        posted = await other.books.post(
            [Transaction(TransactionId(uuid7()), "deduction", Phase.POSTED, (spent,))], other.now
        )
        assert [posting.status for posting in posted] == [Status.OK]
    with pytest.raises(StaleBatch):
        await booking
    await assert_nothing_written(town, id)
    [answer] = await put(town, (a_redemption(id), order(town.card, ("soap", 1, 5))))
    problem(answer, 409, "insufficient-points")


def make_request(town: LiveTown, shift: str, id: UUID) -> RedemptionRequest:
    soap = wanted(town.card, [("soap", 1)])
    return RedemptionRequest.from_wire(town.device_token, shift, id, soap)


async def assert_nothing_written(town: LiveTown, id: UUID) -> None:
    assert not await rows(town, "select 1 from redemption where id = :id", id=id)
    assert not await rows(
        town, "select 1 from ledger.transaction where id in (:id, :lease)", id=id, lease=uuid5(id, "lease")
    )


async def wait_for_a_lock(town: LiveTown, batches: int = 1) -> None:
    async with asyncio.timeout(15):
        while len(await rows(town, f"select 1 from pg_stat_activity where {WAITING}")) < batches:
            await asyncio.sleep(0.01)


async def stop(serving: asyncio.Task[None]) -> None:
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
