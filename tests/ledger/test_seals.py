"""The tree over the books: every committed record once, in an order that nothing can change afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from ledger.books import Books
from ledger.encoding import encode_canonical, parse
from ledger.heads import SealKey, SignedHead
from ledger.merkle import verify_consistency
from ledger.proofs import verify_documents
from ledger.seals import NotSealedError, RewrittenError, Seals
from ledger.transactions import Phase, TransactionId
from tests.ledger.conftest import HOUSEHOLD, ISSUING, NOW, TILL, TOWNSHIP, Book, move, settle
from tests.ledger.trees import mth

KEY = SealKey.generate("示范乡")


async def seal(book: Book, limit: int = 1000) -> int:
    async with book.app.begin() as connection:
        return await Seals(connection, TOWNSHIP).append(limit=limit)


async def sign(book: Book, day: int = 0) -> SignedHead:
    async with book.app.begin() as connection:
        return await Seals(connection, TOWNSHIP).sign(KEY, NOW + timedelta(days=day))


async def records(book: Book) -> list[tuple[str, str, str]]:
    """(kind, key, record) of each leaf, in the tree's order."""
    async with book.app.begin() as connection:
        rows = await connection.execute(
            text("select kind, key, record from ledger.leaf_record where township = :t order by position"),
            {"t": TOWNSHIP},
        )
        return [(row.kind, row.key, row.record) for row in rows]


async def root(book: Book) -> tuple[int, bytes]:
    head = (await sign(book, day=9)).head
    return head.size, head.root


async def test_the_tree_is_the_one_of_the_records(book: Book) -> None:
    """As RFC 9162 would have it from the texts alone, in as many passes as it takes."""
    award = move(ISSUING, HOUSEHOLD, 10, Phase.PENDING)
    await book.accept(award, settle(award, Phase.POST), *(move(ISSUING, TILL, n) for n in range(1, 14)))
    await book.use(lambda b: b.close_account(TILL.id, NOW, person="li", reason="停业"))
    await book.use(lambda b: b.close_period(NOW - timedelta(days=30), NOW, person="li", reason="月结"))
    sizes = [await seal(book, limit) for limit in (1, 2, 3, 100, 100)]
    assert sizes == [1, 3, 6, 25, 25]
    found = await records(book)
    kinds = [kind for kind, _, _ in found]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "unit": 2,
        "account": 6,
        "transaction": 15,
        "account-closing": 1,
        "period-closing": 1,
    }
    assert await root(book) == (25, mth([record.encode() for _, _, record in found]))
    assert all(encode_canonical(parse(record)) == record for _, _, record in found)


async def test_commits_out_of_order_leave_no_gap_and_change_no_place(book: Book) -> None:
    """What began earlier and commits later holds the sealer back, never comes in behind it."""
    early, late, between = (move(ISSUING, TILL, n) for n in (1, 2, 3))
    async with book.app.connect() as slow:
        await Books(slow, TOWNSHIP).post([early], NOW)
        await book.accept(late)
        size = await seal(book)
        assert not {str(early.id), str(late.id)} & {key for _, key, _ in await records(book)}
        await book.accept(between)
        assert await seal(book) == size
        await slow.commit()
    await seal(book)
    order = [key for kind, key, _ in await records(book) if kind == "transaction"]
    assert order == [str(early.id), str(late.id), str(between.id)]


async def test_a_rolled_back_transaction_holds_nobody_up(book: Book) -> None:
    gone, stays = move(ISSUING, TILL, 1), move(ISSUING, TILL, 2)
    async with book.app.connect() as slow:
        await Books(slow, TOWNSHIP).post([gone], NOW)
        await book.accept(stays)
        await slow.rollback()
    await seal(book)
    assert [key for kind, key, _ in await records(book) if kind == "transaction"] == [str(stays.id)]


async def test_sealers_and_writers_at_once_seal_each_record_once(book: Book) -> None:
    """Heads signed meanwhile are all heads of one history."""
    moves = [move(ISSUING, TILL, n) for n in range(1, 61)]
    heads: list[SignedHead] = []

    async def write(share: int) -> None:
        for one in moves[share::4]:
            await book.accept(one)

    async def sealing(day: int) -> None:
        for n in range(10):
            await seal(book, limit=7)
            heads.append(await sign(book, day=day * 10 + n))

    await asyncio.gather(*(write(n) for n in range(4)), *(sealing(n) for n in range(3)))
    while await seal(book, limit=50) > await seal(book, limit=50):
        pass
    sealed = [key for kind, key, _ in await records(book) if kind == "transaction"]
    assert sorted(sealed) == sorted(str(m.id) for m in moves)
    heads.append(await sign(book, day=40))
    heads.sort(key=lambda signed: signed.head.size)
    async with book.app.begin() as connection:
        for old, new in pairwise(heads):
            path = await Seals(connection, TOWNSHIP).prove_consistency(old.head.size, new.head.size)
            assert verify_consistency(old.head.size, new.head.size, old.head.root, new.head.root, path)


async def test_a_writer_does_not_wait_for_a_sealer(book: Book) -> None:
    async with book.app.connect() as sealing:
        await Seals(sealing, TOWNSHIP).append(limit=100)
        await asyncio.wait_for(book.accept(move(ISSUING, TILL, 1)), timeout=5)
        await sealing.rollback()


async def test_records_restored_from_another_server_are_sealed_too(book: Book) -> None:
    """They bear that server's numbers, which may be far ahead of this one's."""
    await book.accept(move(ISSUING, TILL, 1))
    await seal(book)
    restored = move(ISSUING, TILL, 2)
    await book.accept(restored)
    async with book.behind_its_back() as connection:
        for table in ("transaction", "account", "unit"):
            await connection.execute(text(f"update ledger.{table} set written_by = written_by + 1000000000"))
    await seal(book)
    new = move(ISSUING, TILL, 3)
    await book.accept(new)
    await seal(book)
    sealed = [key for kind, key, _ in await records(book) if kind == "transaction"]
    assert sealed[1:] == [str(restored.id), str(new.id)]


async def test_a_transaction_that_was_changed_before_sealing_is_not_sealed(book: Book) -> None:
    """The seal would make it true."""
    changed, honest = move(ISSUING, TILL, 1), move(ISSUING, TILL, 2)
    await book.accept(changed, honest)
    async with book.behind_its_back() as connection:
        await connection.execute(
            text("update ledger.transfer set amount = 5 where transaction = :id"), {"id": changed.id}
        )
    await seal(book)
    assert [key for kind, key, _ in await records(book) if kind == "transaction"] == [str(honest.id)]
    assert str(changed.id) in {d.subject for d in await book.faults()}


async def test_a_proof_stands_by_itself_and_leads_from_an_old_poster(book: Book) -> None:
    award = move(ISSUING, HOUSEHOLD, 10)
    await book.accept(award, *(move(ISSUING, TILL, n) for n in range(1, 6)))
    await seal(book)
    poster = await sign(book)
    await book.accept(*(move(ISSUING, TILL, n) for n in range(1, 9)))
    await seal(book)
    await sign(book, day=1)
    async with book.app.begin() as connection:
        proof = await Seals(connection, TOWNSHIP).prove(TransactionId(award.id), since=poster)
    assert str(award.id) in proof.record
    told = verify_documents({"proof": proof, "poster": poster}, KEY.verifier)
    assert {one.code for one in told} == {"included", "consistent", "connected"}
    assert all(one.ok for one in told)
    forged = replace(proof, record=proof.record.replace('"p', '"q', 1).replace("10]", "99]"))
    assert not all(one.ok for one in verify_documents({"proof": forged}, KEY.verifier))


async def test_what_no_head_covers_yet_is_not_proven(book: Book) -> None:
    award = move(ISSUING, HOUSEHOLD, 10)
    await book.accept(award)
    await sign(book)
    await seal(book)
    async with book.app.begin() as connection:
        with pytest.raises(NotSealedError):
            await Seals(connection, TOWNSHIP).prove(TransactionId(award.id))
        with pytest.raises(NotSealedError):
            await Seals(connection, TOWNSHIP).prove(TransactionId(TILL.id))


async def test_a_head_is_no_reason_for_another(book: Book) -> None:
    async with book.app.begin() as connection:
        assert await Seals(connection, TOWNSHIP).read_latest_head() is None
    await seal(book)
    head = await sign(book)
    assert await seal(book) == head.head.size + 2
    async with book.app.begin() as connection:
        seals = Seals(connection, TOWNSHIP)
        assert await seals.read_latest_head() == head
        assert not await seals.has_grown_since(head.head.size)
    await book.accept(move(ISSUING, TILL, 1))
    await seal(book)
    async with book.app.begin() as connection:
        assert await Seals(connection, TOWNSHIP).has_grown_since(head.head.size)


async def test_nothing_is_signed_on_top_of_a_rewritten_history(book: Book) -> None:
    await book.accept(move(ISSUING, TILL, 1))
    await seal(book)
    await sign(book)
    async with book.behind_its_back() as connection:
        await connection.execute(text("update ledger.account set opened_at = opened_at - interval '1 day'"))
        await connection.execute(text("delete from ledger.leaf"))
        await connection.execute(text("delete from ledger.node"))
    await seal(book)
    with pytest.raises(RewrittenError):
        await sign(book, day=1)
