"""Accounts, balances at any moment, and statements that add up however they are paged."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, timedelta
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from api import wire
from api.bookkeeping.general_ledger.accounts import read_statement as read_statement
from api.bookkeeping.general_ledger.imports import import_batch
from api.desk.proposals.kinds import KINDS
from api.platform import accounts
from api.registry.people.use_cases import find_by_login
from api.registry.proposals.deciding import confirm
from tests.api.asking import problem
from tests.api.bookkeeping.general_ledger.conftest import (
    HP1,
    HP3,
    ask,
    available,
    awarded,
    bring_in,
    correct,
    correction,
    hold,
    neighbours,
    redeem,
    reserve,
    row,
    settle,
    statement,
)
from tests.conftest import LiveTown
from tests.profile import many


async def test_accounts_are_listed_page_by_page_with_their_balances(town: LiveTown) -> None:
    await reserve(town, hold(10))
    whole = await ask(town, "/v1/accounts", limit=500)
    names = [a["name"] for a in whole["accounts"]]
    assert whole["next"] is None
    assert {"township:issuing", HP1, "supermarket:hp:till", "supermarket:hp:shelf:soap"} <= set(names)
    assert len(set(names)) == len(names)
    paged: list[dict[str, Any]] = []
    after = ""
    while after is not None:
        page = await ask(town, "/v1/accounts", limit=3, after=after)
        assert len(page["accounts"]) <= 3
        paged += page["accounts"]
        after = page["next"]
    assert paged == whole["accounts"]
    by_name = {a["name"]: a for a in whole["accounts"]}
    assert by_name[HP1] == {
        "name": HP1,
        "unit": "points",
        "kind": "points",
        "minimum": 0,
        "closed": False,
        "posted": 100,
        "reserved": 10,
        "expected": 0,
    }
    assert (by_name["township:issuing"]["posted"], by_name["township:issuing"]["minimum"]) == (-203, None)


async def test_a_prefix_is_no_pattern(town: LiveTown) -> None:
    page = await ask(town, "/v1/accounts", prefix="household:")
    assert [a["name"] for a in page["accounts"]] == [f"household:hp-{n}" for n in (1, 2, 3, 4)]
    assert (await ask(town, "/v1/accounts", prefix="household%"))["accounts"] == []


async def test_a_closed_account_says_so(town: LiveTown) -> None:
    async with town.town.unit_of_work() as uow:
        await uow.books.close_account(accounts.household("hp-3").id, uow.now, person="li", reason="迁出")
    page = await ask(town, "/v1/accounts", prefix="household:")
    assert [a["closed"] for a in page["accounts"]] == [False, False, True, False]


async def test_a_committee_reads_its_own_villages_households_and_supermarkets(town: LiveTown) -> None:
    await neighbours(town)
    near = [a["name"] for a in (await ask(town, "/v1/accounts", by="li", limit=500))["accounts"]]
    far = [a["name"] for a in (await ask(town, "/v1/accounts", by="far", limit=500))["accounts"]]
    assert far == ["household:ss-1", "supermarket:ss:till"]
    assert {HP1, "supermarket:hp:till", "supermarket:hp:shelf:soap"} <= set(near)
    assert all(n.startswith(("household:hp-", "supermarket:hp:")) for n in near)
    assert [a["name"] for a in (await ask(town, "/v1/accounts", by="far-off", limit=500))["accounts"]] == far
    everything = (await ask(town, "/v1/accounts", by="tan", limit=500))["accounts"]
    assert {*near, *far, "township:issuing"} <= {a["name"] for a in everything}
    async with town.staff("far") as http:
        for what in ("balance", "statement", "months/2026-05"):
            for name in (HP1, "supermarket:hp:shelf:soap", "township:issuing", "goods:soap:supply"):
                problem(await http.get(f"/v1/accounts/{name}/{what}"), 404, "unknown")
            assert (await http.get(f"/v1/accounts/household:ss-1/{what}")).status_code == 200
        problem(await http.get(f"/v1/transactions/{await awarded(town)}"), 404, "unknown")


async def test_a_balance_as_of_a_moment_on_either_timeline(town: LiveTown) -> None:
    """The awards of the fixture are for deeds of 1 June, and were written down on the 15th."""
    path = f"/v1/accounts/{HP1}/balance"
    for at, timeline, posted in (
        ("2026-05-31T23:59:59+08:00", "effective", 0),
        ("2026-06-01T00:00:00+08:00", "effective", 100),
        ("2026-06-14T00:00:00Z", "recorded", 0),
        ("2026-06-16T00:00:00Z", "recorded", 100),
    ):
        told = await ask(town, path, at=at, timeline=timeline)
        assert (told["posted"], told["timeline"], told["unit"]) == (posted, timeline, "points")
    now = await ask(town, path)
    assert (now["posted"], now["available"], now["at"]) == (100, 100, None)


@pytest.mark.parametrize(
    "query",
    [
        {"at": "2026-06-01T00:00:00"},
        {"at": "gestern"},
        {"at": "9999-12-31T23:59:59-12:00"},
        {"at": "0001-01-01T00:00:00+08:00"},
        {"timeline": "sideways"},
    ],
)
async def test_a_moment_that_is_none(town: LiveTown, query: dict[str, str]) -> None:
    async with town.staff("office") as http:
        problem(await http.get(f"/v1/accounts/{HP1}/balance", params=query), 400, "malformed")


async def test_a_statement_tells_each_entry(town: LiveTown) -> None:
    [kept, posted, voided] = [hold(1), hold(2), hold(3)]
    await reserve(town, kept, posted, voided)
    await settle(town, posted, "post")
    await settle(town, voided, "void")
    await redeem(town, ("soap", 2, 5))
    await bring_in(town, [row(7, household="hp-1")])
    entries = await statement(town, at="2026-07-01T00:00:00Z")
    by_kind = {(e["kind"], e["phase"]): e for e in entries if not e["pending"]}
    assert {k: (e["amount"], e["reason"], e["counterparty"]) for k, e in by_kind.items()} == {
        ("award", "post"): (100, "测试积分", "township:issuing"),
        ("hold", "post"): (-2, "预订化肥", "supermarket:hp:till"),
        ("redemption", "posted"): (-10, "", "supermarket:hp:till"),
        ("import", "posted"): (7, "修路", "township:imported"),
    }
    assert by_kind["import", "posted"]["source"] == "2025年纸质台账"
    assert by_kind["import", "posted"]["effective_at"] == "2025-03-01T04:00:00Z"
    pending = {e["transaction"]: e["became"] for e in entries if e["kind"] == "hold" and e["pending"]}
    assert pending == {kept["id"]: "waiting", posted["id"]: "posted", voided["id"]: "voided"}
    assert {e["became"] for e in entries if not e["pending"]} == {""}
    held = next(e for e in entries if e["transaction"] == kept["id"])
    assert (held["expires_at"], held["amount"], held["phase"]) == ("2026-06-19T16:00:00Z", -1, "pending")
    assert entries[0]["balance"] == 95


async def test_a_statement_of_the_past_knows_nothing_later(town: LiveTown) -> None:
    before = await statement(town)
    at = town.clock.now()
    town.clock.travel(at + timedelta(hours=1))
    await redeem(town, ("soap", 1, 5))
    assert await statement(town, at=at.isoformat()) == before
    assert (await statement(town))[0]["balance"] == 95


@settings(max_examples=many(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 40), account=st.sampled_from([HP1, "supermarket:hp:till", "township:issuing"]))
async def test_running_balances_add_up_for_any_page_size(town: LiveTown, size: int, account: str) -> None:
    if len(await statement(town, HP1)) < 10:
        await _some_life(town)
    entries: list[dict[str, Any]] = []
    before: str | None = ""
    while before is not None:
        page = await ask(town, f"/v1/accounts/{account}/statement", limit=size, before=before)
        assert len(page["entries"]) <= size
        entries += page["entries"]
        before = page["next"]
    keys = [(e["transaction"], e["amount"], e["counterparty"]) for e in entries]
    assert len(set(keys)) == len(keys)
    running = 0
    for entry in reversed(entries):
        running += 0 if entry["pending"] else entry["amount"]
        assert entry["balance"] == running
    assert running == (await ask(town, f"/v1/accounts/{account}/balance"))["posted"]


async def _some_life(town: LiveTown) -> None:
    for n in (1, 2, 3):
        redemption = await redeem(town, ("soap", n, 5))
        await correct(town, correction(redemption, ("supermarket:hp:till", HP1, n)))
        held = hold(n)
        await reserve(town, held)
        await settle(town, held, "post" if n > 1 else "void")
    await bring_in(town, [row(n, household="hp-1") for n in (5, -2, 3)])


async def test_pages_go_on_where_they_were_while_more_is_written(town: LiveTown) -> None:
    await _some_life(town)
    whole = await statement(town)
    first = await ask(town, f"/v1/accounts/{HP1}/statement", limit=2)
    town.clock.travel(town.clock.now() + timedelta(seconds=1))
    await redeem(town, ("laundry", 1, 20))
    rest = await ask(town, f"/v1/accounts/{HP1}/statement", limit=500, before=first["next"])
    assert first["entries"] + rest["entries"] == whole


async def test_a_statement_read_while_others_write_still_adds_up(town: LiveTown) -> None:
    """Without HTTP between, so that many a write falls between the two looks of a reader."""
    office, tan = [await find_by_login(town.town, login) for login in ("office", "tan")]

    async def write() -> None:
        for n in range(60):
            proposal = await import_batch(town.town, office, wire.ImportBatch(source=str(n), rows=[one]))
            assert isinstance(proposal, wire.ProposalView)
            await confirm(town.town, KINDS, tan, proposal.id)

    one = wire.ImportRow(household="hp-3", on=date(2025, 3, 1), points=1, what="修路")
    writing = asyncio.create_task(write())
    while not writing.done():
        page = await read_statement(town.town, office, HP3, 500, "", None)
        assert [e.balance for e in page.entries] == list(range(len(page.entries), 0, -1))
    await writing
    assert await available(town, HP3) == 60


async def test_a_cursor_that_is_none(town: LiveTown) -> None:
    cursor = (await ask(town, f"/v1/accounts/{HP1}/statement", limit=1))["next"]
    raw = bytearray(urlsafe_b64decode(cursor))
    raw[-10] ^= 1
    await bring_in(town, [row(1), row(2)])
    elsewhere = (await ask(town, f"/v1/accounts/{HP3}/statement", limit=1))["next"]
    garbage = [urlsafe_b64encode(bytes(raw)).decode(), cursor[:-4], cursor + "AAAA", cursor + "!!", elsewhere]
    garbage += ["x", "%", "翻页", "====", "\0"]
    async with town.staff("office") as http:
        for before in garbage:
            answer = await http.get(f"/v1/accounts/{HP1}/statement", params={"before": before})
            problem(answer, 400, "malformed")
            assert "第一页" in answer.json()["detail"]
        assert (await http.get(f"/v1/accounts/{HP1}/statement", params={"before": cursor})).status_code == 200


async def test_a_page_too_large_or_empty_is_refused(town: LiveTown) -> None:
    async with town.staff("office") as http:
        for limit in (0, -1, 501, "x"):
            for path in ("/v1/accounts", f"/v1/accounts/{HP1}/statement"):
                problem(await http.get(path, params={"limit": limit}), 400, "malformed")


async def test_an_account_that_is_none(town: LiveTown) -> None:
    async with town.staff("office") as http:
        for name in ("household:hp-9", "nothing", "%00", "household:"):
            answer: httpx.Response = await http.get(f"/v1/accounts/{name}/balance")
            assert answer.status_code in (400, 404), name
    assert await available(town) == 100
