"""Reversals of a whole transaction or a part: never twice, never over, never into what isn't there."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from ledger.transactions import Phase, PostingResult, Status, Transaction
from tests.ledger.conftest import HOUSEHOLD, ISSUING, SHELF, SUPPLY, TILL, Book, move, part, settle


async def test_parts_add_up_to_the_original_and_no_further(book: Book) -> None:
    award = move(ISSUING, HOUSEHOLD, 10)
    await book.accept(award, part(award, Phase.REVERSAL, move(HOUSEHOLD, ISSUING, 4)))
    [over] = await book.post(part(award, Phase.REVERSAL, move(HOUSEHOLD, ISSUING, 7)))
    assert over == PostingResult(Status.EXCEEDS_TARGET, missing=1)
    await book.accept(part(award, Phase.REVERSAL, move(HOUSEHOLD, ISSUING, 6)))
    assert await book.available(HOUSEHOLD) == 0
    for again in (settle(award, Phase.REVERSAL), part(award, Phase.REVERSAL, move(HOUSEHOLD, ISSUING, 1))):
        assert await book.post(again) == [PostingResult(Status.ALREADY_REVERSED)]
    assert await book.faults() == []


async def test_a_whole_reversal_after_a_part_takes_back_the_rest(book: Book) -> None:
    award, keep = move(ISSUING, HOUSEHOLD, 10), move(ISSUING, HOUSEHOLD, 1)
    await book.accept(award, keep, part(award, Phase.REVERSAL, move(HOUSEHOLD, ISSUING, 3)))
    await book.accept(settle(award, Phase.REVERSAL))
    assert await book.available(HOUSEHOLD) == 1


async def test_a_part_of_a_redemption_gives_back_points_and_goods_together(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 30), move(SUPPLY, SHELF, 3))
    goods = move(SHELF, SUPPLY, 3).transfers
    redemption = replace(move(HOUSEHOLD, TILL, 30), transfers=(*move(HOUSEHOLD, TILL, 30).transfers, *goods))
    await book.accept(redemption)
    await book.accept(part(redemption, Phase.REVERSAL, move(TILL, HOUSEHOLD, 10), move(SUPPLY, SHELF, 1)))
    assert (await book.available(HOUSEHOLD), await book.available(SHELF)) == (10, 1)


@pytest.mark.parametrize(
    "moves",
    [
        [move(ISSUING, HOUSEHOLD, 1)],
        [move(TILL, ISSUING, 1)],
        [move(HOUSEHOLD, ISSUING, 1), move(TILL, ISSUING, 1)],
        [move(HOUSEHOLD, ISSUING, 6), move(HOUSEHOLD, ISSUING, 5)],
    ],
    ids=["the same way again", "between others", "one of two wrong", "over by adding up"],
)
async def test_only_what_the_original_moved_can_be_moved_back(book: Book, moves: list[Transaction]) -> None:
    award = move(ISSUING, HOUSEHOLD, 10)
    await book.accept(award, move(ISSUING, TILL, 10))
    [answer] = await book.post(part(award, Phase.REVERSAL, *moves))
    assert answer == PostingResult(Status.EXCEEDS_TARGET, missing=1)
    assert await book.available(HOUSEHOLD) == 10


async def test_a_correction_that_would_overdraw_says_what_is_missing(book: Book) -> None:
    award = move(ISSUING, HOUSEHOLD, 10)
    await book.accept(award, move(HOUSEHOLD, TILL, 7))
    assert await book.post(settle(award, Phase.REVERSAL)) == [PostingResult(Status.INSUFFICIENT, HOUSEHOLD.id, 7)]
    await book.accept(part(award, Phase.REVERSAL, move(HOUSEHOLD, ISSUING, 3)))
    assert await book.available(HOUSEHOLD) == 0


@pytest.mark.parametrize("left_out", [{"person": ""}, {"reason": ""}])
async def test_a_correction_without_person_or_reason_is_none(book: Book, left_out: dict[str, str]) -> None:
    award = move(ISSUING, HOUSEHOLD, 10)
    await book.accept(award)
    assert await book.post(replace(settle(award, Phase.REVERSAL), **left_out)) == [PostingResult(Status.MALFORMED)]


async def test_parts_from_many_hands_at_once_never_take_back_more_than_was_given(book: Book) -> None:
    """Between accounts without limits, where no balance makes writers queue."""
    award = move(ISSUING, TILL, 100)
    await book.accept(award)
    asked = [part(award, Phase.REVERSAL, move(TILL, ISSUING, 30)) for _ in range(16)]
    answers = await asyncio.gather(*(book.post(one) for one in asked))
    assert Counter(p.status for [p] in answers) == {Status.OK: 3, Status.EXCEEDS_TARGET: 13}
    assert await book.available(TILL) == 10
    assert await book.faults() == []


async def test_a_part_sent_again_counts_once(book: Book) -> None:
    award = move(ISSUING, HOUSEHOLD, 10)
    some = part(award, Phase.REVERSAL, move(HOUSEHOLD, ISSUING, 4))
    await book.accept(award, some)
    assert await book.post(some) == [PostingResult(Status.EXISTS)]
    other = replace(some, transfers=move(HOUSEHOLD, ISSUING, 5).transfers)
    assert await book.post(other) == [PostingResult(Status.CONFLICT)]
    assert await book.available(HOUSEHOLD) == 6


async def test_what_is_left_of_a_transaction_is_what_can_still_be_moved_back(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 30), move(SUPPLY, SHELF, 3))
    lines = (
        *move(HOUSEHOLD, TILL, 10).transfers,
        *move(SHELF, SUPPLY, 3).transfers,
        *move(HOUSEHOLD, TILL, 5).transfers,
    )
    redemption = replace(move(HOUSEHOLD, TILL, 1), transfers=lines)
    some = part(redemption, Phase.REVERSAL, move(TILL, HOUSEHOLD, 12))
    await book.accept(redemption, some)
    written = (await book.use(lambda b: b.recorded([redemption.id])))[redemption.id]
    answers = await book.use(lambda b: b.settlements_of(redemption.id))
    assert (written.transfers, [a.id for a in answers]) == (lines, [some.id])
    assert written.remaining(answers) == (0, 3, 3)
    rest = settle(redemption, Phase.REVERSAL)
    await book.accept(rest)
    moved = (await book.use(lambda b: b.recorded([rest.id])))[rest.id].transfers
    assert {(t.credit, t.amount) for t in moved} == {(SHELF.id, 3), (HOUSEHOLD.id, 3)}
    assert written.remaining(await book.use(lambda b: b.settlements_of(redemption.id))) == (0, 0, 0)


async def test_of_a_pending_transaction_all_is_left_until_it_is_settled(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 30))
    hold = move(HOUSEHOLD, TILL, 10, Phase.PENDING)
    await book.accept(hold)
    written = (await book.use(lambda b: b.recorded([hold.id])))[hold.id]
    assert written.remaining([]) == (10,)
    await book.accept(part(hold, Phase.POST, move(HOUSEHOLD, TILL, 4)))
    assert written.remaining(await book.use(lambda b: b.settlements_of(hold.id))) == (0,)
