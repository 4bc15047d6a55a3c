"""A month of the small township: claims, redemptions, a correction, one claim still on notice."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from api.bookkeeping.exports.use_cases import export_books
from api.platform.services import Services
from ledger.transactions import Phase, Transaction, TransactionId
from tests.api.asking import a_redemption, order, rows, sign_in
from tests.api.awards.claims.conftest import becomes, days_pass, on_notice
from tests.conftest import LiveTown
from tests.databases import owner_engine

# Quotes of every kind, line breaks, comment and tag signs, a formula.
HOSTILE = "=cmd|' /C calc'!A0 \"引号\" \\ ; 分号 | 竖线\n第二行: date:1999-01-01 * ! (x)\r\n\t末尾，中文完好"


@pytest.fixture
async def month(town: LiveTown) -> LiveTown:
    """On 15 June what `town` has and two redemptions, one of them reversed; on 18 June a claim is posted; on
    20 June a redemption, and another claim that is not yet in the books."""
    undone = a_redemption()
    async with town.device(await town.shift()) as http:
        first = order(town.card, ("soap", 3, 5), ("laundry", 1, 20))
        (await http.put(undone, json=first)).raise_for_status()
        (await http.put(a_redemption(), json=order(town.card, ("soap", 1, 5)))).raise_for_status()
    target = TransactionId(UUID(undone.rsplit("/", 1)[1]))
    reversal = Transaction.settle(target, Phase.REVERSAL, kind="redemption", person="qian", reason=HOSTILE)
    await post(town.town, reversal)
    claimed = await on_notice(town)
    await days_pass(town, 3)
    await becomes(town, claimed, "posted")
    await days_pass(town, 2)
    await sign_in(town, "wang", "zhao", "li")
    async with town.device(await town.shift()) as http:
        (await http.put(a_redemption(), json=order(town.card, ("rice", 1, 50)))).raise_for_status()
    await on_notice(town)
    return town


async def balances(town: LiveTown, before: datetime = datetime(9999, 1, 1, tzinfo=UTC)) -> dict[str, int]:
    """Ours, by name, summed from the transfers that were effective before then; accounts that have nothing are
    left out."""
    found = await rows(
        town,
        "select a.name, sum(e.amount) from ledger.entry e join ledger.account a on a.id = e.account"
        " join ledger.transaction x on x.id = e.transaction"
        " where not e.pending and x.effective_at < :before group by a.name having sum(e.amount) <> 0",
        before=before,
    )
    return {name: int(amount) for name, amount in found}


async def post(town: Services, *transactions: Transaction) -> None:
    async with town.unit_of_work() as uow:
        for posting in await uow.books.post(transactions, uow.now):
            assert posting.accepted, posting


async def as_owner(town: LiveTown, *statements: str, **values: object) -> None:
    """What nobody may do by the application's door."""
    engine = owner_engine(town.clone)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement), values)


async def exported(
    town: Services, tmp_path: Path, format: str, start: date | None = None, end: date | None = None
) -> Path:
    file = tmp_path / f"books.{format}"
    await export_books(town, format, start, end, file)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
    return file


def plain_text(ours: dict[str, int]) -> dict[str, int]:
    """Our balances as Beancount and hledger tell them; spelt out here, so that a change of names or signs
    shows."""
    names = {
        "township:issuing": ("Expenses:Issuing", -1),
        "supermarket:hp:till": ("Income:Supermarket:HP:Till", -1),
        **{f"household:hp-{n}": (f"Liabilities:Household:HP-{n}", -1) for n in range(1, 5)},
    }
    for product in ("soap", "rice", "laundry", "brush"):
        capitals = product.upper()
        names[f"supermarket:hp:shelf:{product}"] = (f"Assets:Supermarket:HP:Shelf:{capitals}", 1)
        names[f"goods:{product}:supply"] = (f"Income:Goods:{capitals}:Supply", 1)
        names[f"goods:{product}:handed-out"] = (f"Expenses:Goods:{capitals}:Handed-Out", 1)
    return {names[name][0]: names[name][1] * amount for name, amount in ours.items()}
