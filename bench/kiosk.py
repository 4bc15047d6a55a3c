"""The till as an attendant feels it: until the first screen, from a scan to the cart, and after eight hours."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import quantiles

from api.wire import Command
from bench.ground import Ground
from bench.measurement import Measurement, measured
from bench.scratch import scratch
from bench.shop import PIN, Shop, start_server
from bench.terminal import Terminal

STARTS = 5
SCANS = 200
SHIFT = 8 * 3600
"""Scans of eight hours at one a second."""
GOODS_A_HOUSEHOLD = 20
F2 = "\x1bOQ"
# What any Textual program takes to draw a word.
BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("bare")

Bare().run()
"""


async def measure(ground: Ground) -> AsyncIterator[Measurement]:
    at = await ground.shop()
    with scratch() as folder:
        async with start_server(at) as server:
            async for figure in _figures(at, server.url, folder / "kiosk"):
                yield figure


async def _figures(at: Shop, url: str, folder: Path) -> AsyncIterator[Measurement]:
    kiosk = [sys.executable, "-m", "api.cli", "kiosk", "--server", url, "--data", str(folder)]
    bare = min([await _first_paint([sys.executable, "-c", BARE], "bare") for _ in range(STARTS)])
    async with Terminal(kiosk) as till:
        await till.sees("登 记 终 端")
        till.type(f"JIMEI:ENROL:{at.code}\r")
        await till.sees("请输入值班 PIN")
    first = sorted([await _first_paint(kiosk, "请输入值班 PIN") for _ in range(STARTS)])[STARTS // 2]
    yield measured("kiosk first paint", first, "s", bare, 1.0)
    async with Terminal(kiosk) as till:
        await till.sees("请输入值班 PIN")
        till.type(PIN + F2)
        await till.sees("请扫户卡")
        yield await _scan_to_cart(till, at)
        yield await _growth(till, at)


async def _first_paint(command: list[str], word: str) -> float:
    async with Terminal(command) as terminal:
        return await terminal.sees(word) - terminal.started_at


async def _scan_to_cart(till: Terminal, at: Shop) -> Measurement:
    """The 95th of a hundred, from the last key to the line in the cart."""
    took = []
    for n in range(SCANS):
        if n % GOODS_A_HOUSEHOLD == 0:
            await _next_household(till, at, n // GOODS_A_HOUSEHOLD)
        typed = till.type(f"{at.barcodes[n % len(at.barcodes)]}\r")
        took.append(await till.sees(f"商品{n % len(at.barcodes)} x1") - typed)
        await asyncio.sleep(0.05)
    return measured("kiosk scan to cart, p95", 1000 * quantiles(took, n=20)[-1], "ms", target=50.0)


async def _growth(till: Terminal, at: Shop) -> Measurement:
    """MiB from the first tenth of the scans on, when everything has been seen once, to the last."""
    number, begun = 0, 0.0
    for household in range(SHIFT // (GOODS_A_HOUSEHOLD + 2)):
        if household == SHIFT // (GOODS_A_HOUSEHOLD + 2) // 10:
            begun = till.resident
        await _next_household(till, at, household)
        for _ in range(GOODS_A_HOUSEHOLD):
            till.type(f"{at.barcodes[number % len(at.barcodes)]}\r")
            number += 1
            await asyncio.sleep(0.004)
        await till.sees("按 F2 确认兑换")
    return measured("kiosk growth over 28,800 scans", till.resident - begun, "MiB", begun, 5.0)


async def _next_household(till: Terminal, at: Shop, household: int) -> None:
    till.type(f"{Command.CANCEL.value}\r")
    await till.sees("请扫户卡")
    till.type(f"HTTPS://JIMEI.EXAMPLE/C/{at.cards[household % len(at.cards)]}\r")
    await till.sees("按货号或扫商品条码")
