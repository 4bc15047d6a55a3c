"""The test vectors of docs/seals.md, made again from their records: once in the database and once far from it."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ledger.commitments import Opening
from ledger.encoding import encode_canonical, parse
from ledger.heads import SealKey, SignedHead, TreeHead
from ledger.merkle import compute_root, find_consistency_path, find_inclusion_path, leaf_hash
from ledger.proofs import Consistency, Proof, ProvenRestore, parse_document, verify_documents
from ledger.seals import Seals
from ledger.tables import transfer
from ledger.transactions import TransactionId
from ledger.verify import verify as discrepancies
from tests.databases import Clone
from tests.ledger.conftest import TOWNSHIP
from tests.ledger.trees import mth, stored_of

DOCUMENT = (Path(__file__).parents[2] / "docs" / "seals.md").read_text(encoding="utf-8")
VECTORS = dict(re.findall(r"^```(?:json|text) ([a-z-]+)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))
RECORDS = VECTORS["records"].splitlines()
LEAVES = [bytes.fromhex(line) for line in VECTORS["leaves"].splitlines()]
ROOTS = {int(size): bytes.fromhex(hash) for size, hash in map(str.split, VECTORS["roots"].splitlines())}
KEY = SealKey("示范乡", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
# Since the restore.
NEW_KEY = SealKey("示范乡", Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
OLD, NEW = 12, 16
RESTORE = 14
SIGNED_AT = {
    OLD: datetime.fromisoformat("2026-06-15T02:00:00Z"),
    NEW: datetime.fromisoformat("2026-06-16T02:00:00Z"),
}
PROVEN = 4


def values(record: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(record, parse_float=Decimal)
    return found


def test_the_keys_of_each_kind_are_those_of_the_table() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ((?:`\w+`,? ?)+) \|$", DOCUMENT, re.MULTILINE)
    told = {kind: re.findall(r"\w+", keys) for kind, keys in rows}
    found = {values(r)["record"]: [key for key in values(r) if key != "record"] for r in RECORDS}
    assert found == told


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_the_canonical_text_of_its_value(record: str) -> None:
    assert encode_canonical(parse(record)) == record


def test_leaves_and_roots_are_those_of_the_records() -> None:
    leaves = [record.encode() for record in RECORDS]
    assert [leaf_hash(leaf) for leaf in leaves] == LEAVES
    assert {size: mth(leaves[:size]) for size in range(NEW + 1)} == ROOTS
    assert {size: compute_root(range(size), stored_of(leaves)) for size in range(NEW + 1)} == ROOTS


def asked(transaction: dict[str, Any]) -> Iterator[list[Any]]:
    """What a caller asked for whose transaction reads so, if the moment was left to the clock or wasn't."""
    columns: list[Any] = list(zip(*transaction["transfers"], strict=True)) or [None] * 4
    for effective in (transaction["deferred_from"] or transaction["effective_at"], None):
        yield [
            *(transaction[key] for key in ("id", "kind", "phase", "target", "person", "reason")),
            *(at and _epoch(at) for at in (effective, transaction["expires_at"])),
            transaction["metadata"],
            *columns,
        ]


def _epoch(moment: str) -> Decimal:
    whole, micros = moment.removesuffix("Z").split(".")
    return Decimal(f"{int(datetime.fromisoformat(whole + 'Z').timestamp())}.{micros}")


def test_a_content_is_the_digest_of_what_was_asked_for() -> None:
    transactions = [values(r) for r in RECORDS if values(r)["record"] == "transaction"]
    assert {t["phase"] for t in transactions} == {"posted", "pending", "void", "reversal"}
    for transaction in transactions:
        digests = {sha256(encode_canonical(one).encode()).hexdigest() for one in asked(transaction)}
        assert transaction["content"] in digests


def test_key_and_heads_are_the_texts() -> None:
    for key, key_name, size, name in ((KEY, "key", OLD, "old-head"), (NEW_KEY, "new-key", NEW, "new-head")):
        assert VECTORS[key_name] == f"{key.verifier.text}\n{key.verifier.fingerprint}\n"
        assert key.sign(TreeHead(key.name, size, ROOTS[size], SIGNED_AT[size])).text == VECTORS[name]


def test_the_proof_is_the_file_and_holds() -> None:
    stored = stored_of([record.encode() for record in RECORDS])
    path = tuple(compute_root(subtree, stored) for subtree in find_inclusion_path(PROVEN, NEW))
    joined = tuple(compute_root(subtree, stored) for subtree in find_consistency_path(OLD, NEW))
    head = NEW_KEY.sign(TreeHead(KEY.name, NEW, ROOTS[NEW], SIGNED_AT[NEW]))
    since = Consistency(OLD, ROOTS[OLD], joined)
    to_restore = tuple(compute_root(subtree, stored) for subtree in find_inclusion_path(RESTORE, NEW))
    restores = (ProvenRestore(RECORDS[RESTORE], RESTORE, to_restore),)
    made = Proof(RECORDS[PROVEN], PROVEN, path, head, NEW_KEY.verifier, since, restores=restores)
    assert made.encode().decode() == VECTORS["proof"]
    documents = {name: parse_document(VECTORS[name].encode()) for name in ("proof", "old-head", "new-head")}
    told = verify_documents(documents, NEW_KEY.verifier)
    assert [(one.code, one.ok) for one in told] == [
        ("included", True),
        ("consistent", True),
        ("connected", True),
        ("connected", True),
    ]


def test_a_commitment_is_the_digest_of_salt_and_subject() -> None:
    record = VECTORS["withheld-record"].rstrip("\n")
    opening = json.loads(VECTORS["opening"])
    salt, subject = b64decode(opening["salt"]), opening["subject"]
    assert encode_canonical(parse(subject)) == subject
    commitment = sha256(salt + subject.encode()).hexdigest()
    assert VECTORS["commitment"] == f"{commitment}\n"
    assert values(record)["metadata"]["subject"] == Opening(salt, subject).commitment == commitment
    assert encode_canonical(parse(record)) == record
    assert leaf_hash(record.encode()).hex() == VECTORS["withheld-leaf"].strip()
    assert values(record)["content"] in {
        sha256(encode_canonical(one).encode()).hexdigest() for one in asked(values(record))
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "opened"),
        ({"opening": None}, "withheld"),
        ({"salt": bytes(32)}, "opening-mismatch"),
        ({"subject": '{"reason": "别的"}'}, "opening-mismatch"),
        ({"record": RECORDS[PROVEN]}, "opening-mismatch"),
    ],
)
def test_an_opening_is_checked_in_its_file(change: dict[str, Any], code: str) -> None:
    given = json.loads(VECTORS["opening"])
    opening = Opening(change.get("salt", b64decode(given["salt"])), change.get("subject", given["subject"]))
    record = change.get("record", VECTORS["withheld-record"].rstrip("\n"))
    leaf = leaf_hash(record.encode())
    head = KEY.sign(TreeHead(KEY.name, 1, leaf, SIGNED_AT[NEW]))
    made = Proof(record, 0, (), head, KEY.verifier, None, None if "opening" in change else opening)
    read = parse_document(made.encode())
    assert read == made
    told = verify_documents({"": read}, KEY.verifier)
    assert [(one.code, one.ok) for one in told] == [("included", True), (code, code != "opening-mismatch")]


async def test_the_database_makes_the_same(clone: Clone) -> None:
    """From rows with the records' values, sealed as the application seals."""
    engine = create_async_engine(clone.owner)
    try:
        async with engine.begin() as connection:
            # An account's unit is there before it, whatever their order in the tree.
            for record in sorted(RECORDS[:OLD], key=lambda r: values(r)["record"] != "unit"):
                await _insert(connection, record)
            await connection.execute(text(_BALANCES), {"township": TOWNSHIP})
        assert await _seal(engine) == ROOTS[OLD]
        async with engine.begin() as connection:
            for record in RECORDS[OLD:]:
                await _insert(connection, record)
        assert await _seal(engine) == ROOTS[NEW]

        async with engine.begin() as connection:
            rows = await connection.execute(text(_LEAVES), {"township": TOWNSHIP})
            assert [tuple(row) for row in rows] == list(zip(RECORDS, LEAVES, strict=True))
            seals = Seals(connection, TOWNSHIP)
            assert (await seals.sign(NEW_KEY, SIGNED_AT[NEW])).text == VECTORS["new-head"]
            old = SignedHead.parse(VECTORS["old-head"])
            proof = await seals.prove(TransactionId(UUID(values(RECORDS[PROVEN])["id"])), since=old)
            assert proof.encode().decode() == VECTORS["proof"]
            assert [fault async for fault in discrepancies(connection, TOWNSHIP)] == []
    finally:
        await engine.dispose()


_BALANCES = """
    insert into ledger.balance (township, account, minimum, posted)
    select a.township, a.id, a.minimum, coalesce(sum(e.amount) filter (where not e.pending), 0)
      from ledger.account a left join ledger.entry e on e.township = a.township and e.account = a.id
     where a.township = :township and a.minimum is not null
     group by a.township, a.id, a.minimum"""
_ROW = """
    insert into ledger.{table}
    select row.* from (select cast(:record as jsonb) as record) given,
           jsonb_populate_record(
               null::ledger.{table},
               record || jsonb_build_object('content', '\\x' || (record ->> 'content'))) row"""
_LEAVES = """
    select l.record, n.hash from ledger.leaf_record l
      join ledger.node n on n.township = l.township and n.level = 0 and n.position = l.position
     where l.township = :township order by l.position"""


async def _seal(engine: AsyncEngine) -> bytes:
    """The root of all that can be sealed."""
    async with engine.begin() as connection:
        seals = Seals(connection, TOWNSHIP)
        return await seals.read_root(await seals.append(limit=100))


async def _insert(connection: AsyncConnection, record: str) -> None:
    """The rows of a record. Its keys are its table's columns, but for the transfers."""
    given = values(record)
    table = given["record"].replace("-", "_")
    # Bytes, in the records' hexadecimal as PostgreSQL reads it.
    digests = ", ".join(
        f"'{key}', '\\x' || (cast(:record as jsonb) ->> '{key}')" for key in ("content", "root") if key in given
    )
    row = f"cast(:record as jsonb) || jsonb_build_object({digests})"
    await connection.execute(
        text(f"insert into ledger.{table} select * from jsonb_populate_record(null::ledger.{table}, {row})"),
        {"record": record},
    )
    for ordinal, (unit, debit, credit, amount) in enumerate(given.get("transfers", ()), start=1):
        await connection.execute(
            insert(transfer).values(
                township=TOWNSHIP,
                transaction=UUID(given["id"]),
                ordinal=ordinal,
                unit=unit,
                debit=UUID(debit),
                credit=UUID(credit),
                amount=amount,
                pending=given["phase"] == "pending",
                recorded_at=datetime.fromisoformat(given["recorded_at"]),
            )
        )
