"""The server burns down, and comes back from the copy that a till carries by two of the three printed parts of the
key: in a browser by what people see, beside two tills that go on. At the end everybody tells the same figures."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page

from api.platform.clock import TravelClock
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import DATABASE
from api.wire import Receipt
from kiosk.app import KioskApp
from kiosk.client import Client
from kiosk.store.facade import Store
from tests.api.asking import sign_in
from tests.chromium import chromium, needs_chromium
from tests.clusters import copy, passable
from tests.command_line import JIMEI, Done, end_with_parent, environment, jimei
from tests.conftest import LiveTown, enrol, opened, run_jobs, seed
from tests.conftest import Machine as Enrolled
from tests.databases import SEEDED, Clone, maintain
from tests.e2e import chromium as desk
from tests.e2e.test_a_day import shelf
from tests.kiosk.conftest import IMPATIENT, Network, Till, enrol_store
from tests.kiosk.test_offline_day import serve
from tests.power import WAIT, Machine

pytestmark = [pytest.mark.slow, needs_chromium]

TIMING = replace(IMPATIENT, poll_interval=0.2, refused_pause=0.2, recall_pause=0.2, recall_wait=0.5)
SOAP, LAUNDRY = "6901234567892", "6900000000021"
HAD, AWARDED = 100, 30
"""Points of the household that is served; those that it gets after the backup, which only paper knows then."""


@dataclass
class Server:
    """`jimei serve` in a process of its own, on a folder that has everything."""

    data: Path
    url: str
    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, data: Path, port: int = 0) -> Server:
        process = await asyncio.create_subprocess_exec(
            *(*JIMEI, "serve", "--port", str(port)),
            env=environment(data), stdout=asyncio.subprocess.PIPE, preexec_fn=end_with_parent,
        )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.timeout(WAIT):
            url = (await process.stdout.readline()).decode().split()[-1]
        return cls(data, url, process)

    async def burn(self) -> None:
        """Both programs die in the midst of it, and nothing is left on the disk."""
        self.process.kill()
        await self.process.wait()
        await Machine(Embedded(self.data)).cut_power()
        shutil.rmtree(self.data)

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


@dataclass
class Township:
    """What goes on whatever becomes of the server: people's browsers, two tills, the office's papers."""

    town: LiveTown
    browser: Browser
    folder: Path
    network: Network
    stack: AsyncExitStack
    server: Server

    async def open_till(self, name: str, url: str, machine: Enrolled) -> Till:
        till = await self.stack.enter_async_context(open_till(self.folder / name, url, machine, name))
        await till.sign_in(self.town.pin)
        return till

    async def page(self, login: str = "") -> Page:
        context = await self.browser.new_context(base_url=self.server.url, viewport=desk.PHONE, locale="zh-CN")
        self.stack.push_async_callback(context.close)
        page = await context.new_page()
        if login:
            await desk.sign_in(page, login)
        return page


@asynccontextmanager
async def open_till(folder: Path, url: str, machine: Enrolled, name: str) -> AsyncIterator[Till]:
    with Store(folder) as store:
        enrol_store(store, url, machine, name=name)
        async with Client(url) as client:
            app = KioskApp(store, client, TIMING)
            async with app.run_test(size=(80, 24)) as pilot:
                yield Till(app, pilot)


async def furnish(data: Path) -> LiveTown:
    """The small town in the database that `jimei serve` opens."""
    with Embedded(data) as server:
        town = await seed(server)
        await maintain(server, f"drop database {DATABASE}")
        await maintain(server, f"create database {DATABASE} template {SEEDED}")
    return replace(town, clone=served_by(data))


def served_by(data: Path) -> Clone:
    """The database that a server on this folder opens."""
    server = Embedded(data)
    return Clone(server.url(OWNER, DATABASE), server.url(APP, DATABASE))


@asynccontextmanager
async def opened_township(model: Path, folder: Path) -> AsyncIterator[Township]:
    """With a folder for the tills' data."""
    with passable("jimei-fire-") as place:
        data = place / "jimei"
        copy(model, data)
        town = await furnish(data)
        async with AsyncExitStack() as stack:
            browser = await stack.enter_async_context(chromium())
            server = await Server.start(data)
            network = Network(server.url)
            await network.restore()
            township = Township(replace(town, url=server.url), browser, folder, network, stack, server)
            stack.push_async_callback(lambda: township.server.stop())
            stack.push_async_callback(network.cut)
            yield township


async def read(page: Page, path: str) -> str:
    await page.goto(path)
    return re.sub(r"\s+", " ", await page.locator("main").inner_text())


async def press(page: Page, text: str) -> None:
    await page.get_by_role("button", name=text).first.click()


async def print_key(office: Page, second: Page) -> list[list[str]]:
    """The words of the three parts, as they come out of the printer."""
    await office.goto("/desk/backups")
    await press(office, "提议印出三片")
    await second.goto("/desk/proposals")
    await press(second, "确认并办理")
    await office.goto("/desk/backups")
    await press(office, "显示三片")
    parts = [await each.locator("li").all_inner_texts() for each in await office.locator(".key-part").all()]
    await office.goto("/desk/backups")
    for number, words in enumerate(parts, start=1):
        await office.locator(f"[name=word{number}]").fill(words[-1])
    await press(office, "已印好，忘掉钥匙")
    assert "服务器上没有钥匙了" in await read(office, "/desk/backups")
    return parts


async def run(*words: str, data: Path) -> Done:
    """As on a server of the operator's own: beside an embedded one these verbs give way to all other tests."""
    return await asyncio.to_thread(jimei, *words, data=data, url=served_by(data))


async def read_report(data: Path) -> dict[str, int]:
    told = await run("report", data=data)
    assert told.returncode == 0, told
    return {name: int(figure) for name, figure in re.findall(r"^(.+): (\d+)$", told.stdout, re.MULTILINE)}


async def read_balance(page: Page, card: str) -> int:
    """As the household's own page tells it."""
    [points] = re.findall(r"家 (\d+) 分 现在可以用", await read(page, f"/c/{card}"))
    return int(points)


async def read_redeemed(office: Page) -> int:
    """As the year's report tells it."""
    await office.goto("/desk/report")
    return int(await office.locator("dt", has_text=re.compile("^兑换$")).locator("+ dd").inner_text())


async def test_a_burnt_server_comes_back_by_a_tills_copy_and_two_of_three(model: Path, tmp_path: Path) -> None:
    async with opened_township(model, tmp_path) as township:
        await burn_and_restore(township)


async def burn_and_restore(township: Township) -> None:
    town, network, data = township.town, township.network, township.server.data
    await sign_in(town, "office", "wang", "zhao", "li")
    async with town.staff("office") as http:
        machine = await enrol(http, "hp", "东台")
    front = await township.open_till("前台", town.url, town.kiosk)
    back = await township.open_till("东台", network.url, machine)
    for till in (front, back, front, back):
        await till.app.counter.sync.catch_up()
    office, second, household = await township.page("office"), await township.page("fu"), await township.page()
    before, pieces = await read_redeemed(office), await shelf(town)
    await serve(front, town.card, SOAP)

    done = await run("backup", data=data)
    assert (done.returncode, "已恢复到旁边验证过" in done.stdout) == (0, True), done
    parts = await print_key(office, second)
    await front.until(front.app.counter.backup_copies.list_copies)
    assert "验证过的备份" in await read(office, "/desk")

    # What the backup doesn't know.
    await network.cut()
    await back.wait_until_offline()
    await serve(front, town.card, SOAP, LAUNDRY)
    await serve(back, town.card, SOAP)
    await town.put_on_notice("hp-1", AWARDED)
    async with asyncio.timeout(WAIT), opened(town.clone, TravelClock(datetime.now(UTC))) as services:
        # The server does it by itself, but not at once.
        while await read_balance(household, town.card) != HAD + AWARDED - 30:
            await run_jobs(services)
    await township.server.burn()
    await front.wait_until_offline()
    await serve(front, town.card, SOAP)

    new = data.with_name("new")
    [carried] = front.app.counter.backup_copies.list_copies()
    typed = "".join(" ".join(words) + "\n" for words in (parts[2], parts[0]))
    words = ("restore", str(carried), "--data", str(new), "--by", "消防员")
    done = await asyncio.to_thread(jimei, *words, typed=typed)
    assert (done.returncode, "账目相符" in done.stdout) == (0, True), done
    township.server = await Server.start(new, urlsplit(town.url).port or 0)

    office = await township.page("office")
    await front.wait_until_uploaded()
    await front.app.counter.sync.catch_up()
    home = await read(office, "/desk")
    assert "在工作台办的（申报、审定、进货、发卡、改动）" in home, home
    assert "还没有补报的终端：河畔村积美超市东台" in home, home
    assert "备份恢复过（消防员" in await read(office, "/notices/hp")
    # Who may hold something isn't heard yet.
    await front.show_card(town.card)
    await front.scan(SOAP)
    await front.press("f2")
    await front.sees_refusal("本村还有终端没有联系上")
    await front.press("escape")
    await network.restore()
    await back.wait_until_uploaded()
    await back.app.counter.sync.catch_up()
    await serve(front, town.card, SOAP)
    await front.wait_until_uploaded()
    assert "还没有补报" not in await read(office, "/desk")
    assert "等人决定" not in await read(office, "/desk/tills")

    receipts = [receipt for till in (front, back) for receipt in list_receipts(till)]
    spent = sum(receipt.points for receipt in receipts)
    assert (len(receipts), spent) == (5, 45)
    assert await read_balance(household, town.card) == HAD - spent
    assert await read_redeemed(office) - before == spent
    figures = await read_report(new)
    left = figures["未兑换积分 points outstanding"]
    assert f"各户手里的积分 {left} 分" in await read(office, "/desk")
    assert f"现在各户还有 {left} 分" in await read(office, "/desk/report")
    sold: Counter[str] = Counter()
    for line in (line for receipt in receipts for line in receipt.lines):
        sold[line.product] += line.quantity
    assert await shelf(town) == {product: count - sold[product] for product, count in pieces.items()}
    done = await run("verify", data=new)
    assert (done.returncode, "账目相符" in done.stdout) == (0, True), done


def list_receipts(till: Till) -> list[Receipt]:
    shift = till.store.shifts.required
    return [each.receipt for each in till.store.receipts.list_by_shift(shift.id) if not each.voided]
