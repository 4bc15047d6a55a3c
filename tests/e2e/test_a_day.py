"""A day at the counter by script: redemptions with a scanner in a real terminal, two hundred of them at night, the
network cut twice, the kiosk killed twice, the printer gone for a while. At its end books, report, shelf and paper
agree."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
import pytest
from uuid_utils.compat import uuid7

from api.bookkeeping.general_ledger.documents import find_undocumented
from api.platform.clock import TravelClock
from api.platform.database.embedded import Embedded
from api.shop.offline.reports import build_shift_report
from api.wire import Command, Receipt
from api.wire.till_journal import ShiftClosingEntry
from ledger.verify import verify
from tests.api.asking import confirmed, sign_in
from tests.conftest import LiveTown, opened, serving
from tests.databases import SEEDED, cloned
from tests.e2e.terminal import ESCAPE, F2, F8, F10, LEAVE, Terminal
from tests.kiosk.conftest import Network, card_url
from tests.power import random_moments
from tests.profile import many

pytestmark = pytest.mark.slow

LENGTH = many(1, 8)
"""What happens in the day is the same; there is so much more between."""
REDEMPTIONS = 25 * LENGTH
CUTS = (range(5 * LENGTH, 9 * LENGTH), range(16 * LENGTH, 18 * LENGTH))
"""Redemptions during which the network is gone."""
KILLS = (7 * LENGTH, 20 * LENGTH)
"""One without the network and one with it, at some moment after the card for confirming was read."""
NO_PRINTER = range(12 * LENGTH, 13 * LENGTH)
VOIDS = (2 * LENGTH + 1, 11 * LENGTH, 22 * LENGTH)
POINTS_EACH = 800
GOODS = {"6901234567892": ("soap", 5), "6900000000038": ("brush", 10), "6900000000021": ("laundry", 20)}
PIECES = 100


@dataclass
class Day:
    town: LiveTown
    network: Network
    folder: Path
    paper: Path
    cards: list[str]
    random: Random
    code: str = ""
    till: Terminal | None = None
    expected: Counter[str] = field(default_factory=Counter)
    """Pieces that went out, by product."""

    @property
    def at(self) -> Terminal:
        assert self.till is not None
        return self.till

    async def start(self) -> None:
        self.till = await Terminal.run(
            *(sys.executable, "-m", "api.cli", "kiosk", "--server", self.network.url),
            *("--data", str(self.folder), "--printer", f"file:{self.paper}"),
            environment={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        )

    async def open(self) -> None:
        await self.start()
        await self.at.sees("登 记 终 端")
        self.at.type(f"JIMEI:ENROL:{self.code}\r")
        await self.at.sees("请输入值班 PIN")
        self.at.type(self.town.pin + F2)
        await self.at.sees("请扫户卡")

    def receipts(self) -> int:
        """As the disk has them."""
        with sqlite3.connect(f"file:{self.folder / 'kiosk.sqlite3'}?mode=ro", uri=True) as store:
            [count] = store.execute("select count(*) from receipt").fetchone()
        return int(count)

    def has_unseen(self) -> bool:
        """Whether the last receipt is on the disk and was never on the screen."""
        with sqlite3.connect(f"file:{self.folder / 'kiosk.sqlite3'}?mode=ro", uri=True) as store:
            [seen] = store.execute("select seen from receipt order by rowid desc limit 1").fetchone()
        return not seen

    async def fill(self, number: int) -> str:
        """A household's card and something of the shelf; gives the product."""
        barcode = list(GOODS)[number % len(GOODS)]
        self.at.type(f"{card_url(self.cards[number % len(self.cards)])}\r")
        await self.at.sees("按货号或扫商品条码")
        await self.at.still()
        self.at.type(f"{barcode}\r")
        await self.at.sees("按 F2 确认兑换")
        await self.at.still()
        return GOODS[barcode][0]

    async def redeem(self, number: int) -> None:
        product = await self.fill(number)
        self.at.type(f"{Command.CONFIRM.value}\r")
        await self.at.sees("兑换成功", "断网兑换")
        self.expected[product] += 1

    async def redeem_through_a_power_cut(self, number: int) -> None:
        before = self.receipts()
        product = await self.fill(number)
        self.at.type(f"{Command.CONFIRM.value}\r")
        # Anywhere between the reading and the receipt.
        await asyncio.sleep(self.random.random() * 0.2)
        await self.at.kill()
        told = ("中断前这一笔已经记账",) if self.has_unseen() else ("请把物品交给住户", "请扫户卡")
        await self.start()
        await self.at.sees("接着值班")
        self.at.type(self.town.pin + F2)
        # In words that the sign-in doesn't have: without the network it speaks of 断网兑换, too.
        seen = await self.at.sees(*told)
        if self.receipts() == before:
            # Not even confirmed: the attendant sees an empty counter and begins again.
            assert seen == "请扫户卡"
            await self.redeem(number)
        else:
            self.expected[product] += 1
        assert self.receipts() == before + 1

    async def void(self, number: int) -> None:
        """What was just redeemed."""
        self.at.type(ESCAPE)
        await self.at.sees("请扫户卡")
        self.at.type(F8)
        await self.at.sees("按数字键或上下键选一笔")
        self.at.type("1")
        await self.at.sees("按数字键选原因")
        self.at.type("3" + F2)
        await self.at.sees("已作废")
        self.expected[GOODS[list(GOODS)[number % len(GOODS)]][0]] -= 1


@pytest.fixture
async def day(server: Embedded, seeded: LiveTown, clock: TravelClock, tmp_path: Path) -> AsyncIterator[Day]:
    async with (
        cloned(server, SEEDED) as clone,
        opened(clone, clock) as base,
        serving(base) as url,
    ):
        town = replace(seeded, url=url, town=base, clock=clock, clone=clone)
        network = Network(url)
        await network.restore()
        paper = tmp_path / "paper"
        paper.touch()
        day = Day(town, network, tmp_path / "kiosk", paper, [], random_moments())
        await prepare(day)
        try:
            yield day
        finally:
            if day.till is not None:
                await day.till.kill()
            await network.cut()


async def prepare(day: Day) -> None:
    """Points for four households, goods on the shelf, a place at the counter."""
    for household in ("hp-1", "hp-2", "hp-3", "hp-4"):
        await day.town.award(household, POINTS_EACH)
    # The kiosk is a process of its own and lives in today's time.
    day.town.clock.travel(datetime.now(UTC))
    await sign_in(day.town, "office")
    async with day.town.staff("office") as http:
        lines = [{"product": product, "quantity": PIECES} for product, _ in GOODS.values()]
        restock = {"supermarket": "hp", "lines": lines}
        (await http.put(f"/v1/restocks/{uuid7()}", json=restock)).raise_for_status()
        households = {"households": ["hp-1", "hp-2", "hp-3", "hp-4"]}
        issued = await confirmed(day.town, await http.post("/v1/cards", json=households))
        day.cards = [card["token"] for card in issued.json()]
        added = await http.post("/v1/kiosks", json={"supermarket": "hp", "name": "日间"})
        day.code = added.raise_for_status().json()["code"]


async def test_redemptions_through_everything_that_happens(day: Day) -> None:
    before = await shelf(day.town)
    spendable = await balances(day)
    await day.open()
    away = day.paper.with_name("unplugged")
    for number in range(REDEMPTIONS):
        await day.at.still()
        for cut in CUTS:
            if number == cut.start:
                await day.network.cut()
            elif number == cut.stop:
                await day.network.restore()
        if number == NO_PRINTER.start:
            day.paper.rename(away)
        elif number == NO_PRINTER.stop:
            away.rename(day.paper)
        await (day.redeem_through_a_power_cut if number in KILLS else day.redeem)(number)
        if number in VOIDS:
            await day.void(number)
    day.at.type(ESCAPE)
    await day.at.sees("请扫户卡")
    day.at.type(F10)
    await day.at.sees("要交班吗")
    day.at.type(F2)
    await day.at.sees("全部上传，与账一致")
    day.at.type(LEAVE)
    await day.at.ended()
    day.till = None
    await agree(day, before, spendable)


async def agree(day: Day, before: dict[str, int], spendable: int) -> None:
    """The kiosk's report, the books, the shelf and the paper: to the point."""
    with sqlite3.connect(day.folder / "kiosk.sqlite3") as store:
        [[body]] = store.execute("select body from entry where kind = 'closed'")
        [waiting] = store.execute("select count(*) from entry where status = ''").fetchone()
        kept = [msgspec.json.decode(row[0], type=Receipt) for row in store.execute("select body from receipt")]
    assert waiting == 0
    closed = msgspec.json.decode(body, type=ShiftClosingEntry)
    report = closed.report
    assert report.redemptions == REDEMPTIONS - len(VOIDS)
    assert report.voids == len(VOIDS)
    assert report.offline >= sum(len(cut) for cut in CUTS) - len(VOIDS)
    pieces = {each.product: each.quantity for each in report.goods}
    assert pieces == dict(day.expected)
    assert report.points == sum(price * pieces[product] for product, price in GOODS.values())
    async with day.town.town.unit_of_work() as uow:
        booked = await build_shift_report(uow, closed.shift)
    assert msgspec.structs.replace(booked, offline=report.offline) == report
    assert await shelf(day.town) == {p: n - pieces.get(p, 0) for p, n in before.items()}
    assert spendable - await balances(day) == report.points
    async with day.town.town.database.engine.connect() as connection:
        assert [d async for d in verify(connection, day.town.town.township)] == []
        assert [d async for d in find_undocumented(connection, day.town.town.township)] == []
    assert len(kept) == REDEMPTIONS
    printed(day, {receipt.id.hex[-8:].upper() for receipt in kept})


def printed(day: Day, kept: set[str]) -> None:
    """Every redemption is on paper; what is there twice says so, as does what is void; nothing is there that never
    was."""
    paper = day.paper.read_bytes().decode("gb18030", errors="ignore")
    numbers = Counter(re.findall(r"单号\s+([0-9A-F]{8})", paper))
    assert set(numbers) == kept
    void = paper.count("不得凭此领取物品")
    assert void >= len(VOIDS)
    assert void + paper.count("此前已发送打印") >= sum(numbers.values()) - len(numbers)


async def shelf(town: LiveTown) -> dict[str, int]:
    async with town.device() as http:
        items = (await http.get("/v1/till")).raise_for_status().json()["shelf"]
    return {item["product"]: item["stock"] for item in items}


async def balances(day: Day) -> int:
    """All that the four households have, whoever holds it."""
    total = 0
    async with day.town.device() as http:
        for card in day.cards:
            view = (await http.get(f"/v1/cards/{card}")).raise_for_status().json()
            total += view["balance"] + view["elsewhere"]
    return total
