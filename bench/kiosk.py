"""The till for its attendant: time to the first screen, time from a scan to the cart, memory after eight hours."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import quantiles

from api.wire import Command
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.scratch import scratch_folder
from bench.shop import PIN, Shop, start_server
from bench.terminal import Terminal

STARTS = 5
SCANS = 200
SHIFT_SCANS = 8 * 3600
"""Scans of eight hours at one a second."""
GOODS_PER_HOUSEHOLD = 20
F2 = "\x1bOQ"
# The baseline: a minimal Textual program.
BARE_APP = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("bare")

Bare().run()
"""


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    shop = await environment.get_shop()
    with scratch_folder() as folder:
        async with start_server(shop) as server:
            async for figure in _measure_kiosk(shop, server.url, folder / "kiosk"):
                yield figure


async def _measure_kiosk(shop: Shop, url: str, folder: Path) -> AsyncIterator[Measurement]:
    kiosk = [sys.executable, "-m", "api.cli", "kiosk", "--server", url, "--data", str(folder)]
    bare = min([await _measure_first_paint([sys.executable, "-c", BARE_APP], "bare") for _ in range(STARTS)])
    async with Terminal(kiosk) as till:
        await till.wait_for("登 记 终 端")
        till.type(f"JIMEI:ENROL:{shop.code}\r")
        await till.wait_for("请输入值班 PIN")
    first = sorted([await _measure_first_paint(kiosk, "请输入值班 PIN") for _ in range(STARTS)])[STARTS // 2]
    yield make_measurement("kiosk first paint", first, "s", bare, 1.0)
    async with Terminal(kiosk) as till:
        await till.wait_for("请输入值班 PIN")
        till.type(PIN + F2)
        await till.wait_for("请扫户卡")
        yield await _measure_scan_to_cart(till, shop)
        yield await _measure_growth(till, shop)


async def _measure_first_paint(command: list[str], word: str) -> float:
    async with Terminal(command) as terminal:
        return await terminal.wait_for(word) - terminal.started_at


async def _measure_scan_to_cart(till: Terminal, shop: Shop) -> Measurement:
    """The 95th percentile of the time from the last key to the line in the cart."""
    durations = []
    for n in range(SCANS):
        if n % GOODS_PER_HOUSEHOLD == 0:
            await _scan_next_card(till, shop, n // GOODS_PER_HOUSEHOLD)
        typed = till.type(f"{shop.barcodes[n % len(shop.barcodes)]}\r")
        durations.append(await till.wait_for(f"商品{n % len(shop.barcodes)} x1") - typed)
        await asyncio.sleep(0.05)
    return make_measurement("kiosk scan to cart, p95", 1000 * quantiles(durations, n=20)[-1], "ms", target=50.0)


async def _measure_growth(till: Terminal, shop: Shop) -> Measurement:
    """MiB of growth from the first tenth of the scans, when everything has been used once, to the last."""
    number, baseline = 0, 0.0
    for household in range(SHIFT_SCANS // (GOODS_PER_HOUSEHOLD + 2)):
        if household == SHIFT_SCANS // (GOODS_PER_HOUSEHOLD + 2) // 10:
            baseline = till.resident
        await _scan_next_card(till, shop, household)
        for _ in range(GOODS_PER_HOUSEHOLD):
            till.type(f"{shop.barcodes[number % len(shop.barcodes)]}\r")
            number += 1
            await asyncio.sleep(0.004)
        await till.wait_for("按 F2 确认兑换")
    return make_measurement("kiosk growth over 28,800 scans", till.resident - baseline, "MiB", baseline, 5.0)


async def _scan_next_card(till: Terminal, shop: Shop, household: int) -> None:
    till.type(f"{Command.CANCEL.value}\r")
    await till.wait_for("请扫户卡")
    till.type(f"HTTPS://JIMEI.EXAMPLE/C/{shop.cards[household % len(shop.cards)]}\r")
    await till.wait_for("按货号或扫商品条码")
