"""A household with more points than one amount may have, up to the most that the books hold: whatever the shop,
the household and the desk do with it works, and a retry gets its first receipt."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from uuid_utils.compat import uuid7

from api.platform import accounts
from ledger.transactions import Phase, Transaction, TransactionId, Transfer
from tests.api.bookkeeping.exports.conftest import as_owner, exported, post
from tests.api.bookkeeping.exports.test_tables import csv_rows, summed, xlsx_sheets
from tests.api.shop.offline.till import Till, read_account, read_escrow
from tests.conftest import LiveTown


async def bring_in(town: LiveTown, points: int) -> None:
    """By an earlier scheme, as one transfer: the books themselves would want thousands for the most they hold."""
    imported, own = accounts.IMPORTED.id, accounts.household("hp-1").id
    async with town.town.unit_of_work() as uow:
        await uow.books.open_accounts([accounts.IMPORTED], uow.now)
    id = TransactionId(uuid7())
    transfer = Transfer(imported, own, accounts.POINTS, 1)
    await post(town.town, Transaction(id, "import", Phase.POSTED, (transfer,)))
    await as_owner(
        town,
        "set local session_replication_role = replica",
        "update ledger.transfer set amount = :points where transaction = :id",
        "update ledger.balance set posted = posted - 1 + :points where account = :own",
        points=points,
        id=id,
        own=own,
    )


@pytest.mark.parametrize("balance", [5 * 10**12, 2**63 - 1], ids=["trillions", "most"])
async def test_everything_goes_on(town: LiveTown, tmp_path: Path, balance: int) -> None:
    await bring_in(town, balance - 100)
    till = Till(town, town.kiosk)
    await till.sign_in()
    card = await till.view_card(town.card)
    assert card.balance == balance

    # A redemption, its retry, and its void by the journal.
    id = uuid7()
    first = await till.redeem(id, town.card, ("soap", 2))
    assert first.raise_for_status().json()["balance"] == balance - 10
    assert (await till.redeem(id, town.card, ("soap", 2))).content == first.content
    till.write_sale(town.card, card.household, ("soap", 2), answered=True, id=id)
    till.write_void(id)
    assert {outcome.status for outcome in (await till.settle()).outcomes} <= {"known", "settled"}
    assert await read_account(town, "household:hp-1") == balance

    # Points at the kiosk, spent without the network.
    await till.renew()
    leased = await read_escrow(town, till, "hp-1")
    assert leased > 5
    till.write_sale(town.card, card.household, ("soap", 1), leased=5)
    assert await till.settle_last() == ("settled", "")
    assert await read_escrow(town, till, "hp-1") == leased - 5
    till.write_return(card.household, leased - 5)
    assert await till.settle_last() == ("settled", "")
    assert await read_account(town, "household:hp-1") == balance - 5

    async with town.staff("office") as http:
        await _asks_everything(http, balance - 5)
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        page = (await http.get(f"/c/{town.card}", follow_redirects=True)).raise_for_status()
        assert str(balance - 5) in page.text.replace(",", "").replace("\u202f", "")
    entries = csv_rows(await exported(town.town, tmp_path, "csv"))
    assert summed(entries)["household:hp-1"] == balance - 5
    for format in ("beancount", "hledger"):
        assert str(balance - 5) in (await exported(town.town, tmp_path, format)).read_text(encoding="utf-8-sig")
    workbook = xlsx_sheets(await exported(town.town, tmp_path, "xlsx"))
    assert str(balance - 5) in {cell for row in workbook["balances"] for cell in row}


async def _asks_everything(http: httpx.AsyncClient, balance: int) -> None:
    (await http.get("/v1/report")).raise_for_status()
    for name, posted in (("household:hp-1", balance), ("township:imported", None)):
        own = (await http.get(f"/v1/accounts/{name}/balance")).raise_for_status().json()
        assert posted in (None, own["posted"])
        for path in ("statement", "months/2026-06"):
            answer = await http.get(f"/v1/accounts/{name}/{path}")
            assert answer.status_code == 200, (path, answer.text)
    (await http.get("/v1/reports/liability")).raise_for_status()
