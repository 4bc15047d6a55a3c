"""What is changed behind the books' back is found, and named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ledger.transactions import Phase, Transaction
from tests.ledger.conftest import HOUSEHOLD, ISSUING, NEIGHBOUR, SHELF, SUPPLY, TILL, Book, move, settle

DROP_LIMITS = "alter table ledger.balance drop constraint balance_limit, drop constraint balance_pending"


class Story:
    """A few honest transactions of every phase."""

    def __init__(self) -> None:
        self.award = move(ISSUING, HOUSEHOLD, 100)
        self.other_award = move(ISSUING, NEIGHBOUR, 100)
        self.restock = move(SUPPLY, SHELF, 10)
        self.redemption = move(HOUSEHOLD, TILL, 5)
        self.other_redemption = move(NEIGHBOUR, TILL, 5)
        self.returned = move(TILL, ISSUING, 3)
        self.notice = move(ISSUING, HOUSEHOLD, 7, Phase.PENDING)
        self.open_notice = move(ISSUING, HOUSEHOLD, 8, Phase.PENDING)
        self.posted = settle(self.notice, Phase.POST)
        self.reversed = settle(self.other_redemption, Phase.REVERSAL)

    def all(self) -> list[Transaction]:
        return list(vars(self).values())


@pytest.fixture
async def story(book: Book) -> Story:
    story = Story()
    await book.accept(*story.all())
    assert await book.faults() == []
    return story


async def _found(book: Book, *statements: str, **values: object) -> set[str]:
    """Make these changes; the subjects that verify names."""
    async with book.behind_its_back() as connection:
        for statement in statements:
            changed = await connection.execute(text(statement), values if ":" in statement else {})
            assert changed.rowcount != 0, statement
    return {d.subject for d in await book.faults()}


async def test_a_changed_amount_names_its_accounts_and_transaction(book: Book, story: Story) -> None:
    found = await _found(
        book, "update ledger.transfer set amount = 6 where transaction = :id", id=story.redemption.id
    )
    assert found == {"household", str(story.redemption.id)}


async def test_a_changed_amount_is_found_where_no_account_keeps_a_balance(book: Book, story: Story) -> None:
    found = await _found(
        book, "update ledger.transfer set amount = 4 where transaction = :id", id=story.returned.id
    )
    assert found == {str(story.returned.id)}


@pytest.mark.parametrize("column", ["posted", "reserved", "expected"])
async def test_a_changed_balance_names_its_account(book: Book, story: Story, column: str) -> None:
    found = await _found(
        book, f"update ledger.balance set {column} = {column} + 1 where account = :id", id=HOUSEHOLD.id
    )
    assert found == {"household"}


async def test_an_account_below_its_limit_is_named(book: Book, story: Story) -> None:
    found = await _found(
        book, DROP_LIMITS, "update ledger.balance set posted = -1 where account = :id", id=SHELF.id
    )
    assert found == {"shelf"}


async def test_a_changed_minimum_names_its_account(book: Book, story: Story) -> None:
    found = await _found(book, "update ledger.balance set minimum = -50 where account = :id", id=HOUSEHOLD.id)
    assert found == {"household"}
    found = await _found(book, "update ledger.account set minimum = null where id = :id", id=SHELF.id)
    assert found == {"household", "shelf"}


async def test_a_lost_balance_names_its_account(book: Book, story: Story) -> None:
    assert await _found(book, "delete from ledger.balance where account = :id", id=SHELF.id) == {"shelf"}


async def test_a_deleted_transfer_names_its_account_and_transaction(book: Book, story: Story) -> None:
    found = await _found(book, "delete from ledger.transfer where transaction = :id", id=story.redemption.id)
    assert found == {"household", str(story.redemption.id)}


async def test_a_deleted_transaction_is_missed_by_its_transfers(book: Book, story: Story) -> None:
    found = await _found(book, "delete from ledger.transaction where id = :id", id=story.returned.id)
    assert found == {str(story.returned.id)}


async def test_swapped_accounts_name_both_transactions_though_every_balance_agrees(
    book: Book, story: Story
) -> None:
    """Two redemptions of five points change hands: no balance knows, the digests do."""
    swap = "update ledger.transfer set debit = :account where transaction = :id"
    found = await _found(book, swap, account=NEIGHBOUR.id, id=story.redemption.id)
    assert "household" in found
    assert "neighbour" in found
    found = await _found(book, swap, account=HOUSEHOLD.id, id=story.other_redemption.id)
    assert {str(story.redemption.id), str(story.other_redemption.id)} <= found
    assert "household" not in found


async def test_another_amount_in_both_a_pending_and_its_posting_is_found(book: Book, story: Story) -> None:
    """Balance and both transfers changed alike."""
    both = {"notice": story.notice.id, "posted": story.posted.id}
    await _found(book, "update ledger.transfer set amount = 9 where transaction in (:notice, :posted)", **both)
    found = await _found(
        book, "update ledger.balance set posted = posted + 2 where account = :id", id=HOUSEHOLD.id
    )
    assert found == {str(story.notice.id)}


@pytest.mark.parametrize(
    "change",
    [
        "person = 'somebody else'",
        "reason = 'another reason'",
        "kind = 'donation'",
        'metadata = \'{"village": "elsewhere"}\'',
        "effective_at = effective_at - interval '1 day'",
        "id = gen_random_uuid()",
    ],
)
async def test_a_changed_word_of_a_transaction_is_found(book: Book, story: Story, change: str) -> None:
    assert await _found(book, f"update ledger.transaction set {change} where id = :id", id=story.award.id)


async def test_a_posting_of_another_amount_than_was_pending_is_named(book: Book, story: Story) -> None:
    found = await _found(book, "update ledger.transfer set amount = 8 where transaction = :id", id=story.posted.id)
    assert found == {"household", str(story.posted.id)}


async def test_a_transfer_in_a_unit_its_accounts_do_not_have_is_named(book: Book, story: Story) -> None:
    found = await _found(
        book, "update ledger.transfer set unit = 'goods:soap' where transaction = :id", id=story.returned.id
    )
    assert found == {str(story.returned.id)}
