"""Many writers at once: limits hold, an id counts once, nobody deadlocks."""

import asyncio
from collections import Counter

from uuid_utils.compat import uuid7

from ledger.books import Books
from ledger.transactions import Account, AccountId, Phase, Status
from tests.ledger.conftest import (
    HOUSEHOLD,
    ISSUING,
    NEIGHBOUR,
    NOW,
    SHELF,
    SUPPLY,
    TILL,
    TOWNSHIP,
    Book,
    move,
    settle,
)


async def _statuses(book: Book, *batches: list) -> Counter[Status]:
    answers = await asyncio.gather(*(book.post(*batch) for batch in batches))
    return Counter(posting.status for answer in answers for posting in answer)


async def test_32_writers_never_overdraw_a_household(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 100))
    answers = await _statuses(book, *([move(HOUSEHOLD, TILL, 10)] for _ in range(32)))
    assert answers == {Status.OK: 10, Status.INSUFFICIENT: 22}
    assert await book.available(HOUSEHOLD) == 0
    assert await book.available(TILL) == 100
    assert await book.faults() == []


async def test_reservations_count_against_the_same_limit(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 100))
    phases = [Phase.POSTED, Phase.PENDING] * 16
    answers = await _statuses(book, *([move(HOUSEHOLD, TILL, 10, phase)] for phase in phases))
    assert answers == {Status.OK: 10, Status.INSUFFICIENT: 22}
    assert await book.available(HOUSEHOLD) == 0


async def test_one_id_from_16_connections_counts_once(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 100))
    same = move(HOUSEHOLD, TILL, 10)
    assert await _statuses(book, *([same] for _ in range(16))) == {Status.OK: 1, Status.EXISTS: 15}
    assert await book.available(HOUSEHOLD) == 90


async def test_one_id_counts_once_where_no_limit_makes_writers_queue(book: Book) -> None:
    same = move(ISSUING, TILL, 10)
    assert await _statuses(book, *([same] for _ in range(16))) == {Status.OK: 1, Status.EXISTS: 15}
    assert await book.available(TILL) == 10


async def test_batches_with_accounts_in_crossed_order_do_not_deadlock(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 100), move(ISSUING, NEIGHBOUR, 100), move(SUPPLY, SHELF, 100))
    there = [[move(HOUSEHOLD, NEIGHBOUR, 1), move(SHELF, SUPPLY, 1)] for _ in range(16)]
    back = [[move(SHELF, SUPPLY, 1), move(NEIGHBOUR, HOUSEHOLD, 1)] for _ in range(16)]
    answers = await _statuses(book, *(batch for pair in zip(there, back, strict=True) for batch in pair))
    assert answers == {Status.OK: 64}
    assert await book.available(HOUSEHOLD) == 100
    assert await book.available(SHELF) == 68
    assert await book.faults() == []


async def test_batches_that_settle_in_crossed_order_do_not_deadlock(book: Book) -> None:
    pending = [move(ISSUING, account, 1, Phase.PENDING) for account in (HOUSEHOLD, NEIGHBOUR)]
    await book.accept(*pending)
    post = [settle(p, Phase.POST) for p in pending]
    answers = await _statuses(book, *([post, post[::-1]] * 8))
    assert answers == {Status.OK: 2, Status.EXISTS: 30}


async def test_of_many_who_post_or_void_one_pending_exactly_one_wins(book: Book) -> None:
    pending = move(ISSUING, HOUSEHOLD, 10, Phase.PENDING)
    await book.accept(pending)
    post, void = settle(pending, Phase.POST), settle(pending, Phase.VOID)
    answers = await _statuses(book, *([[post], [void]] * 8))
    assert answers == {Status.OK: 1, Status.EXISTS: 7, Status.ALREADY_SETTLED: 8}
    [first] = await book.post(post)
    assert await book.available(HOUSEHOLD) == (10 if first.status is Status.EXISTS else 0)
    assert await book.faults() == []


async def test_of_many_who_reverse_one_transaction_exactly_one_wins(book: Book) -> None:
    award = move(ISSUING, HOUSEHOLD, 10)
    await book.accept(award)
    reverse = settle(award, Phase.REVERSAL)
    answers = await _statuses(book, *([reverse] for _ in range(8)))
    assert answers == {Status.OK: 1, Status.EXISTS: 7}
    assert await book.available(HOUSEHOLD) == 0


async def test_locked_balances_stay_as_they_are_until_their_reader_is_done(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 100), move(SUPPLY, SHELF, 10))
    async with book.app.begin() as connection:
        books = Books(connection, TOWNSHIP)
        # An account without a limit has nothing to lock, and an unknown one neither.
        await books.lock_balances([SHELF.id, HOUSEHOLD.id, SUPPLY.id, TILL.id, AccountId(uuid7())])
        writers = [asyncio.create_task(book.post(move(SHELF, SUPPLY, 1))) for _ in range(4)]
        await book.accept(move(ISSUING, NEIGHBOUR, 1), move(ISSUING, TILL, 1))
        done, _ = await asyncio.wait(writers, timeout=0.3)
        assert not done
        assert (await books.read_balance(SHELF.id)).posted == 10
        [posting] = await books.post([move(SHELF, SUPPLY, 7)], NOW)
        assert posting.status is Status.OK
    answers = [posting.status for [posting] in await asyncio.gather(*writers)]
    assert Counter(answers) == {Status.OK: 3, Status.INSUFFICIENT: 1}
    assert await book.faults() == []


async def test_locks_in_crossed_order_do_not_deadlock(book: Book) -> None:
    async def count(*order: Account) -> None:
        async with book.app.begin() as connection:
            books = Books(connection, TOWNSHIP)
            await books.lock_balances([account.id for account in order])
            await books.post([move(SUPPLY, SHELF, 1), move(ISSUING, HOUSEHOLD, 1)], NOW)

    orders = [(SHELF, HOUSEHOLD), (HOUSEHOLD, SHELF)] * 8
    writers = (book.post(move(ISSUING, HOUSEHOLD, 1), move(SUPPLY, SHELF, 1)) for _ in orders)
    await asyncio.gather(*(count(*order) for order in orders), *writers)
    assert await book.available(SHELF) == 32
