"""The year's report: its figures are what the books have, and each opens the entries that add up to it."""

from __future__ import annotations

import asyncio
import csv
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from os import environ
from pathlib import Path
from zipfile import ZipFile

import pytest

from api.bookkeeping.reports.flows import Figure, read_entries
from api.bookkeeping.reports.liability import Position, StockedProduct, read_position
from api.bookkeeping.reports.year import COLUMNS, MONEY, POINTS, YearReport, read_year
from api.bookkeeping.reports.year_workbook import write_year
from api.registry.people.use_cases import find_by_login
from tests.api.asking import rows, sign_in
from tests.api.bookkeeping.general_ledger.conftest import (
    HP1,
    awarded,
    bring_in,
    correct,
    correction,
    hold,
    redeem,
    reserve,
    row,
    settle,
)
from tests.api.shop.stock.conftest import count, donation, purchase, put
from tests.api.web.browser import browsing
from tests.conftest import NOW, LiveTown

needs_libreoffice = pytest.mark.skipif(
    shutil.which("soffice") is None and environ.get("CI") != "true", reason="LibreOffice is not installed"
)


async def live_a_while(town: LiveTown) -> None:
    """Points, goods and money in three months of two years, with corrections of earlier months."""
    await bring_in(town, [row(7, on="2025-03-02"), row(5, on="2025-11-30", what="修渠")])
    await put(town, "funds", {"amount": 100_000, "source": "appropriation"})
    await put(town, "funds", {"amount": 5_000, "source": "donation", "donor": "刘老师"})
    await put(town, "restocks", purchase(("rice", 20, 80_000), ("soap", 30, 9_300)))
    await put(town, "donations", donation(("rice", 4)))
    await put(town, "stocktakes", count(("soap", 38)))
    first = await redeem(town, ("soap", 2, 5))
    held = hold(5)
    await reserve(town, held)
    await settle(town, held, "post")
    town.clock.travel(NOW + timedelta(days=40))
    await sign_in(town, "office", "tan", "fu", "qian")
    await redeem(town, ("rice", 1, 50))
    await correct(town, correction(await awarded(town), (HP1, "township:issuing", 3)))
    await correct(town, correction(first))


async def report_of(town: LiveTown, year: int | None = None) -> YearReport:
    return await read_year(town.town, await find_by_login(town.town, "office"), year)


async def test_months_add_up_from_what_households_had_to_what_they_have(town: LiveTown) -> None:
    await live_a_while(town)
    for year in (2025, 2026):
        report = await report_of(town, year)
        held, fund = report.opening, report.opening_fund
        for month in report.months:
            held += sum(column.adds * month.points[column.key] for column in POINTS)
            fund += sum(column.adds * month.money[column.key] for column in MONEY)
            assert (month.held, month.fund) == (held, fund), month
    async with town.town.unit_of_work() as uow:
        now = await read_position(uow)
    assert (report.months[-1].held, report.months[-1].fund) == (now.points, now.fund)
    assert report.months[-1].cover == now.cover
    assert [(each.code, each.stock) for each in report.products] == [(p.code, p.stock) for p in now.products]
    assert report.opening == 12


async def test_the_worked_example(town: LiveTown) -> None:
    before = await report_of(town)
    await live_a_while(town)
    report = await report_of(town)
    june, july = (next(m for m in report.months if m.month == date(2026, n, 1)) for n in (6, 7))
    june_before = next(m for m in before.months if m.month == date(2026, 6, 1))
    # Corrections count in July, when they were made: the award's three points, and the whole redemption.
    assert (june.points["issued"], july.points["issued"]) == (june_before.points["issued"], -3)
    assert june.points["redeemed"] - june_before.points["redeemed"] == 10 + 5
    assert july.points["redeemed"] == 50 - 10
    # What was taken back wholly is no redemption any more.
    assert (june.redemptions - june_before.redemptions, july.redemptions) == (0, 1)
    assert report.total("spent") == 89_300
    soap = next(each for each in report.products if each.code == "soap")
    # Ten were there as built.
    assert (soap.bought, soap.missing, soap.paid) == (40, 2, 9_300)


async def test_each_figure_is_the_sum_of_its_entries(town: LiveTown) -> None:
    await live_a_while(town)
    report = await report_of(town)
    wanted: list[tuple[Figure, int]] = []
    for key, column in COLUMNS.items():
        of_year = Figure(column.accounts, column.sign, report.months[0].month, report.months[-1].month)
        wanted.append((of_year, report.total(key)))
        for month in report.months:
            of_month = replace(of_year, first=month.month, last=month.month)
            wanted.append((of_month, {**month.points, **month.money}[key]))
        if key == "issued":
            wanted += [(replace(of_year, category=name), points) for name, points in report.categories if name]
            wanted += [(replace(of_year, village=each.code), each.issued) for each in report.villages]
        if key == "redeemed":
            wanted += [(replace(of_year, village=each.code), each.redeemed) for each in report.villages]
    async with town.town.unit_of_work() as uow:
        for figure, value in wanted:
            page = await read_entries(uow, figure, 0, 1_000)
            assert (page.total, sum(e.amount for e in page.entries), len(page.entries)) == (
                value,
                value,
                page.number,
            )


async def test_no_points_move_beside_the_columns(town: LiveTown) -> None:
    await live_a_while(town)
    own = await rows(
        town, "select name from ledger.account where unit = 'points' and minimum is null order by name"
    )
    patterns = [re.escape(column.accounts).replace("%", ".*") for column in POINTS]
    for (name,) in own:
        assert any(re.fullmatch(pattern, name) for pattern in patterns), name


async def test_pages_lead_to_the_entries(town: LiveTown) -> None:
    await live_a_while(town)
    async with browsing(town, "office") as office:
        told = await office.open("/desk/report")
        assert "2026年报表" in told
        assert "保障率" in told
        links = re.findall(r'href="(/desk/report/entries[^"]*)"', office.page.text)
        told = await office.open(
            next(link for link in links if "redeemed" in link and "month=7" in link).replace("&amp;", "&")
        )
        assert "2026年7月兑换" in told
        assert "共 2 笔，合计 40 分" in told
        assert (await office.open("/desk/report/entries?figure=nothing")).count("报表里没有这个数")
        assert "账里没有 1999 年" in await office.open("/desk/report?year=1999")
        await office.open("/desk/report/report.xlsx")
        assert office.page.content.startswith(b"PK")
    async with browsing(town, "li") as village:
        assert "年度报表由乡镇办公室和乡镇监委查看" in await village.open("/desk/report")
        problem_page = await village.open("/desk/report/entries?figure=issued")
        assert "年度报表由乡镇办公室和乡镇监委查看" in problem_page
        assert "年度报表" not in await village.open("/desk")


def _forget_values(workbook: bytes) -> bytes:
    """Without what its formulas came to, so that a program has to reckon itself."""
    forgetful = BytesIO()
    with ZipFile(BytesIO(workbook)) as old, ZipFile(forgetful, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
            new.writestr(name, content)
    return forgetful.getvalue()


def _read_sheets(folder: Path, workbook: str) -> dict[str, list[list[str]]]:
    return {
        file.stem.removeprefix(f"{workbook}-"): list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
        for file in folder.glob(f"{workbook}-*.csv")
    }


@needs_libreoffice
async def test_libreoffice_reckons_the_workbook_as_we_do(town: LiveTown, tmp_path: Path) -> None:
    await live_a_while(town)
    report = await report_of(town)
    ours = write_year(report, "河畔乡")
    files = {"ours": ours, "theirs": _forget_values(ours)}
    for name, workbook in files.items():
        (tmp_path / f"{name}.xlsx").write_bytes(workbook)
    # Each sheet becomes a file of its own; cells as they are shown, in UTF-8.
    as_shown = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    converting = await asyncio.create_subprocess_exec(
        *("soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"),
        *("--convert-to", as_shown, "--outdir", str(tmp_path)),
        *(str(tmp_path / f"{name}.xlsx") for name in files),
        stdout=subprocess.DEVNULL,
    )
    assert await converting.wait() == 0
    told = {name: _read_sheets(tmp_path, name) for name in files}
    assert told["theirs"] == told["ours"]
    assert set(told["ours"]) == {"概况", "按月", "按村", "按类别", "按超市", "物品"}
    cells = {cell for sheet in told["theirs"].values() for line in sheet for cell in line}
    assert not {cell for cell in cells if cell.startswith(("#", "Err:"))}
    assert [f"{report.months[-1].held:,}"] == [
        line[1] for line in told["theirs"]["概况"] if line[0] == "期末未兑换积分"
    ]


def test_an_empty_year_has_a_workbook_too() -> None:
    position = Position(0, 0, [])
    assert (position.rate, position.cover) == (None, None)
    shelf = StockedProduct("rice", "大米", price=50, stock=10, bought=20, paid=80_000)
    assert Position(0, 0, [shelf]).cover == 100
    # Ten sacks at 40 yuan for 500 points: 80 fen a point. 250 points cost 200 yuan, and 400 + 100 are there.
    assert Position(250, 10_000, [shelf]).cover == 250
