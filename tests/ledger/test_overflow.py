"""Balances up to the largest that a bigint holds, and sums beyond it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from ledger.books import Books
from ledger.transactions import Account, Phase, PostingResult, Status, Transaction
from tests.ledger.conftest import HOUSEHOLD, ISSUING, NEIGHBOUR, NOW, TILL, TOWNSHIP, Book, move, part, settle

MOST = 2**63 - 1
LARGEST = 10**15
"""What one transfer may move."""


def fill(account: Account) -> list[Transaction]:
    """As much as it can hold, in as few transactions as their bounds allow."""
    whole, rest = divmod(MOST, LARGEST)
    parts = [*[move(ISSUING, account, LARGEST).transfers[0]] * whole, *move(ISSUING, account, rest).transfers]
    return [
        replace(move(ISSUING, account, 1), transfers=tuple(parts[first : first + 5000]))
        for first in range(0, len(parts), 5000)
    ]


async def have(book: Book, account: Account, amount: int) -> None:
    """Without the thousands of transfers that it takes."""
    async with book.behind_its_back() as connection:
        update = text("update ledger.balance set posted = :amount where account = :account")
        await connection.execute(update, {"amount": amount, "account": account.id})


async def test_a_balance_goes_as_far_as_a_bigint_and_refuses_the_next_point(book: Book) -> None:
    await book.accept(*fill(HOUSEHOLD))
    assert await book.available(HOUSEHOLD) == MOST
    refused = PostingResult(Status.OVERFLOW, HOUSEHOLD.id)
    # As a whole and one after another.
    assert await book.post(move(ISSUING, HOUSEHOLD, 1)) == [refused]
    answers = await book.post(move(ISSUING, NEIGHBOUR, 1), move(ISSUING, HOUSEHOLD, 1), move(HOUSEHOLD, TILL, 5))
    assert answers == [PostingResult(Status.OK), refused, PostingResult(Status.OK)]
    await book.accept(move(ISSUING, HOUSEHOLD, 5))
    assert await book.available(HOUSEHOLD) == MOST
    assert await book.faults() == []


async def test_what_comes_back_to_a_full_balance_is_refused_until_there_is_room(book: Book) -> None:
    spent = move(HOUSEHOLD, TILL, 10)
    await have(book, HOUSEHOLD, MOST)
    await book.accept(spent, move(ISSUING, HOUSEHOLD, 10))
    back = settle(spent, Phase.REVERSAL)
    assert await book.post(back) == [PostingResult(Status.OVERFLOW, HOUSEHOLD.id)]
    some = part(spent, Phase.REVERSAL, move(TILL, HOUSEHOLD, 4))
    await book.accept(move(HOUSEHOLD, NEIGHBOUR, 4), some, move(HOUSEHOLD, NEIGHBOUR, 6), back)
    assert await book.available(HOUSEHOLD) == MOST


async def test_what_is_expected_has_its_room_from_the_beginning(book: Book) -> None:
    """Whoever waited out a notice gets the points, whatever came meanwhile."""
    award = move(ISSUING, HOUSEHOLD, 7, Phase.PENDING)
    await have(book, HOUSEHOLD, MOST - 7)
    await book.accept(award)
    for phase in (Phase.POSTED, Phase.PENDING):
        assert await book.post(move(ISSUING, HOUSEHOLD, 1, phase)) == [
            PostingResult(Status.OVERFLOW, HOUSEHOLD.id)
        ]
    await book.accept(settle(award, Phase.POST))
    assert await book.available(HOUSEHOLD) == MOST


async def test_an_account_without_limit_adds_up_beyond_a_bigint(book: Book) -> None:
    """Now, as of a moment, and from a checkpoint on."""
    await book.accept(*fill(HOUSEHOLD), *fill(NEIGHBOUR))
    end = NOW + timedelta(seconds=1)

    async def read(books: Books) -> list[int]:
        at = await books.read_balances_at([ISSUING.id], end)
        return [(await books.read_balance(ISSUING.id)).posted, at[ISSUING.id].posted]

    assert await book.use(read) == [-2 * MOST] * 2
    async with book.app.begin() as connection:
        books = Books(connection, TOWNSHIP)
        await books.close_period(end, end + timedelta(days=1), person="zhao", reason="月结")
        assert await books.checkpoint(end) == 3
    assert await book.use(read) == [-2 * MOST] * 2
    assert await book.faults() == []


@pytest.mark.parametrize("phase", [Phase.POSTED, Phase.PENDING])
async def test_a_whole_batch_that_overflows_only_together_stops_where_it_does(book: Book, phase: Phase) -> None:
    await have(book, HOUSEHOLD, MOST - 2)
    answers = await book.post(*(move(ISSUING, HOUSEHOLD, 1, phase) for _ in range(4)))
    assert [a.status for a in answers] == [Status.OK, Status.OK, Status.OVERFLOW, Status.OVERFLOW]
