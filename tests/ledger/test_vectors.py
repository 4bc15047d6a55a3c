"""The test vectors of docs/seals.md: a small book, made again by the database and by Python alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from ledger.encoding import canonical, parse
from ledger.heads import SealKey, SignedHead, TreeHead, VerifierKey
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.seals import Seals
from ledger.transactions import TownshipId
from tests.conftest import Clone
from tests.ledger.trees import mth

DOCS = Path(__file__).parents[2] / "docs" / "seals.md"

# The book of the vectors, row by row; each row's writer is the number of its line.
BOOK = """
insert into ledger.unit values (7, 'points', 'points', 1);
insert into ledger.account values
    (7, '019a0000-0000-7000-8000-000000000001', 'township:issuing', 'points', null, '2026-06-01T00:00:00Z', 2);
insert into ledger.account values
    (7, '019a0000-0000-7000-8000-000000000002', 'household:v01-001', 'points', 0, '2026-06-01T00:00:00Z', 3);
insert into ledger.transaction (township, id, kind, phase, person, reason, effective_at, recorded_at, metadata,
                                content, written_by)
select 7, id, 'award', 'posted', 'zhao', '清扫门前"雪"', recorded, recorded, metadata,
       ledger.content(id, 'award', 'posted', null, 'zhao', '清扫门前"雪"', null, null, metadata, array['points'],
                      array['019a0000-0000-7000-8000-000000000001'::uuid],
                      array['019a0000-0000-7000-8000-000000000002'::uuid], array[5::numeric]), 4
  from (values ('019a0000-0000-7000-8000-000000000003'::uuid, '2026-06-02T01:02:03.000456Z'::timestamptz,
                '{"village": "v01", "n": 1.50}'::jsonb)) as asked(id, recorded, metadata);
insert into ledger.transfer values
    (7, '019a0000-0000-7000-8000-000000000003', 1, 'points', '019a0000-0000-7000-8000-000000000001',
     '019a0000-0000-7000-8000-000000000002', 5, false, '2026-06-02T01:02:03.000456Z');
insert into ledger.account_closing values
    (7, '019a0000-0000-7000-8000-000000000002', '2026-06-30T00:00:00Z', 'li', '迁出', 5);
insert into ledger.period_closing values (7, '2026-06-30T16:00:00Z', '2026-07-01T01:00:00Z', 'li', '六月月结', 6);
insert into ledger.expiry_policy values
    (7, 'points', '2027-01-01', 'rolling', 12, 'li', '村民代表会议', '2026-07-01T01:00:00Z', 7);
"""


def vectors() -> dict[str, Any]:
    [block] = re.findall(r"```json vectors\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.S)
    read: dict[str, Any] = json.loads(block)
    return read


def test_the_vectors_follow_from_their_texts() -> None:
    given = vectors()
    records = [leaf["record"] for leaf in given["leaves"]]
    assert [canonical(parse(record)) for record in records] == records
    assert [leaf_hash(record.encode()).hex() for record in records] == [leaf["hash"] for leaf in given["leaves"]]
    root = mth([record.encode() for record in records])
    assert root.hex() == given["root"]

    key = SealKey("示范乡", Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given["private_key"])))
    assert (key.verifier.text, key.verifier.fingerprint) == (given["key"], given["fingerprint"])
    signed = SignedHead.parse(given["head"])
    assert key.sign(TreeHead("示范乡", len(records), root, signed.head.signed_at)).text == given["head"]
    assert VerifierKey.parse(given["key"]).signed(signed)

    proof = given["proof"]
    path = [bytes.fromhex(hash) for hash in proof["path"]]
    leaf = bytes.fromhex(given["leaves"][proof["position"]]["hash"])
    assert verify_inclusion(leaf, proof["position"], len(records), path, root)


async def test_the_database_makes_the_same_records(clone: Clone) -> None:
    engine = create_async_engine(clone.owner)
    async with engine.begin() as connection:
        for statement in BOOK.split(";\n")[:-1]:
            await connection.execute(text(statement.replace(":", r"\:")))
    async with engine.begin() as connection:
        seals = Seals(connection, TownshipId(7))
        size = await seals.append(limit=100)
        rows = await connection.execute(text("select record from ledger.leaf_record order by position"))
        given = vectors()
        assert list(rows.scalars()) == [leaf["record"] for leaf in given["leaves"]]
        assert (await seals.root(size)).hex() == given["root"]
    await engine.dispose()
