"""Accounts and kinds by names that people can read, money in yuan; what is kept off the board is off here too."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from beancount.core.data import Balance, Commodity, Open
from uuid_utils.compat import uuid7

from api.bookkeeping.exports.use_cases import FORMATS
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED
from api.platform import accounts
from ledger.transactions import Account, Phase, Transaction, TransactionId, Transfer, UnitKind
from tests.api.awards.claims.conftest import approve, becomes, claim, days_pass, declare, review
from tests.api.bookkeeping.exports.checkers import (
    bean_balances,
    bean_check,
    bean_entries,
    bean_transactions,
    hledger,
    hledger_balances,
    with_hledger,
)
from tests.api.bookkeeping.exports.conftest import as_owner, balances, exported, post
from tests.api.bookkeeping.exports.test_tables import csv_rows, summed, xlsx_sheets
from tests.conftest import LiveTown

MONEY = "money:fen"


def of_money(name: str, minimum: int | None = None) -> Account:
    return Account(name, MONEY, UnitKind.MONEY, minimum)


EXPIRED = Account("township:expired", accounts.POINTS, UnitKind.POINTS)
IMPORTED = Account("township:imported", accounts.POINTS, UnitKind.POINTS)
APPROPRIATION, DONORS = of_money("township:appropriation"), of_money("township:donors")
FUND = of_money("township:fund", minimum=0)
COST = of_money("goods:soap:cost")
DONATED = Account("goods:soap:donated", "goods:soap", UnitKind.GOODS)
DIFFERENCE = Account("goods:soap:difference", "goods:soap", UnitKind.GOODS)
SHELF = accounts.shelf("hp", "soap")
HOUSEHOLD = accounts.household("hp-1")


def posted(kind: str, *moves: tuple[Account, Account, int], reason: str = "") -> Transaction:
    return Transaction(
        id=TransactionId(uuid7()),
        kind=kind,
        phase=Phase.POSTED,
        transfers=tuple(Transfer(debit.id, credit.id, debit.unit, amount) for debit, credit, amount in moves),
        person="office",
        reason=reason,
    )


@pytest.fixture
async def supplied(town: LiveTown) -> LiveTown:
    """The township's money, what was bought and given for it, a stocktake, old points and expired ones."""
    async with town.town.unit_of_work() as uow:
        opened = [EXPIRED, IMPORTED, APPROPRIATION, DONORS, FUND, COST, DONATED, DIFFERENCE]
        await uow.books.open_accounts(opened, uow.now)
    await post(
        town.town,
        posted("fund", (APPROPRIATION, FUND, 1_000_000)),
        posted("donation", (DONORS, FUND, 5), reason="五分钱"),
        posted("procurement", (FUND, COST, 12_345), (accounts.supply("soap"), SHELF, 7)),
        posted("donation", (DONATED, SHELF, 2)),
        posted("stocktake", (SHELF, DIFFERENCE, 1)),
        posted("import", (IMPORTED, HOUSEHOLD, 30)),
        posted("expiry", (HOUSEHOLD, EXPIRED, 4)),
    )
    return town


OUTSIDE = {
    "Income:Expired": -4,
    "Equity:Imported": 30,
    "Income:Appropriation": -10_000,
    "Income:Donors": Decimal("-0.05"),
    "Assets:Fund": Decimal("9876.60"),
    "Expenses:Goods:SOAP:Cost": Decimal("123.45"),
    "Income:Goods:SOAP:Donated": -2,
    "Expenses:Goods:SOAP:Difference": 1,
}


async def test_beancount(supplied: LiveTown, tmp_path: Path) -> None:
    file = await exported(supplied.town, tmp_path, "beancount")
    bean_check(file)
    found = bean_balances(file)
    assert {name: found[name] for name in OUTSIDE} == OUTSIDE
    entries = bean_entries(file)
    titles = {e.account: e.meta["title"] for e in entries if isinstance(e, Open)}
    assert [titles[name] for name in OUTSIDE] == [
        "过期积分", "旧账导入", "财政拨款", "捐款", "积分超市资金", "肥皂 采购成本", "肥皂 捐赠", "肥皂 盘点差异",
    ]  # fmt: skip
    assert [e.meta["name"] for e in entries if isinstance(e, Commodity) and e.currency == "CNY"] == ["人民币"]
    [fund] = [e.amount for e in entries if isinstance(e, Balance) and e.account == "Assets:Fund"]
    assert str(fund) == "9876.60 CNY"
    assert {"资金", "五分钱", "采购 肥皂 7 件", "捐赠 肥皂 2 件", "盘点 肥皂 1 件", "旧账导入", "过期"} <= set(
        bean_transactions(file)
    )


@with_hledger
async def test_hledger(supplied: LiveTown, tmp_path: Path) -> None:
    file = await exported(supplied.town, tmp_path, "hledger")
    found = hledger_balances(file)
    assert {name: found[name] for name in OUTSIDE} == OUTSIDE
    assert "9876.60 CNY" in hledger(file, "balance", "Assets:Fund")


async def test_tables_tell_money_in_yuan(supplied: LiveTown, tmp_path: Path) -> None:
    rows = csv_rows(await exported(supplied.town, tmp_path, "csv"))
    ours = await balances(supplied)
    money = {account.name for account in (APPROPRIATION, DONORS, FUND, COST)}
    assert summed(rows) == {n: Decimal(a) / 100 if n in money else a for n, a in ours.items()}
    assert {row["单位"] for row in rows if row["账户"] in money} == {"CNY"}
    assert {row["种类"] for row in rows} >= {"资金", "捐赠", "采购", "盘点", "旧账导入", "过期"}
    assert "-123.45" in {row["数量"] for row in rows if row["账户"] == "township:fund"}
    sheet = xlsx_sheets(await exported(supplied.town, tmp_path, "xlsx"))["balances"]
    assert [row[1:5] for row in sheet if row[0] == "township:fund"] == [["积分超市资金", "CNY", "0.00", "9876.60"]]


async def test_a_correction_of_a_part_tells_that_part(town: LiveTown, tmp_path: Path) -> None:
    """Raw, since what is shown is the rows' own: two of three pieces come back, and ten of the points."""
    sale = replace(
        posted(
            "redemption",
            (HOUSEHOLD, accounts.till("hp"), 35),
            (SHELF, accounts.handed_out("soap"), 3),
            (accounts.shelf("hp", "laundry"), accounts.handed_out("laundry"), 1),
        ),
        metadata={"goods": [{"name": "香皂", "quantity": 3}, {"name": "洗衣粉", "quantity": 1}]},
    )
    await post(town.town, sale)
    back = uuid7()
    values: dict[str, object] = {"back": back, "sale": sale.id, "now": town.clock.now()}
    moves = [(accounts.till("hp"), HOUSEHOLD, 10), (accounts.handed_out("soap"), SHELF, 2)]
    await as_owner(
        town,
        "insert into ledger.transaction values (1, :back, 'correction', 'reversal', :sale, 'qian', '多扫了',"
        " :now, :now, null, '{}', '')",
        *[
            "insert into ledger.transfer values"
            f" (1, :back, {n}, '{debit.unit}', '{debit.id}', '{credit.id}', {amount}, false, :now)"
            for n, (debit, credit, amount) in enumerate(moves, start=1)
        ],
        f"update ledger.balance set posted = posted + 10 where account = '{HOUSEHOLD.id}'",
        f"update ledger.balance set posted = posted + 2 where account = '{SHELF.id}'",
        **values,
    )
    file = await exported(town.town, tmp_path, "beancount")
    bean_check(file)
    told = bean_transactions(file)
    assert "兑换 香皂 3 件、洗衣粉 1 件" in told
    assert told["更正：兑换 肥皂 2 件（多扫了）"].meta["kind"] == "correction reversal"
    rows = [row for row in csv_rows(await exported(town.town, tmp_path, "csv")) if row["交易号"] == str(back)]
    assert {(row["种类"], row["阶段"]) for row in rows} == {("更正", "冲正")}
    assert summed(rows)[HOUSEHOLD.name] == 10


async def test_what_is_kept_off_the_board_stays_off_the_file(town: LiveTown, tmp_path: Path) -> None:
    secret = claim("A02", inputs={"case_number": "A-17"})
    for step in (
        declare(town, secret),
        review(town, secret["id"], by="li"),
        approve(town, secret["id"], by="qian"),
    ):
        assert [outcome["reason"] for outcome in await step] == [""]
    await days_pass(town, 3)
    await becomes(town, secret["id"], "posted")
    posting = Transaction.settle(TransactionId(UUID(secret["id"])), Phase.POST, kind="award", person="notice")
    await post(
        town.town,
        Transaction.settle(posting.id, Phase.REVERSAL, kind="award", person="qian", reason="查无污染"),
    )
    for format in FORMATS:
        file = await exported(town.town, tmp_path, format)
        told = str(xlsx_sheets(file)) if format == "xlsx" else file.read_text(encoding="utf-8")
        assert f"更正：{UNPUBLISHED}" in told
        assert "污染" not in told
