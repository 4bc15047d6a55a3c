"""The office's first day as docs/guides tells it, played in a browser from an empty folder to the proven backup:
the guide's pictures, and how long the machine took for each step (`python docs/first_day.py` tells that alone)."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from playwright.async_api import Browser, FilePayload, Page, ViewportSize, async_playwright
from xlsxwriter import Workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WINDOW: ViewportSize = {"width": 720, "height": 720}
PASSWORD, SECOND, PIN = "shuixiang lanhua", "qingshan zhulin", "4096"
# As a clerk has it: a title, a village merged downwards, full-width figures, one code twice, one missing.
REGISTER = (
    ("青山乡农户登记表", "", "", "", ""),
    ("村", "网格（组）", "户编号", "户主姓名", "家庭人口（人）"),
    ("柳湾村", "第一网格", "0101001", "张桂兰", 4),
    ("柳湾村", "第一网格", "０１０１００２", "李国福", "1人"),
    ("柳湾村", "2网格", "0102001", "陈秀英", 3),
    ("柳湾村", "2网格", "0102001", "赵国秀", 2),
    ("柳湾村", "2网格", "", "吴福杰", 5),
    ("石咀村", "1网格", "0201001", "马玉莲", 6),
    ("合计", "", "6户", "", ""),
)
GOODS = (("名称", "条码", "数量", "单价"), ("肥皂", "6901234567892", 40, 2.5), ("洗衣粉", "6901234567908", 20, 6))
EARLIER = (
    ("户编号", "日期", "积分", "事由"),
    ("0101001", "2025-03-01", 30, "义务清扫"),
    ("0101002", "2025-05-20", 12, "照看邻居老人"),
)


def sheet(name: str, rows: Sequence[Sequence[str | int | float]]) -> FilePayload:
    made = BytesIO()
    with Workbook(made, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return {"name": name, "mimeType": XLSX, "buffer": made.getvalue()}


@dataclass(frozen=True)
class Papers:
    """What a clerk brings along, and how the till greets who is served first: the head of the first household."""

    register: FilePayload
    earlier: FilePayload
    greeted: str


LookBack: TypeAlias = "Callable[[Day, Page, Path], Awaitable[None]]"
PAPERS = Papers(sheet("青山乡花名册.xlsx", REGISTER), sheet("2025年台账.xlsx", EARLIER), "张**")


@dataclass
class Day:
    chromium: Browser
    pictures: Path | None
    papers: Papers
    card: str = ""
    took: list[tuple[str, float]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def done(self, step: str) -> None:
        now = time.monotonic()
        self.took.append((step, now - self._began))
        self._began = now

    async def picture(self, page: Page, name: str) -> None:
        if self.pictures is not None:
            await page.screenshot(path=self.pictures / f"guide-{name}.png")

    async def person(self, url: str) -> Page:
        context = await self.chromium.new_context(base_url=url, viewport=WINDOW, locale="zh-CN")
        return await context.new_page()


class Counter:
    """The till in a browser, which draws itself from what a web socket brings."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._heard = ""
        page.on("websocket", lambda socket: socket.on("framereceived", self._hear))

    def _hear(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self._heard += frame.decode(errors="ignore")

    async def sees(self, text: str) -> None:
        async with asyncio.timeout(60):
            while text not in self._heard:
                await self.page.wait_for_timeout(100)
        self._heard = ""
        # What is typed while it still draws may be the last screen's.
        await self.page.wait_for_timeout(300)

    async def scan(self, text: str) -> None:
        await self.page.keyboard.type(text, delay=2)
        await self.page.keyboard.press("Enter")


async def press(page: Page, text: str) -> None:
    await page.get_by_role("button", name=text).first.click()


@asynccontextmanager
async def running(*words: str, data: Path) -> AsyncIterator[asyncio.StreamReader]:
    """A verb of `jimei` on the folder; gives what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", *words),
        env={"JIMEI_DATA": str(data), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield process.stdout
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def play(
    chromium: Browser, pictures: Path | None = None, papers: Papers = PAPERS, look_back: LookBack | None = None
) -> Day:
    """`look_back` is given the day, the office's browser and the data folder, before the server is stopped."""
    day = Day(chromium, pictures, papers)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "jimei"
        # The database's own account passes it on its way.
        os.chmod(folder, 0o755)
        async with running("serve", "--port", "0", data=data) as said:
            said_lines = [(await said.readline()).decode() for _ in range(3)]
            url, code = said_lines[1].split()[-1], said_lines[2].split()[-1]
            day.done("启动")
            office = await found(day, url, code)
            await back_up(day, office, data)
            if look_back is not None:
                await look_back(day, office, data)
    return day


async def found(day: Day, url: str, code: str) -> Page:
    """To the first redemption; gives the office's browser."""
    office = await day.person(url)
    await office.goto("/begin")
    await office.get_by_label("终端上的码").fill(code)
    await press(office, "下一步")
    given = {
        "township": "青山乡",
        "first_name": "王芳",
        "first_login": "wangfang",
        "second_name": "李明",
        "second_login": "liming",
        "meeting": "2026 年第 1 次会议",
    }
    for name, value in given.items():
        await office.locator(f"[name={name}]").fill(value)
    await office.evaluate("scrollTo(0, 0)")
    await day.picture(office, "begin")
    await press(office, "下一步")
    for name in ("password", "again"):
        await office.locator(f"[name={name}]").fill(PASSWORD)
    await press(office, "建立")
    invitation = "".join(await office.locator(".code b").all_inner_texts())
    day.done("建立乡镇")

    second = await day.person(url)
    await second.goto("/join")
    await second.get_by_label("邀请码").fill(invitation)
    await press(second, "下一步")
    for name in ("password", "again"):
        await second.locator(f"[name={name}]").fill(SECOND)
    await press(second, "设好并登录")
    await second.goto("/desk/rulebooks")
    await second.locator("main a[href*=adoptions]").first.click()
    for tick in await second.locator("input[name=ticks]").all():
        await tick.check()
    await press(second, "确认，从")
    day.done("第二个人，确认办法")
    await register(day, office)
    await shop(day, office, second)
    await till(day, office, second, url)
    return office


async def register(day: Day, office: Page) -> None:
    await office.goto("/desk/register")
    await office.locator("input[name=file]").set_input_files(day.papers.register)
    await press(office, "上传并核对")
    await day.picture(office, "register")
    for choice in await office.locator("input[name=mend]").all():
        await choice.check()
    for select in await office.locator("select[name^='choice']").all():
        await select.select_option(index=1)
    await press(office, "照选的重新核对")
    await press(office, "照这样登记")
    while not await office.get_by_role("heading", name="已登记").count():
        await office.wait_for_timeout(200)
        await office.reload()
    day.done("登记农户")


async def shop(day: Day, office: Page, second: Page) -> None:
    await office.goto("/desk/supermarkets")
    form = office.locator("form[action='/desk/supermarkets']")
    await form.locator("[name=name]").fill("柳湾村积美超市")
    await form.locator("[name=code]").fill("liuwan")
    await form.locator("select").first.select_option(index=1)
    await form.locator("button").click()
    await office.goto("/desk/supermarkets/liuwan")
    await office.get_by_text("添一位管理员").click()
    attendant = office.locator("form[action$=attendants]")
    await attendant.locator("[name=name]").fill("周小梅")
    for name in ("pin", "again"):
        await attendant.locator(f"[name={name}]").fill(PIN)
    await attendant.locator("button").click()
    day.done("超市和管理员")
    await office.goto("/desk/goods-sheet")
    await office.get_by_label("一分折合多少元").fill("1")
    await press(office, "定下来")
    await office.goto("/desk/goods-sheet")
    await office.locator("input[name=file]").set_input_files(sheet("首批货.xlsx", GOODS))
    await office.locator("select[name=supermarket]").select_option("liuwan")
    await press(office, "先看一遍")
    await press(office, "提议入库")
    await confirm(second)
    day.done("货")


async def confirm(second: Page) -> None:
    await second.goto("/desk/proposals")
    await press(second, "确认并办理")


async def till(day: Day, office: Page, second: Page, url: str) -> None:
    await office.goto("/desk/tills")
    form = office.locator("form[action='/desk/tills']")
    await form.locator("select").select_option("liuwan")
    await form.locator("[name=name]").fill("前台")
    await form.locator("button").click()
    code = "".join(await office.locator(".code b").all_inner_texts())
    with tempfile.TemporaryDirectory() as folder:
        words = ("kiosk", "--server", url, "--serve", "--serve-port", "0")
        async with running(*words, data=Path(folder)) as said:
            page = await day.person((await said.readline()).decode().split()[-1])
            counter = Counter(page)
            await page.set_viewport_size({"width": 1024, "height": 600})
            await page.goto("/")
            await counter.sees("登 记 终 端")
            await counter.scan(code)
            await page.keyboard.press("F2")
            await counter.sees("请输入值班 PIN")
            day.done("终端")
            token = await cards(day, office, second)
            await earlier_points(day, office, second)
            day.card = f"{url}/C/{token}"
            await redeem(day, counter)


async def cards(day: Day, office: Page, second: Page) -> str:
    """The first household's card."""
    await office.goto("/desk/cards")
    await press(office, "看一看")
    await office.locator("form[action='/desk/card-issues'] button").first.click()
    printer = office
    if not await office.get_by_text("A4 纸，一页五张").count():
        # More than one person may issue alone: whoever confirms prints them.
        await confirm(second)
        printer = second
    await printer.get_by_text("A4 纸，一页五张").click()
    await printer.set_viewport_size({"width": 800, "height": 480})
    await printer.evaluate("document.querySelector('.sheet').scrollIntoView()")
    await day.picture(printer, "cards")
    await printer.set_viewport_size(WINDOW)
    printed = await printer.locator(".scan code").all_inner_texts()
    day.done("卡")
    return re.sub(r"\W", "", printed[0])


async def earlier_points(day: Day, office: Page, second: Page) -> None:
    await office.goto("/desk/imports")
    await office.locator("input[name=file]").set_input_files(day.papers.earlier)
    await office.locator("[name=source]").fill("2025年纸质台账")
    await press(office, "先看一遍")
    await press(office, "提议导入")
    await confirm(second)
    day.done("以前的积分")


async def redeem(day: Day, counter: Counter) -> None:
    await counter.page.keyboard.type(PIN, delay=100)
    await counter.page.keyboard.press("F2")
    await counter.sees("请扫户卡")
    await counter.scan(day.card.upper())
    await counter.sees(day.papers.greeted)
    await counter.page.keyboard.press("1")
    await counter.sees("肥皂")
    await counter.page.keyboard.press("F2")
    await counter.sees("兑换成功")
    # Until it is drawn.
    await counter.page.wait_for_timeout(500)
    await day.picture(counter.page, "redemption")
    day.done("第一次兑换")


async def back_up(day: Day, office: Page, data: Path) -> None:
    async with running("backup", data=data) as said:
        assert "已备份" in (await said.read()).decode()
    await office.goto("/desk/backups")
    await press(office, "提议印出三片")
    await office.goto("/desk/backups")
    await day.picture(office, "backups")
    day.done("备份")
    await office.goto("/desk")
    await day.picture(office, "home")


async def main() -> None:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        for step, seconds in (await play(chromium)).took:
            print(f"{seconds:6.1f} s  {step}")
        await chromium.close()


if __name__ == "__main__":
    asyncio.run(main())
