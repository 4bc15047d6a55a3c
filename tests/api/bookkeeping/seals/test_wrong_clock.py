"""A server whose clock was wrong for a while: nothing ends before its time, people are told, and heads go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
from uuid_utils.compat import uuid7

from api.bookkeeping.seals.clock_warnings import list_clock_warnings
from api.bookkeeping.seals.keys import load_seal_key
from api.bookkeeping.seals.use_cases import seal
from api.platform import accounts
from api.platform.clock import CLOCK_SLACK, WallClock
from ledger.heads import SignedHead, VerifierKey
from ledger.proofs import parse_document, verify_documents
from ledger.seals import Seals
from ledger.transactions import Phase, Status, Transaction, TransactionId, Transfer
from ledger.verify import verify
from tests.api.asking import rows
from tests.api.web.browser import browsing
from tests.conftest import NOW, LiveTown, run_jobs, serving

WRONG = timedelta(days=400)


async def newest_head(town: LiveTown) -> SignedHead:
    while await seal(town.town):
        pass
    async with httpx.AsyncClient(base_url=town.url) as http:
        return SignedHead.parse((await http.get("/v1/seals/head")).raise_for_status().json()["note"])


async def give(town: LiveTown, points: int) -> None:
    """By whatever clock: sessions are over after half a day."""
    issuing, household = accounts.ISSUING, accounts.household("hp-1")
    transfer = Transfer(issuing.id, household.id, issuing.unit, points)
    async with town.town.unit_of_work() as uow:
        given = Transaction(TransactionId(uuid7()), "award", Phase.POSTED, (transfer,))
        [posted] = await uow.books.post([given], uow.now)
        assert posted.status == Status.OK


class Wall:
    """A clock on the wall that somebody sets; hours pass only when a test says so."""

    def __init__(self) -> None:
        self.error = timedelta()
        self.passed = timedelta()
        self.clock = WallClock(lambda: NOW + self.passed + self.error, lambda: self.passed)


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
async def guarded(town: LiveTown, wall: Wall) -> AsyncIterator[LiveTown]:
    """The town, by the clock that a real server has."""
    base = replace(town.town, clock=wall.clock)
    async with serving(base) as url:
        yield replace(town, url=url, town=base)


async def test_what_is_done_while_the_clock_is_wrong_has_the_right_date(guarded: LiveTown, wall: Wall) -> None:
    shift = await guarded.shift()
    wall.error, wall.passed = WRONG, timedelta(seconds=9)
    sale = {"card": guarded.card, "lines": [{"product": "soap", "quantity": 1, "price": 5}]}
    async with guarded.device(shift) as till:
        sold = await till.put(f"/v1/redemptions/{uuid7()}", json=sale)
    assert sold.status_code in (200, 201), sold.text
    [recorded] = await rows(guarded, "select max(recorded_at) as at from ledger.transaction")
    assert recorded.at <= NOW + timedelta(minutes=1)
    async with browsing(guarded, "qian") as supervisor:
        await supervisor.open("/desk")
        assert "时钟忽然快了 400 天" in supervisor.text
    wall.error = timedelta()
    async with browsing(guarded, "qian") as supervisor:
        await supervisor.open("/desk")
        assert "时钟" not in supervisor.text


async def test_nothing_that_waits_for_its_day_ends_by_a_clock_that_jumped(guarded: LiveTown, wall: Wall) -> None:
    """A notice here; the other jobs have their time from the same clock."""
    claim = {"id": str(uuid7()), "household": "hp-1", "rule": "A09", "deed_on": "2026-06-14", "inputs": {}}
    for login, path, body in (
        ("wang", "/v1/claims", [claim]),
        ("zhao", "/v1/claims/review", {"claims": [claim["id"]]}),
        ("li", "/v1/claims/approve", {"claims": [claim["id"]]}),
    ):
        async with guarded.staff(login) as http:
            (await http.post(path, json=body)).raise_for_status()
    before = await rows(guarded, "select id, phase from ledger.transaction order by id")
    for error in (WRONG, -WRONG):
        wall.error = error
        await run_jobs(guarded.town)
    assert await rows(guarded, "select id, phase from ledger.transaction order by id") == before
    assert (await rows(guarded, "select status from claim where id = :id", id=claim["id"]))[0].status == "approved"


async def test_a_head_from_the_future_keeps_no_other_away(town: LiveTown) -> None:
    """As an embedded database was started with a wrong clock: nobody could know."""
    await newest_head(town)
    town.clock.travel(NOW + WRONG)
    wrong = await newest_head(town)
    assert wrong.head.signed_at == NOW + WRONG
    [warning] = await list_clock_warnings(town.town)
    assert "比上一个晚了 400 天" in warning
    await give(town, 7)
    town.clock.travel(NOW + timedelta(hours=2))
    right = await newest_head(town)
    assert NOW < right.head.signed_at < NOW + timedelta(hours=2) + CLOCK_SLACK
    assert right.head.size > wrong.head.size
    await town.award("hp-2", 8)
    town.clock.travel(NOW + timedelta(hours=4))
    assert (await newest_head(town)).head.signed_at == NOW + timedelta(hours=4)
    async with browsing(town, "tan") as supervisor:
        await supervisor.open("/desk")
        assert "笔账记的时间在将来" in supervisor.text
    async with town.town.snapshot() as uow:
        connection = await uow.session.connection()
        assert [fault async for fault in verify(connection, uow.township)] == []
        assert await Seals(connection, uow.township).list_misdated() == [wrong.head.signed_at]


async def test_a_proof_from_a_misdated_notice_holds_and_says_so(town: LiveTown) -> None:
    await town.award("hp-2", 6)
    town.clock.travel(NOW + WRONG)
    wrong = await newest_head(town)
    await give(town, 7)
    town.clock.travel(NOW + timedelta(hours=2))
    await newest_head(town)
    [award] = await rows(
        town, "select id from ledger.transaction where kind = 'award' order by recorded_at limit 1"
    )
    async with town.staff("office") as http:
        proof = await http.post(f"/v1/seals/proofs/{award.id}", json={"note": wrong.text})
        key = VerifierKey.parse((await http.get("/v1/seals/head")).json()["key"])
    told = verify_documents({"proof": parse_document(proof.content), "notice": wrong}, key)
    assert all(one.ok for one in told), told
    assert [one.subject for one in told if one.code == "misdated"] == ["notice"]


async def test_heads_of_a_clock_set_back_a_little_stay_in_their_order(town: LiveTown) -> None:
    first = await newest_head(town)
    moments: list[datetime] = [first.head.signed_at]
    for seconds in (-5, 0, 3):
        town.clock.travel(first.head.signed_at + timedelta(seconds=seconds))
        async with town.town.unit_of_work() as uow:
            seals = Seals(await uow.session.connection(), uow.township)
            signed = await seals.sign(load_seal_key(town.town.data, "示范乡"), uow.now)
            moments.append(signed.head.signed_at)
    assert moments == sorted(set(moments))
