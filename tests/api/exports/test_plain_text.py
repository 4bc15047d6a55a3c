"""Beancount and hledger accept the books and find our balances, by their own programs."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction

from api.exports.plain_text import account_name, commodity
from api.exports.records import Account, Unit
from api.town import Town
from ledger.transactions import UnitKind
from tests.api.exports.conftest import balances, exported, plain_text
from tests.conftest import LiveTown

# 00:00 on 16 and 19 June in the township.
SIXTEENTH = datetime(2026, 6, 15, 16, tzinfo=UTC)
NINETEENTH = datetime(2026, 6, 18, 16, tzinfo=UTC)

with_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None and os.environ.get("CI") != "true",
    reason="hledger is not installed; continuous integration always runs this",
)


def bean_check(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", "--no-cache", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def bean_balances(file: Path) -> dict[str, int]:
    entries, errors, _ = loader.load_file(str(file))
    assert errors == []
    found: dict[str, int] = defaultdict(int)
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            found[posting.account] += int(posting.units.number)
    return {name: amount for name, amount in found.items() if amount}


def hledger(file: Path, *words: str) -> str:
    done = subprocess.run(
        ["hledger", "-f", file, *words],
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def hledger_balances(file: Path) -> dict[str, int]:
    hledger(file, "check", "--strict")
    hledger(file, "check", "ordereddates", "accounts", "commodities")
    table = csv.DictReader(io.StringIO(hledger(file, "balance", "--flat", "--no-total", "-O", "csv")))
    return {row["account"]: int(row["balance"].split()[0]) for row in table}


async def test_bean_check_accepts_the_books_and_the_balances_are_ours(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "beancount")
    bean_check(file)
    ours = plain_text(await balances(month))
    assert ours["Liabilities:Household:HP-1"] == -45
    assert bean_balances(file) == ours


async def test_every_limited_account_has_its_balance_asserted(month: LiveTown, tmp_path: Path) -> None:
    entries, _, _ = loader.load_file(str(await exported(month.town, tmp_path, "beancount")))
    asserted = {e.account: int(e.amount.number) for e in entries if isinstance(e, Balance)}
    # Four households, four shelves: the empty ones too.
    assert len(asserted) == 8
    ours = plain_text(await balances(month))
    assert asserted == {name: ours.get(name, 0) for name in asserted}


async def test_what_the_books_keep_is_asserted_not_what_the_entries_add_up_to(
    month: LiveTown, tmp_path: Path
) -> None:
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(month.clone.owner)
    async with engine.begin() as connection:
        await connection.execute(text("update ledger.balance set posted = posted + 1 where posted = 3"))
    await engine.dispose()
    _, errors, _ = loader.load_file(str(await exported(month.town, tmp_path, "beancount")))
    assert ["Liabilities:Household:HP-2" in error.message for error in errors] == [True]


async def test_narrations_are_whole_and_a_reversal_is_linked(month: LiveTown, tmp_path: Path) -> None:
    entries, _, _ = loader.load_file(str(await exported(month.town, tmp_path, "beancount")))
    told = {e.narration: e for e in entries if isinstance(e, Transaction)}
    assert "兑换 肥皂 3 件、洗衣液 1 件" in told
    assert "入库 肥皂 10 件、大米 10 件、洗衣液 10 件、牙刷 10 件" in told
    correction = (
        "更正：兑换 肥皂 3 件、洗衣液 1 件（=cmd|' /C calc'!A0 \"引号\" \\ ; 分号 | 竖线"
        " 第二行: date:1999-01-01 * ! (x) 末尾，中文完好）"
    )
    assert told[correction].links > told["兑换 肥皂 3 件、洗衣液 1 件"].links
    posted = told["测试积分"]
    assert (posted.meta["kind"], posted.meta["person"]) == ("award post", "公示期满")
    assert posted.meta["time"].endswith("+08:00")
    assert all("王建国" in e.meta["title"] for e in entries if getattr(e, "account", "").endswith("HP-1")
               and "title" in e.meta)  # fmt: skip


async def test_a_later_period_opens_with_what_was_there(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "beancount", date(2026, 6, 16), date(2026, 6, 18))
    bean_check(file)
    assert bean_balances(file) == plain_text(await balances(month, NINETEENTH))
    entries, _, _ = loader.load_file(str(file))
    in_period = [e for e in entries if isinstance(e, Transaction) and e.date >= date(2026, 6, 16)]
    assert [e.date for e in in_period] == [date(2026, 6, 18)]
    opened = [e for e in entries if isinstance(e, Transaction) and e.date < date(2026, 6, 16)]
    assert {p.account: int(p.units.number) for e in opened for p in e.postings[:1]} == plain_text(
        await balances(month, SIXTEENTH)
    )


async def test_days_are_the_townships(town: LiveTown, tmp_path: Path) -> None:
    # 15 June, 10:00 there: the whole town was built on that day.
    day = date(2026, 6, 15)
    file = await exported(town.town, tmp_path, "beancount", day, day)
    assert bean_balances(file) == plain_text(await balances(town))
    before = date(2026, 6, 14)
    assert bean_balances(await exported(town.town, tmp_path, "beancount", None, before)) == {}


@with_hledger
async def test_hledger_accepts_the_books_and_the_balances_are_ours(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "hledger")
    assert hledger_balances(file) == plain_text(await balances(month))
    printed = hledger(file, "print")
    assert "兑换 肥皂 3 件、洗衣液 1 件" in printed
    assert "第二行： date：1999-01-01 * ! (x) 末尾，中文完好）" in printed
    # What is owed is just the points outstanding.
    report = hledger(file, "balancesheet", "Liabilities", "-O", "csv")
    assert '"total","49 POINTS"' in report


@with_hledger
async def test_hledger_opens_a_later_period_with_what_was_there(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "hledger", date(2026, 6, 16), date(2026, 6, 18))
    assert hledger_balances(file) == plain_text(await balances(month, NINETEENTH))


@with_hledger
async def test_hledger_finds_a_balance_that_was_changed(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "hledger")
    file.write_text(file.read_text(encoding="utf-8").replace("= -45 ", "= -46 "), encoding="utf-8")
    with pytest.raises(AssertionError, match="HP-1"):
        hledger(file, "check")


async def test_empty_books(base: Town, tmp_path: Path) -> None:
    from api import wire
    from api.register.use_cases import found
    from tests.conftest import PASSWORD

    await found(base, '空"乡', wire.NewPerson(login="office", name="王", roles=["office"], password=PASSWORD))
    for days in ((None, None), (date(2026, 1, 1), date(2026, 12, 31))):
        bean_check(await exported(base, tmp_path, "beancount", *days))
        (tmp_path / "books.beancount").unlink()
        if shutil.which("hledger"):
            assert hledger_balances(await exported(base, tmp_path, "hledger", *days)) == {}
            (tmp_path / "books.hledger").unlink()


@pytest.mark.parametrize(
    ("code", "name"),
    [("points", "POINTS"), ("goods:soap", "GOODS-SOAP"), ("goods:7", "GOODS-7"), ("money:fen", "MONEY-FEN")],
)
def test_readable_commodities(code: str, name: str) -> None:
    assert commodity(Unit(code, UnitKind.GOODS, "")) == name


@pytest.mark.parametrize("code", ["goods:soap-", "goods:" + "x" * 40, "肥皂", "goods:a b"])
def test_other_codes_give_legal_commodities(code: str) -> None:
    name = commodity(Unit(code, UnitKind.GOODS, ""))
    assert len(name) <= 24
    _, errors, _ = loader.load_string(f"2026-01-01 commodity {name}\n")
    assert errors == []


@pytest.mark.parametrize("name", ["kiosk:hp:前台:escrow", "household:a b", "x", "household:-", "goods:A:supply"])
def test_other_accounts_have_legal_names(name: str) -> None:
    def named(name: str) -> str:
        unit = Unit("points", UnitKind.POINTS, "积分")
        return account_name(Account(name, "", unit, True, date(2026, 1, 1), 0, 0))

    _, errors, _ = loader.load_string(f"2026-01-01 open {named(name)} POINTS\n")
    assert errors == []
    assert named(name) != named(name.lower() + "-")
