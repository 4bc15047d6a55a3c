"""Headless Chromium as every test has it: talks to nobody but the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Never skipped where CI says that the machine has everything.
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="chromium is not installed"
)


_shared: list[Browser] = []


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser that all tests of a worker share; each opens contexts of its own, which know nothing of each
    other. It ends with the worker."""
    if not _shared or not _shared[0].is_connected():
        playwright = await async_playwright().start()
        _shared[:] = [await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)]
    yield _shared[0]
