"""Whoever reads the books finds what kiosks hold: the household its points, the township its liability, expiry the
age of each point."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from tests.api.asking import confirmed, sign_in
from tests.api.bookkeeping.exports.checkers import bean_balances, bean_check, hledger_balances, with_hledger
from tests.api.bookkeeping.exports.conftest import exported
from tests.api.bookkeeping.general_ledger.conftest import HP1, ask, correct, correction, neighbours, statement
from tests.api.shop.offline.till import Till, end_enrolment, read_account, read_escrow
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

# Midnight of 1 August in the township.
AUGUST = datetime(2026, 7, 31, 16, tzinfo=UTC)


# --- the household --------------------------------------------------------------------------------------


async def test_leased_points_still_belong_to_the_household(till: Till, household: UUID) -> None:
    town = till.town
    async with browsing(town) as browser:
        before = await browser.open(f"/c/{town.card}")
        assert "留在超市终端" not in before
        await till.renew()
        page = await browser.open(f"/c/{town.card}")
        assert "100 分 现在可以用 其中 100 分留在超市终端，断网时也能用" in page
        till.write_return(household, 40)
        await till.settle()
        page = await browser.open(f"/c/{town.card}")
        assert "100 分 现在可以用 其中 60 分留在超市终端" in page
        # The balance didn't change, so there is no line.
        assert "最近 1 笔" in page
        assert "终端退回" not in page
        await end_enrolment(town, till)
        assert await browser.open(f"/c/{town.card}") == before


async def test_lines_say_who_collected_and_when_it_was_handed_over(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    id = uuid7()
    till.write_sale(town.card, household, ("soap", 2), leased=10, collector=town.poor_card)
    till.write_sale(town.card, household, ("laundry", 1), leased=20, id=id)
    till.write_void(id)
    town.clock.travel(town.clock.now() + timedelta(days=2))
    await till.settle()
    online = {
        "card": town.card,
        "lines": [{"product": "soap", "quantity": 1, "price": 5}],
        "leased": 90,
        "collector": town.poor_card,
    }
    async with till.device() as http:
        (await http.put(f"/v1/redemptions/{uuid7()}", json=online)).raise_for_status()
    async with browsing(town) as browser:
        page = await browser.open(f"/c/{town.card}")
    assert "兑换 肥皂 2 件，由李**代领 6月17日 发放时间：6月15日 10:00 −10" in page
    assert "兑换 肥皂 1 件，由李**代领 6月17日 −5" in page
    assert "更正：兑换 洗衣液 1 件（拿错了） 6月17日 +20" in page
    assert "85 分 现在可以用" in page
    assert "最近 5 笔" in page


# --- the books ------------------------------------------------------------------------------------------


async def test_the_books_statement_stays_complete(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    town.clock.travel(town.clock.now() + timedelta(seconds=1))
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    await till.settle()
    entries = await statement(town)
    kinds = [(e["kind"], e["amount"]) for e in entries if not e["pending"]]
    assert sorted(kinds) == [("award", 100), ("lease", -100), ("lease-return", 5), ("redemption", -5)]
    escrow = f"escrow:hp-1:{till.id.hex}:1"
    assert [e["amount"] for e in await statement(town, escrow)] == [-5, 100]


async def test_a_committee_reads_the_leases_of_its_village(till: Till) -> None:
    town = till.town
    await till.renew()
    await neighbours(town)
    escrow = f"escrow:hp-1:{till.id.hex}:1"
    near = await ask(town, "/v1/accounts", by="li", prefix="escrow:")
    assert [a["name"] for a in near["accounts"]] == [escrow, f"escrow:hp-2:{till.id.hex}:1"]
    assert (await ask(town, f"/v1/accounts/{escrow}/balance", by="li"))["available"] == 100
    assert (await ask(town, "/v1/accounts", by="far", prefix="escrow:"))["accounts"] == []
    async with town.staff("far") as http:
        assert (await http.get(f"/v1/accounts/{escrow}/balance")).status_code == 404


async def test_leased_points_cannot_be_corrected_away(till: Till, household: UUID) -> None:
    """The kiosk may have spent them already, offline."""
    town = till.town
    await till.renew()
    till.write_return(household, 10)
    await till.settle()
    moved = [e["transaction"] for e in await statement(town) if e["kind"] in ("lease", "lease-return")]
    assert len(moved) == 2
    outcomes = await correct(town, *(correction(id) for id in moved))
    assert [outcome["status"] for outcome in outcomes] == ["refused"] * 2
    assert "由终端自己退回" in outcomes[0]["reason"]
    assert await read_escrow(town, till, "hp-1") == 90


async def test_points_outstanding_include_leased_points(till: Till) -> None:
    town = till.town

    async def outstanding() -> tuple[int, int]:
        report = await ask(town, "/v1/report")
        liability = await ask(town, "/v1/reports/liability")
        return report["points_outstanding"], liability["points_outstanding"]

    assert await outstanding() == (103, 103)
    await till.renew()
    assert await read_account(town, HP1) == 0
    assert await outstanding() == (103, 103)


async def _told_elsewhere(till: Till, household: UUID) -> dict[str, int]:
    """Books in which a kiosk holds, sold and returned; by the name that plain text accounting has."""
    await till.renew()
    till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    till.write_return(household, 15)
    await till.settle()
    kiosk = till.id.hex.upper()
    return {
        "Liabilities:Household:HP-1": -15,
        f"Liabilities:Escrow:HP-1:{kiosk}:1": -80,
        f"Liabilities:Escrow:HP-2:{kiosk}:1": -3,
    }


async def test_beancount_accepts_leases(till: Till, household: UUID, tmp_path: Path) -> None:
    liabilities = await _told_elsewhere(till, household)
    file = await exported(till.town.town, tmp_path, "beancount")
    bean_check(file)
    found = {name: n for name, n in bean_balances(file).items() if name.startswith("Liabilities")}
    assert found == liabilities
    assert "王建国（留在终端）" in file.read_text(encoding="utf-8")


@with_hledger
async def test_hledger_accepts_leases(till: Till, household: UUID, tmp_path: Path) -> None:
    liabilities = await _told_elsewhere(till, household)
    file = await exported(till.town.town, tmp_path, "hledger")
    found = {name: n for name, n in hledger_balances(file).items() if name.startswith("Liabilities") and n}
    assert found == liabilities


# --- expiry ---------------------------------------------------------------------------------------------


async def _policy(town: LiveTown) -> None:
    """What is earned in a month lasts until the end of the next one, from August on."""
    wanted = {"effective_on": "2026-08-01", "kind": "rolling", "months": 1, "reason": "支委会决定"}
    async with town.staff("office") as http:
        (await confirmed(town, await http.put("/v1/expiry-policies", json=wanted), "ma")).raise_for_status()


async def _expire(town: LiveTown) -> dict[str, Any]:
    await sign_in(town, "office")
    async with town.staff("office") as http:
        answer = await http.post("/v1/expiries", json={"boundary": "2026-08-01"})
        return dict(answer.raise_for_status().json())


async def _preview(town: LiveTown) -> dict[str, int]:
    await sign_in(town, "office")
    told = await ask(town, "/v1/expiries/preview", boundary="2026-08-01")
    return {line["household"]: line["points"] for line in told["lines"]}


async def test_leased_and_returned_points_keep_their_age(till: Till, household: UUID) -> None:
    town = till.town
    await _policy(town)
    assert await _preview(town) == {"hp-1": 100, "hp-2": 3}
    await till.renew()
    # In July a part comes back, and a part of that is spent: in June it was earned, in July nothing was.
    town.clock.travel(datetime(2026, 7, 10, 2, tzinfo=UTC))
    till.write_sale(town.card, household, ("laundry", 1), leased=20)
    till.write_return(household, 50)
    await till.settle()
    assert await _preview(town) == {"hp-1": 50}
    town.clock.travel(AUGUST + timedelta(days=1))
    await sign_in(town, "office")
    await end_enrolment(town, till)
    assert await _preview(town) == {"hp-1": 80, "hp-2": 3}
    done = await _expire(town)
    assert (done["households"], done["expired"]) == (2, 83)
    assert await read_account(town, HP1) == 0


async def test_leased_points_do_not_expire_under_a_kiosk(till: Till, household: UUID) -> None:
    town = till.town
    await _policy(town)
    await till.renew()
    till.write_sale(town.card, household, ("laundry", 1), leased=20)
    town.clock.travel(AUGUST + timedelta(days=1))
    assert (await _expire(town))["expired"] == 0
    assert await read_escrow(town, till, "hp-1") == 100
    # Sold in June, uploaded in August.
    assert await till.settle_statuses() == ["known", "settled"]
    till.write_return(household, 80)
    await till.settle()
    assert (await _expire(town))["expired"] == 80
    assert (await read_account(town, HP1), await read_escrow(town, till, "hp-1")) == (0, 0)
