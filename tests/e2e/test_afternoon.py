"""A township begins in an afternoon: from an empty folder and a messy sheet to a redemption, in a browser, by what
people see; at the end the books hold and everybody tells the same figures."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page

from tests.api.registry.register.sheets import messy_register
from tests.chromium import chromium, needs_chromium
from tests.command_line import jimei_process

pytestmark = [pytest.mark.slow, needs_chromium]

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared/inputs/register-messy.xlsx"
IMPORTED, SPENT = 42, 3
"""Points of the earlier scheme, and of the first thing that somebody takes home."""


@pytest.fixture
def first_day(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """How the guides' first day is played, which `make pictures` plays too."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return importlib.import_module("first_day")


async def test_from_an_empty_folder_and_a_messy_sheet_to_a_redemption(first_day: ModuleType) -> None:
    messy = SHARED.read_bytes() if SHARED.exists() else messy_register()
    households = 40 if SHARED.exists() else 7
    register: FilePayload = {"name": "花名册.xlsx", "mimeType": first_day.XLSX, "buffer": messy}
    earlier = first_day.sheet(
        "2025年台账.xlsx", (("户编号", "日期", "积分", "事由"), ("0101001", "2025-03-01", IMPORTED, "义务清扫"))
    )

    async def look_back(day: Any, office: Page, data: Path) -> None:
        await office.goto("/desk")
        home = re.sub(r"\s+", " ", await office.locator("main").inner_text())
        assert f"各户手里的积分 {IMPORTED - SPENT} 分" in home, home
        if "开头几步" in home:
            assert "有一份证明过能恢复的备份 已办" in home, home
        household = await day.person(day.card)
        await household.goto(day.card)
        passbook = re.sub(r"\s+", " ", await household.locator("main").inner_text())
        assert f"{IMPORTED - SPENT} 分" in passbook
        assert "肥皂" in passbook
        await office.goto("/desk/report")
        report = re.sub(r"\s+", " ", await office.locator("main").inner_text())
        for figure in (f"年初 {IMPORTED}", f"全年 0 {SPENT} {IMPORTED - SPENT} 1", f"0 / {households}"):
            assert figure in report, report[:800]
        # The same sheet again changes nothing.
        await office.goto("/desk/register")
        await office.locator("input[name=file]").set_input_files(register)
        await first_day.press(office, "上传并核对")
        for choice in await office.locator("input[name=mend]").all():
            await choice.check()
        for select in await office.locator("select[name^='choice']").all():
            await select.select_option(index=1)
        await first_day.press(office, "照选的重新核对")
        assert "和登记簿一样，没有要写入的" in await office.locator("main").inner_text()
        told = jimei_process("report", data=data)
        figures = dict(line.split(": ", 1) for line in told.stdout.splitlines() if ": " in line)
        assert figures["户 households"] == str(households)
        assert figures["导入积分 points imported"] == str(IMPORTED)
        assert figures["兑换积分 points redeemed"] == str(SPENT)
        assert figures["未兑换积分 points outstanding"] == str(IMPORTED - SPENT)
        verified = jimei_process("verify", data=data)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert "账目相符" in verified.stdout

    async with chromium() as browser:
        day = await first_day.play(browser, None, first_day.Papers(register, earlier, "徐**"), look_back)
    for step, seconds in day.took:
        print(f"{seconds:6.1f} s  {step}")
