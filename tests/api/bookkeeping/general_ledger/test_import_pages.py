"""`/desk/imports` in a browser: a file is looked at, proposed by one person and confirmed by another."""

from __future__ import annotations

import re

import pytest

from tests.api.asking import standing
from tests.api.bookkeeping.general_ledger.conftest import HP3, available
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown

HEAD = "户编号,日期,积分,事由\n"
FIRST = f"{HEAD}hp-3,2025-03-01,5,修路\nhp-3,2025-03-02,8,修渠\n"
MENDED = f"{HEAD}hp-3,2025-03-01,5,修路\nhp-3,2025-03-02,8,参加修渠\n"


async def look(browser: Browser, content: str, source: str = "2025年台账", name: str = "台账.csv") -> str:
    await browser.open("/desk/imports")
    return await browser.send("/desk/imports", (name, content.encode()), source=source)


async def confirm(town: LiveTown) -> None:
    async with browsing(town, "tan") as tan:
        await tan.open("/desk/proposals")
        [path] = re.findall(r'action="(/desk/proposals/[^/]+/confirm)"', tan.page.text)
        await tan.send(path)


async def test_one_looks_and_proposes_another_confirms(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        assert "新记 2 行（1 户，得 13 分，支 0 分），以前已记 0 行" in await look(office, FIRST)
        assert await available(town, HP3) == 0
        assert "确认以前还没有入账" in await office.send("/desk/imports/propose")
        assert await available(town, HP3) == 0
        await confirm(town)
        assert await available(town, HP3) == 13
        # The same again is nothing new, and a mended row waits for a word.
        assert "以前已记 2 行" in await look(office, FIRST)
        assert "提议导入" not in office.text
        assert "不一样 1 行" in await look(office, MENDED)
        await office.send("/desk/imports/propose", changes="replace")
        await confirm(town)
    assert await available(town, HP3) == 13
    assert (await standing(town))[0]["in_balance"]


async def test_problems_are_told_at_their_cells_and_nothing_is_proposed(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        told = await look(office, f"{HEAD}hp-3,昨天,5,修路\nhp-99,2025-03-02,8,修渠\n")
        assert "要改的 2 处" in told
        assert "第 2 行 B 列" in told
        assert "hp-99" in told
        assert "提议导入" not in told


async def test_what_cannot_be_read_is_told(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        await office.open("/desk/imports")
        assert "请先选一个表格文件" in await office.send("/desk/imports", source="台账")
        assert "请写明这些积分从哪里来" in await look(office, FIRST, source=" ")
        assert "不是表格" in await look(office, "<html>", name="台账.xlsx")


@pytest.mark.parametrize(
    "wrong", [{"rows": "x"}, {"rows": '[{"household": 1}]'}, {"changes": "all"}, {"source": ""}]
)
async def test_a_form_that_was_meddled_with_proposes_nothing(town: LiveTown, wrong: dict[str, str]) -> None:
    async with browsing(town, "office") as office:
        await look(office, FIRST)
        await office.send("/desk/imports/propose", **wrong)
        assert 'class="flash refused"' in office.page.text
        assert "没有等人确认的" in await office.open("/desk/proposals")


async def test_only_the_office_imports(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        await li.open("/desk/imports")
        assert li.page.status_code == 403
