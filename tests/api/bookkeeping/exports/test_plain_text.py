"""Beancount and hledger accept the books and find our balances, by their own programs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Balance, Close, Open, Transaction

from api import wire
from api.bookkeeping.exports.plain_text import account_name, commodity
from api.bookkeeping.exports.records import Account, Unit
from api.platform import accounts
from api.platform.services import Services
from api.registry.register.use_cases import init_township
from ledger.transactions import UnitKind
from tests.api.bookkeeping.exports.checkers import (
    bean_balances,
    bean_check,
    bean_entries,
    bean_transactions,
    hledger,
    hledger_balances,
    with_hledger,
)
from tests.api.bookkeeping.exports.conftest import as_owner, balances, exported, plain_text
from tests.conftest import PASSWORD, LiveTown

# 00:00 on 16 and 19 June in the township.
SECOND = datetime(2026, 6, 1, 16, tzinfo=UTC)
NINETEENTH = datetime(2026, 6, 18, 16, tzinfo=UTC)


async def test_bean_check_accepts_the_books_and_the_balances_are_ours(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "beancount")
    bean_check(file)
    ours = plain_text(await balances(month))
    assert ours["Liabilities:Household:HP-1"] == -45
    assert bean_balances(file) == ours


async def test_every_limited_account_has_its_balance_asserted(month: LiveTown, tmp_path: Path) -> None:
    entries = bean_entries(await exported(month.town, tmp_path, "beancount"))
    asserted = {e.account: e.amount.number for e in entries if isinstance(e, Balance)}
    # Four households, four shelves: the empty ones too.
    assert len(asserted) == 8
    ours = plain_text(await balances(month))
    assert asserted == {name: ours.get(name, 0) for name in asserted}


async def test_what_the_books_keep_is_asserted_not_what_the_entries_add_up_to(
    month: LiveTown, tmp_path: Path
) -> None:
    await as_owner(month, "update ledger.balance set posted = posted + 1 where posted = 3")
    _, errors, _ = loader.load_file(str(await exported(month.town, tmp_path, "beancount")))
    assert ["Liabilities:Household:HP-2" in error.message for error in errors] == [True]


async def test_narrations_are_whole_and_a_reversal_is_linked(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "beancount")
    told = bean_transactions(file)
    assert "兑换 肥皂 3 件、洗衣液 1 件" in told
    assert "入库 肥皂 10 件、大米 10 件、洗衣液 10 件、牙刷 10 件" in told
    correction = (
        "更正：兑换 肥皂 3 件、洗衣液 1 件（=cmd|' /C calc'!A0 \"引号\" \\ ; 分号 | 竖线"
        " 第二行: date:1999-01-01 * ! (x) 末尾，中文完好）"
    )
    assert told[correction].links > told["兑换 肥皂 3 件、洗衣液 1 件"].links
    posted = told["测试积分"]
    assert (posted.meta["kind"], posted.meta["person"]) == ("award post", "公示期满")
    assert posted.meta["recorded"].endswith("+08:00")
    [head] = [e.meta["title"] for e in bean_entries(file) if isinstance(e, Open) and e.account.endswith("HP-1")]
    assert head == "王建国"


async def test_a_later_period_opens_with_what_was_there(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "beancount", date(2026, 6, 2), date(2026, 6, 18))
    bean_check(file)
    assert bean_balances(file) == plain_text(await balances(month, NINETEENTH))
    entries = bean_entries(file)
    in_period = [e for e in entries if isinstance(e, Transaction) and e.date >= date(2026, 6, 2)]
    assert [e.date for e in in_period] == [date(2026, 6, 15)] * 5
    opened = [e for e in entries if isinstance(e, Transaction) and e.date < date(2026, 6, 2)]
    # The awards of `town` are for deeds of 1 June.
    assert {p.account: p.units.number for e in opened for p in e.postings[:1]} == plain_text(
        await balances(month, SECOND)
    )


async def test_days_are_the_townships(town: LiveTown, tmp_path: Path) -> None:
    # 15 June, 10:00 there: the whole town was built on that day, for deeds from the first moment of 1 June on.
    day = date(2026, 6, 15)
    file = await exported(town.town, tmp_path, "beancount", day, day)
    assert bean_balances(file) == plain_text(await balances(town))
    first = await exported(town.town, tmp_path, "beancount", date(2026, 6, 1), date(2026, 6, 1))
    assert bean_balances(first) == plain_text(await balances(town, SECOND)) != {}
    assert bean_balances(await exported(town.town, tmp_path, "beancount", None, date(2026, 5, 31))) == {}


@pytest.mark.parametrize("days", [(None, None), (date(2026, 6, 16), date(2026, 6, 18)), (date(2026, 6, 20), None)])
async def test_a_closed_account_is_closed_once_its_balance_is_proved(
    month: LiveTown, tmp_path: Path, days: tuple[date | None, date | None]
) -> None:
    """On the day of its last redemption, with points left."""
    async with month.town.unit_of_work() as uow:
        for code, day in (("hp-1", 20), ("hp-3", 18), ("hp-4", 15)):
            then = datetime(2026, 6, day, 9, tzinfo=UTC)
            await uow.books.close_account(accounts.household(code).id, then, person="li", reason="迁出")
    file = await exported(month.town, tmp_path, "beancount", *days)
    bean_check(file)
    closed = {e.account[-4:]: (e.date, e.meta["closed"]) for e in bean_entries(file) if isinstance(e, Close)}
    start, end = days
    expected = {
        "HP-1": (date(2026, 6, 21), date(2026, 6, 20)),
        "HP-3": (max(date(2026, 6, 19), start or date.min), date(2026, 6, 18)),
        "HP-4": (max(date(2026, 6, 16), start or date.min), date(2026, 6, 15)),
    }
    assert closed == {k: v for k, v in expected.items() if end is None or v[1] <= end}


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
    async with month.town.unit_of_work() as uow:
        await uow.books.close_account(accounts.household("hp-3").id, uow.now, person="li", reason="迁出")
    printed = (await exported(month.town, tmp_path, "hledger")).read_text(encoding="utf-8")
    assert "title: 张伟, closed: 2026-06-20" in printed


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


@pytest.fixture
async def empty(base: Services) -> Services:
    office = wire.NewPerson(login="office", name="王", roles=["office"], township=True, password=PASSWORD)
    await init_township(base, '空"乡', office)
    return base


EMPTY_PERIODS = pytest.mark.parametrize(
    "days", [(None, None), (date(2026, 1, 1), date(2026, 12, 31)), (date(2030, 1, 1), None)]
)


@EMPTY_PERIODS
async def test_empty_books(empty: Services, tmp_path: Path, days: tuple[date | None, date | None]) -> None:
    bean_check(await exported(empty, tmp_path, "beancount", *days))


@with_hledger
@EMPTY_PERIODS
async def test_empty_books_for_hledger(
    empty: Services, tmp_path: Path, days: tuple[date | None, date | None]
) -> None:
    assert hledger_balances(await exported(empty, tmp_path, "hledger", *days)) == {}


async def test_a_period_that_is_yet_to_come_opens_with_what_is_there(month: LiveTown, tmp_path: Path) -> None:
    file = await exported(month.town, tmp_path, "beancount", date(2027, 1, 1))
    bean_check(file)
    assert bean_balances(file) == plain_text(await balances(month))


@pytest.mark.parametrize(
    ("code", "name"),
    [("points", "POINTS"), ("goods:soap", "GOODS-SOAP"), ("goods:7", "GOODS-7"), ("money:fen", "CNY")],
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
        return account_name(Account(name, "", unit, True, date(2026, 1, 1), None, 0, 0))

    _, errors, _ = loader.load_string(f"2026-01-01 open {named(name)} POINTS\n")
    assert errors == []
    assert named(name) != named(name.lower() + "-")
