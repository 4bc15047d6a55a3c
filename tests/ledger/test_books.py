"""Opening accounts, batches, and statements by the page."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from ledger.books import Books
from ledger.entries import Entry, Position
from ledger.transactions import Account, AccountId, Phase, PostingResult, Status, Transaction, Transfer, UnitKind
from tests.ledger.conftest import HOUSEHOLD, ISSUING, NOW, SHELF, SUPPLY, TILL, TOWNSHIP, Book, move


@pytest.mark.parametrize(
    "other",
    [
        Account("household", "points", UnitKind.POINTS, minimum=-5),
        Account("household", "points", UnitKind.POINTS),
        Account("household", "goods:soap", UnitKind.GOODS, minimum=0),
        Account("household", "points", UnitKind.MONEY, minimum=0),
    ],
)
async def test_an_open_account_is_not_opened_as_another(book: Book, other: Account) -> None:
    async with book.app.connect() as connection:
        with pytest.raises(IntegrityError):
            await Books(connection, TOWNSHIP).open_accounts([other], NOW)


async def test_a_bad_item_fails_none_of_its_neighbours(book: Book) -> None:
    goods_to_household = Transfer(SHELF.id, HOUSEHOLD.id, "goods:soap", 1)
    good = move(ISSUING, HOUSEHOLD, 5)
    batch: list[tuple[Transaction, Status]] = [
        (move(ISSUING, HOUSEHOLD, 0), Status.MALFORMED),
        (move(ISSUING, HOUSEHOLD, 10**30), Status.MALFORMED),
        (move(ISSUING, ISSUING, 5), Status.MALFORMED),
        (move(ISSUING, Account("nobody", "points", UnitKind.POINTS), 5), Status.UNKNOWN_ACCOUNT),
        (
            Transaction(move(ISSUING, TILL, 1).id, "test", Phase.POSTED, (goods_to_household,)),
            Status.UNKNOWN_ACCOUNT,
        ),
        (good, Status.OK),
        (good, Status.EXISTS),
        (move(HOUSEHOLD, TILL, 6), Status.INSUFFICIENT),
        (move(HOUSEHOLD, TILL, 5), Status.OK),
    ]
    answers = await book.post(*(t for t, _ in batch))
    assert [p.status for p in answers] == [status for _, status in batch]
    assert answers[7] == PostingResult(Status.INSUFFICIENT, HOUSEHOLD.id, missing=1)
    assert await book.available(HOUSEHOLD) == 0


async def test_transfers_of_one_transaction_happen_together_or_not_at_all(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 5))
    goods = Transfer(SHELF.id, SUPPLY.id, "goods:soap", 1)
    both = Transaction(
        move(HOUSEHOLD, TILL, 5).id, "test", Phase.POSTED, (*move(HOUSEHOLD, TILL, 5).transfers, goods)
    )
    [refused] = await book.post(both)
    assert refused == PostingResult(Status.INSUFFICIENT, SHELF.id, missing=1)
    assert await book.available(HOUSEHOLD) == 5


async def test_pages_of_a_statement_lose_and_repeat_nothing(book: Book) -> None:
    """Also where one transaction has several entries in the same account, at the same moment as others."""
    await book.accept(*(move(ISSUING, HOUSEHOLD, n) for n in range(1, 8)))
    lines = tuple(Transfer(HOUSEHOLD.id, TILL.id, "points", n) for n in range(1, 6))
    await book.accept(Transaction(move(HOUSEHOLD, TILL, 1).id, "test", Phase.POSTED, lines))
    whole = await _statement(book, HOUSEHOLD.id, limit=100)
    assert len(whole) == 12
    assert sum(e.amount for e in whole) == await book.available(HOUSEHOLD) == 13
    for size in (1, 2, 3, 5):
        pages: list[Entry] = []
        while page := await _statement(
            book, HOUSEHOLD.id, limit=size, before=pages[-1].position if pages else None
        ):
            pages += page
        assert pages == whole


async def _statement(book: Book, account: AccountId, *, limit: int, before: Position | None = None) -> list[Entry]:
    async with book.app.begin() as connection:
        return await Books(connection, TOWNSHIP).read_statement(account, limit=limit, before=before)
