"""Books that went back to a backup: heads printed in the gap are told apart from forged ones, and no key signs two
roots for one size."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from uuid_utils.compat import uuid7

from api.platform.database.embedded import Embedded
from ledger.encoding import encode_canonical
from ledger.heads import SealKey, SignedHead, TreeHead
from ledger.merkle import find_inclusion_path
from ledger.proofs import ProofError, ProvenRestore, parse_document, verify_documents
from ledger.restores import Restore, find_orphaning
from ledger.seals import RetiredKeyError, Seals
from tests.databases import EMPTY, cloned
from tests.ledger.conftest import ACCOUNTS, ISSUING, NOW, TILL, TOWNSHIP, Book, move
from tests.ledger.test_moved import opened
from tests.ledger.test_proofs import Office

OLD, NEW, STRANGER = (SealKey.generate("示范乡") for _ in range(3))
DAY = timedelta(days=1)
BACKUP_AT, RESTORED_AT = NOW + 20 * DAY, NOW + 30 * DAY
SIZE = 20


def told_by(office: Office) -> Restore:
    return Restore(
        uuid7(), BACKUP_AT, RESTORED_AT, SIZE, office.head(SIZE).head.root, OLD.verifier.text, "li", "硬盘坏了"
    )


def record_of(restore: Restore) -> str:
    return encode_canonical(
        {
            "record": "restore",
            "township": 7,
            "id": str(restore.id),
            "size": restore.size,
            "root": restore.root.hex(),
            "key": restore.key,
            "person": restore.person,
            "reason": restore.reason,
            "backup_at": f"{restore.backup_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "restored_at": f"{restore.restored_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "written_by": 9,
        }
    )


BEFORE = Office([f'{{"id": {n}}}' for n in range(40)], OLD)
RESTORE = told_by(BEFORE)
# What the backup had, the restore, and other entries than those that are lost.
AFTER = Office([*BEFORE.records[:SIZE], record_of(RESTORE), *(f'{{"new": {n}}}' for n in range(30))], NEW)
PROVEN = ProvenRestore(AFTER.records[SIZE], SIZE, AFTER.path(find_inclusion_path(SIZE, 45)))


def codes(poster: SignedHead, since: int | None = None) -> list[str]:
    proof = replace(AFTER.proof(3, 45, since), restores=(PROVEN,))
    assert parse_document(proof.encode()) == proof
    found = verify_documents({"proof": proof, "poster": poster}, NEW.verifier)
    return [one.code for one in found if one.subject in ("poster", "")]


def test_a_restore_is_read_from_its_leaf_alone() -> None:
    assert Restore.from_record(record_of(RESTORE)) == RESTORE
    for other in (BEFORE.records[0], "{", record_of(RESTORE).replace('"restore"', '"restored"')):
        assert Restore.from_record(other) is None


@given(size=st.integers(1, 40), days=st.integers(0, 60), key=st.sampled_from([OLD, NEW, STRANGER]))
def test_only_heads_of_the_gap_are_told_as_such(size: int, days: int, key: SealKey) -> None:
    """By our key of then, of more than the backup has, dated between; any other is what it was before."""
    head = replace(BEFORE.head(size).head, signed_at=NOW + days * DAY)
    poster = key.sign(head)
    in_gap = key is OLD and size > SIZE and 20 <= days <= 30
    assert (find_orphaning([RESTORE], poster) is not None) == in_gap
    [code, *others] = codes(poster, since=min(size, SIZE))
    if in_gap:
        assert (code, others) == ("printed-before-restore", [])
    elif key is STRANGER or (key is OLD and size > SIZE):
        assert code == "bad-signature"
    elif size <= SIZE:
        assert code == "connected"
    else:
        # The new key under the lost entries.
        assert code == "not-connected"


def test_a_restore_that_isnt_in_the_tree_explains_nothing() -> None:
    invented = replace(RESTORE, size=5)
    proof = replace(AFTER.proof(3, 45), restores=(ProvenRestore(record_of(invented), SIZE, PROVEN.path),))
    found = verify_documents({"proof": proof, "poster": BEFORE.head(25)}, NEW.verifier)
    assert {(one.subject, one.code) for one in found if not one.ok} == {
        ("proof", "restore-not-included"),
        ("poster", "bad-signature"),
    }


def test_a_proof_from_the_gap_is_told_as_such() -> None:
    ours, lost = replace(AFTER.proof(3, 45), restores=(PROVEN,)), BEFORE.proof(30, 35)
    lost = replace(lost, head=OLD.sign(replace(lost.head.head, signed_at=NOW + 25 * DAY)))
    found = verify_documents({"a": lost, "b": ours}, NEW.verifier)
    assert [(one.subject, one.code) for one in found] == [("b", "included"), ("a", "printed-before-restore")]


def test_a_proof_file_has_restores_or_none_at_all() -> None:
    file = replace(AFTER.proof(3, 45), restores=(PROVEN,)).encode().decode()
    start = file.index('"restores"')
    with pytest.raises(ProofError):
        parse_document((file[:start] + '"restores": []\n}\n').encode())


async def grow(book: Book, key: SealKey, days: int) -> SignedHead:
    await book.accept(move(ISSUING, TILL, 50 + days))
    async with book.app.begin() as connection:
        await Seals(connection, TOWNSHIP).append(limit=100)
    async with book.app.begin() as connection:
        return await Seals(connection, TOWNSHIP).sign(key, NOW + days * DAY)


async def test_the_books_go_on_under_a_key_of_their_own(server: Embedded) -> None:
    """The old server lives on meanwhile, which its heads show to whoever compares."""
    async with cloned(server, EMPTY) as lives_on:
        async with opened(lives_on) as book:
            await book.use(lambda books: books.open_accounts(ACCOUNTS, NOW))
            await book.accept(*(move(ISSUING, TILL, n) for n in range(1, 9)))
            first = await grow(book, OLD, 0)
        async with (
            cloned(server, str(lives_on.owner.database)) as backup,
            opened(lives_on) as book,
            opened(backup) as restored,
        ):
            await _part(book, restored, first)


async def _part(book: Book, restored: Book, first: SignedHead) -> None:
    lost = await grow(book, OLD, 2)
    id = uuid7()
    for _ in range(2):
        async with restored.app.begin() as connection:
            marked = await Seals(connection, TOWNSHIP).mark_restored(
                id, backup_at=NOW + DAY, now=NOW + 3 * DAY, person="li", reason="硬盘坏了"
            )
    assert (marked.size, marked.root, marked.key) == (first.head.size, first.head.root, OLD.verifier.text)
    with pytest.raises(RetiredKeyError):
        await grow(restored, OLD, 4)
    now_on = await grow(restored, NEW, 4)
    late = await grow(book, OLD, 5)
    assert await restored.faults() == []
    async with restored.app.begin() as connection:
        seals = Seals(connection, TOWNSHIP)
        assert await seals.read_restores() == [marked]
        one = await connection.scalar(text("select key::uuid from ledger.leaf where kind = 'transaction' limit 1"))
        proof = await seals.prove(one, since=first)
    found = verify_documents({"p": proof, "first": first, "lost": lost, "late": late}, NEW.verifier)
    assert [(one.subject, one.code) for one in found if one.subject not in ("", "p")] == [
        ("first", "connected"),
        ("lost", "printed-before-restore"),
        ("late", "bad-signature"),
    ]
    # Whoever has the retired key and the database can't go on with it unseen.
    forged = OLD.sign(TreeHead("示范乡", now_on.head.size, now_on.head.root, NOW + 6 * DAY))
    async with restored.app.begin() as connection:
        await connection.execute(
            text("select ledger.add_head(:t, :size, :note, :at)"),
            {"t": TOWNSHIP, "size": forged.head.size, "note": forged.text, "at": forged.head.signed_at},
        )
    assert "恢复以后还用停用了的私钥封印" in [fault.message for fault in await restored.faults()]
