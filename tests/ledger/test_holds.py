"""Holds: posted whole or in part, voided, or released when their time is over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from ledger.transactions import Balance, Phase, PostingResult, Status, Transaction
from tests.ledger.conftest import HOUSEHOLD, ISSUING, NOW, TILL, Book, move, part, settle

HOUR = timedelta(hours=1)


def hold(amount: int) -> Transaction:
    return replace(move(HOUSEHOLD, TILL, amount, Phase.PENDING), expires_at=NOW + HOUR)


async def balance(book: Book) -> Balance:
    return await book.use(lambda books: books.read_balance(HOUSEHOLD.id))


async def test_a_part_is_posted_and_the_rest_released(book: Book) -> None:
    held = hold(10)
    await book.accept(move(ISSUING, HOUSEHOLD, 30), held)
    assert await balance(book) == Balance(30, reserved=10)
    assert await book.post(part(held, Phase.POST, move(HOUSEHOLD, TILL, 11))) == [
        PostingResult(Status.EXCEEDS_TARGET, missing=1)
    ]
    await book.accept(part(held, Phase.POST, move(HOUSEHOLD, TILL, 4)))
    assert await balance(book) == Balance(26)
    assert await book.post(settle(held, Phase.POST)) == [PostingResult(Status.ALREADY_SETTLED)]
    assert await book.faults() == []


async def test_an_expired_hold_is_released_once_and_its_late_posting_refused(book: Book) -> None:
    held, later = hold(10), replace(hold(5), expires_at=NOW + 2 * HOUR)
    await book.accept(move(ISSUING, HOUSEHOLD, 15), held, later)
    assert await book.use(lambda b: b.release_expired(NOW + HOUR - timedelta(microseconds=1), limit=10)) == 0
    assert await book.post(settle(held, Phase.POST), now=NOW + HOUR) == [PostingResult(Status.EXPIRED)]
    released = await asyncio.gather(
        *(book.use(lambda b: b.release_expired(NOW + HOUR, limit=10)) for _ in range(4))
    )
    assert 1 in released
    assert await balance(book) == Balance(15, reserved=5)
    assert await book.post(settle(held, Phase.POST), now=NOW + HOUR) == [PostingResult(Status.ALREADY_SETTLED)]
    assert await book.use(lambda b: b.release_expired(NOW + HOUR, limit=10)) == 0


async def test_a_hold_that_begins_expired_is_none(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 15))
    assert await book.post(replace(hold(10), expires_at=NOW)) == [PostingResult(Status.EXPIRED)]
    assert await balance(book) == Balance(15)


async def test_a_statement_tells_what_became_of_each_hold(book: Book) -> None:
    posted, voided, expired, waiting = holds = [hold(1), hold(2), hold(3), replace(hold(4), expires_at=None)]
    await book.accept(move(ISSUING, HOUSEHOLD, 15), *holds)
    await book.accept(settle(posted, Phase.POST), settle(voided, Phase.VOID), now=NOW + HOUR / 2)
    await book.use(lambda b: b.release_expired(NOW + HOUR, limit=10))
    lines = {e.transaction: e for e in await book.use(lambda b: b.read_statement(HOUSEHOLD.id, limit=20))}
    assert [lines[h.id].settlement for h in holds] == [Phase.POST, Phase.VOID, Phase.VOID, None]
    assert lines[expired.id].expires_at == NOW + HOUR
    past = {e.transaction: e for e in await book.use(lambda b: b.read_statement(HOUSEHOLD.id, limit=20, at=NOW))}
    assert {past[h.id].settlement for h in holds} == {None}
    assert len(past) == 5
    assert waiting.id in past
