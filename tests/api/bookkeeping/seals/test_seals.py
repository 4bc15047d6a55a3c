"""Seals as people meet them: on the notice, in a proof file, and against whoever rewrites history."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from api.bookkeeping.seals.keys import load_seal_key
from api.bookkeeping.seals.use_cases import seal
from api.platform.errors import Refused
from ledger.heads import VerifierKey
from ledger.proofs import Proof, parse_document, verify_documents
from tests.api.asking import confirmed, problem
from tests.conftest import LiveTown
from tests.databases import owner_engine


async def sealed(town: LiveTown) -> dict[str, Any]:
    while await seal(town.town):
        pass
    async with httpx.AsyncClient(base_url=town.url) as http:
        answer = await http.get("/v1/seals/head")
        assert answer.status_code == 200
        head: dict[str, Any] = answer.json()
        return head


async def an_award(town: LiveTown) -> str:
    async with town.staff("office") as http:
        page = (await http.get("/v1/accounts/household:hp-1/statement")).json()
    return str(page["entries"][0]["transaction"])


async def test_the_notice_prints_the_newest_seal_and_its_key(town: LiveTown) -> None:
    head = await sealed(town)
    async with httpx.AsyncClient(base_url=town.url) as http:
        board = (await http.get("/notices/hp")).text
        saved = (await http.get("/seal.txt")).text
    assert saved == head["note"]
    for line in (*head["note"].split("\n")[1:4], head["fingerprint"]):
        assert line in board
    assert VerifierKey.parse(head["key"]).fingerprint == head["fingerprint"]


async def test_a_head_is_signed_hourly_while_the_books_grow_and_daily_when_they_rest(town: LiveTown) -> None:
    async def count() -> int:
        while await seal(town.town):
            pass
        async with httpx.AsyncClient(base_url=town.url) as http:
            return len((await http.get("/v1/seals/heads")).json())

    # The first head may come while something of the township's beginning is still under way.
    assert await count() >= 1
    town.clock.travel(town.clock.now() + timedelta(hours=2))
    settled = await count()
    town.clock.travel(town.clock.now() + timedelta(hours=2))
    assert await count() == settled
    async with town.staff("office") as http:
        asked = await http.post("/v1/periods", json={"month": "2026-05", "reason": "月结"})
    done = await confirmed(town, asked, "tan")
    assert done.status_code == 200, done.text
    assert await count() == settled + 1
    town.clock.travel(town.clock.now() + timedelta(hours=25))
    assert await count() == settled + 2


async def test_a_proof_is_made_at_once_and_checked_anywhere(town: LiveTown) -> None:
    """Also of what no head covers yet, and from last month's notice on."""
    poster = (await sealed(town))["note"]
    transaction = await an_award(town)
    async with town.staff("office") as http:
        await http.post("/v1/periods", json={"month": "2026-05", "reason": "月结"})
        plain = await http.get(f"/v1/seals/proofs/{transaction}")
        since = await http.post(f"/v1/seals/proofs/{transaction}", json={"note": poster})
        problem(await http.get(f"/v1/seals/proofs/{uuid7()}"), 404, "unknown")
        problem(await http.post(f"/v1/seals/proofs/{transaction}", json={"note": "x"}), 400, "malformed")
    old = parse_document(poster.encode())
    documents = {"plain": parse_document(plain.content), "since": parse_document(since.content), "poster": old}
    told = verify_documents(documents)
    assert {one.code for one in told} == {"included", "connected", "own-key"} | (
        {"consistent"} if isinstance(documents["since"], Proof) and documents["since"].consistency else set()
    )
    assert all(one.ok for one in told)


async def test_a_household_takes_the_proof_of_its_own_entries_home(town: LiveTown) -> None:
    transaction = await an_award(town)
    async with httpx.AsyncClient(base_url=town.url) as http:
        page = (await http.get(f"/c/{town.card}")).text
        assert f"/c/{town.card}/proofs/{transaction}" in page
        mine = await http.get(f"/c/{town.card}/proofs/{transaction}")
        others = await http.get(f"/c/{town.poor_card}/proofs/{transaction}")
    assert all(one.ok for one in verify_documents({"mine": parse_document(mine.content)}))
    assert others.status_code == 404


async def test_history_rewritten_since_the_notice_is_refused_a_proof(town: LiveTown) -> None:
    """Somebody who can do everything in the database changes an old record, and makes the tree anew."""
    poster = (await sealed(town))["note"]
    transaction = await an_award(town)
    engine = owner_engine(town.clone)
    async with engine.begin() as connection:
        await connection.execute(text("set local session_replication_role = replica"))
        # Not while the server seals, which would go on with half a tree.
        await connection.execute(text("select pg_advisory_xact_lock(hashtext('ledger.seal'), 1)"))
        for change in (
            "update ledger.account set opened_at = opened_at - interval '1 day'",
            "delete from ledger.leaf",
            "delete from ledger.node",
        ):
            await connection.execute(text(change))
    while await seal(town.town):
        pass
    async with town.staff("office") as http:
        answer = await http.post(f"/v1/seals/proofs/{transaction}", json={"note": poster})
    problem(answer, 409, "rewritten")


def test_the_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    key = load_seal_key(tmp_path / "data", "示范乡")
    assert load_seal_key(tmp_path / "data", "示范乡").verifier == key.verifier
    assert stat.S_IMODE((tmp_path / "data" / "seal.key").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["seal.key"]
    (tmp_path / "data" / "seal.key").write_text("nonsense")
    with pytest.raises(Refused):
        load_seal_key(tmp_path / "data", "示范乡")
