"""A restore as people meet it: on the notice, in a proof, and for whoever holds a notice from the gap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
from uuid_utils.compat import uuid7

from api.bookkeeping.seals.restores import TOLD_FOR, list_restore_warnings, mark_restored
from api.platform import accounts
from api.platform.clock import TravelClock
from api.platform.database.embedded import Embedded
from ledger.heads import VerifierKey
from ledger.proofs import parse_document, verify_documents
from tests.api.asking import problem, sign_in
from tests.api.bookkeeping.seals.test_seals import an_award, sealed
from tests.api.web.browser import browsing
from tests.conftest import LiveTown, opened, serving
from tests.databases import SEEDED, Clone, cloned


@asynccontextmanager
async def running(seeded: LiveTown, clone: Clone, clock: TravelClock) -> AsyncIterator[LiveTown]:
    async with opened(clone, clock) as base, serving(base) as url:
        yield replace(seeded, url=url, town=base, clock=clock, clone=clone)


async def test_a_notice_of_the_gap_is_told_as_such(server: Embedded, seeded: LiveTown, clock: TravelClock) -> None:
    async with cloned(server, SEEDED) as clone:
        async with running(seeded, clone, clock) as town:
            before = (await sealed(town))["note"]
        backup_at = clock.now()
        async with cloned(server, str(clone.owner.database)) as backup:
            async with running(seeded, clone, clock) as town:
                clock.travel(clock.now() + timedelta(days=2))
                async with town.town.unit_of_work() as uow:
                    await uow.books.open_accounts([accounts.supply("late")], uow.now)
                lost = (await sealed(town))["note"]
            clock.travel(clock.now() + timedelta(days=2))
            async with running(seeded, backup, clock) as town:
                id = uuid7()
                for reason in ("硬盘坏了", "又说一遍"):
                    await mark_restored(town.town, id, backup_at=backup_at, person="老李", reason=reason)
                clock.travel(clock.now() + timedelta(hours=2))
                head = await sealed(town)
                assert [(told["id"], told["reason"]) for told in head["restores"]] == [(str(id), "硬盘坏了")]
                async with httpx.AsyncClient(base_url=town.url) as http:
                    board = (await http.get("/notices/hp")).text
                assert "备份恢复过（老李：硬盘坏了）" in board
                await sign_in(town, "office")
                transaction = await an_award(town)
                async with town.staff("office") as http:
                    path = f"/v1/seals/proofs/{transaction}"
                    problem(await http.post(path, json={"note": lost}), 409, "before-restore")
                    proof = await http.post(path, json={"note": before})
                documents = {
                    "proof": parse_document(proof.content),
                    "before": parse_document(before.encode()),
                    "lost": parse_document(lost.encode()),
                }
                told = verify_documents(documents, VerifierKey.parse(head["key"]))
                assert {one.subject: one.code for one in told} == {
                    "proof": "consistent",
                    "before": "connected",
                    "lost": "printed-before-restore",
                }


async def test_the_desk_is_told_what_has_to_be_done_again(town: LiveTown) -> None:
    assert await list_restore_warnings(town.town) == []
    backup_at = town.clock.now()
    town.clock.travel(backup_at + timedelta(hours=3))
    await mark_restored(town.town, uuid7(), backup_at=backup_at, person="老李", reason="硬盘坏了")
    lost, awaited = await list_restore_warnings(town.town)
    assert "从 2026-06-15 10:00 的备份恢复过" in lost
    assert "还没有补报的终端：河畔村积美超市前台。" in awaited
    await sign_in(town, "office")
    async with browsing(town, "office") as page:
        await page.open("/desk")
        assert lost in page.text
        await page.open("/desk/tills")
        assert "账本恢复以后，它还没有补报" in page.text
    async with town.device() as http:
        (await http.post("/v1/till/leases", params={"last": 0})).raise_for_status()
    assert await list_restore_warnings(town.town) == [lost]
    town.clock.travel(backup_at + TOLD_FOR + timedelta(hours=4))
    assert await list_restore_warnings(town.town) == []
