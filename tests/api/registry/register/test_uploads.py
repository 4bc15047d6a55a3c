"""The register from tables at the desk: looked at, mended by choice, confirmed, written by a job or not at all."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.jobs import JOBS
from api.platform.errors import Refused
from api.registry.people.clients import TERMINAL
from api.registry.people.use_cases import authenticate
from api.registry.register import uploads
from api.registry.register.template_workbook import make_template
from api.registry.register.uploads import KEPT_FOR, MAX_WAITING, Purpose, carry_out_confirmed, forget_uploads
from tests.api.asking import rows
from tests.api.platform.table_files.workbooks import workbook
from tests.api.registry.register.sheets import messy_register
from tests.api.web.browser import Browser, browsing
from tests.conftest import PASSWORD, LiveTown

HEAD = "户编号,村,网格,户主,人口\n"
REGISTER = "/desk/register"


async def bring(browser: Browser, content: bytes | str, name: str = "花名册.csv") -> str:
    """Send a file by the page's form; where it leads to is open then."""
    await browser.open(REGISTER)
    return await browser.send(REGISTER, (name, content.encode() if isinstance(content, str) else content))


def here(browser: Browser) -> str:
    return browser.page.url.path


async def confirm(town: LiveTown, browser: Browser, **fields: str) -> str:
    """Confirm what is open, and have it written; what came of it is open then."""
    path = here(browser)
    await browser.send(f"{path}/confirm", None, **fields)
    await carry_out_confirmed(town.town)
    return await browser.open(path)


async def registered(town: LiveTown) -> dict[str, tuple[Any, ...]]:
    found = await rows(town, "select code, village, grid, head, people, adults from household order by code")
    return {code: tuple(rest) for code, *rest in found}


async def test_a_messy_sheet_becomes_a_register_with_the_mends_that_are_chosen(town: LiveTown) -> None:
    before = await registered(town)
    async with browsing(town, "office") as office:
        shown = await bring(office, messy_register(), "花名册.xlsx")
        assert "有 3 处要改" in shown
        assert "第 8 行 D 列：0103004 高英兰 → 0101002" in shown
        assert "第 9 行 D 列：吴福杰没有编号 → 0103005" in shown
        assert "照这样登记" not in shown
        shown = await office.send(f"{here(office)}/mends", mend=["twice=all", "blank=all"])
        assert "照这样登记" in shown
        assert await registered(town) == before
        assert "新的 7 户，2 个村" in await confirm(town, office)
        after = await registered(town)
        assert len(after) == len(before) + 7
        again = await bring(office, messy_register(), "花名册.xlsx")
        again = await office.send(f"{here(office)}/mends", mend=["twice=all", "blank=all"])
        assert "和登记簿一样，没有要写入的" in again
        assert await registered(town) == after


async def test_the_template_comes_back_as_it_was_filled_in(town: LiveTown) -> None:
    filled: dict[str, list[list[Any]]] = {
        "村": [["村", "村编号", "公示天数", "说明"], ["石咀村", "sz", 5, "示例"], ["石咀村", "sz", 5, ""]],
        "网格": [["村", "网格", "网格编号"], ["石咀村", "第一网格", "sz-1"]],
        "网格人员": [
            ["姓名", "职责", "村", "网格", "本人户编号"],
            ["单小芳", "网格员、道德评议会", "石咀", "一组", "0201001"],
            ["单小芳", "网格员", "河畔村", "", ""],
            ["马强", "总网格长", "全乡", "", ""],
            ["王网格", "网格长", "河畔村", "", ""],
        ],
        "农户": [["户编号", "村", "网格", "户主姓名", "家庭人口"], ["0201001", "石咀村", "1网格", "单小芳", 2]],
    }
    async with browsing(town, "office") as office:
        empty = await bring(office, make_template(), "空表.xlsx")
        assert "只有表头" in empty or "没有要写入的" in empty
        shown = await bring(office, workbook(filled), "登记.xlsx")
        assert "用户名 shanxiaofang" in shown
        assert "用户名 shanxiaofang2" in shown
        assert "王网格（wang）已经登记，表里另有网格长的职责" in shown
        done = await confirm(town, office)
        assert "1 个村" in done
        assert "3 位人员" in done
        # One of them comes to decide, which takes two.
        async with town.staff("tan") as tan:
            [waiting] = (await tan.get("/v1/proposals")).json()
            assert waiting["kind"] == "people"
            (await tan.post(f"/v1/proposals/{waiting['id']}/confirm")).raise_for_status()
        people = await rows(
            town,
            "select login, roles, village, grid, household, password_hash from person where login ~ 'shan|ma'",
        )
        assert ("shanxiaofang", ["grid-member", "council"], "sz", "sz-1", "0201001", None) in map(tuple, people)
        assert await rows(town, "select notice_days from village where code = 'sz'") == [(5,)]
        renamed = {"网格": [["村", "网格", "网格编号"], ["石咀村", "河湾网格", "sz-1"]]}
        assert "网格改名：第一网格 → 河湾网格 ，编号 sz-1 不变" in await bring(
            office, workbook(renamed), "改.xlsx"
        )
        await confirm(town, office)
        assert await rows(town, "select name from grid where code = 'sz-1'") == [("河湾网格",)]


async def test_children_are_counted_and_never_named(town: LiveTown) -> None:
    table = (
        "户编号,村,网格,户主,家庭成员\n"
        "m-1,河畔村,一组,王一,李秀英（成年）、王小宝（2020年生）、王大力(45岁)\n"
        "m-2,河畔村,一组,王二,王二（成年）、王小花\n"
    )
    async with browsing(town, "office") as office:
        shown = await bring(office, table)
        assert "m-2 的家庭成员看不出谁已成年" in shown
        await confirm(town, office)
        assert "王小" not in shown + office.page.text
    found = await registered(town)
    assert found["m-1"] == ("hp", "hp-1", "王一", 4, ["李秀英", "王大力"])
    assert found["m-2"] == ("hp", "hp-1", "王二", 2, [])
    assert await rows(town, "select content from register_upload") == [(None,)]


async def test_what_a_table_changes_has_a_row_with_day_person_and_reason(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        shown = await bring(office, HEAD + "hp-1,河畔村,二组,王建军,5\n", "一户.csv")
        assert "户主：王建国 → 王建军" in shown
        assert "登记簿里有、表里没有 3 户" in shown
        assert 'href="/desk/households/hp-2"' in office.page.text
        await confirm(town, office)
    changes = await rows(town, "select kind, before, after, reason from household_change order by kind")
    assert [tuple(row) for row in changes] == [
        ("grid", {"grid": "hp-1"}, {"grid": "hp-01"}, "照表登记：一户.csv"),
        ("head", {"head": "王建国"}, {"head": "王建军"}, "照表登记：一户.csv"),
        ("people", {"people": 4, "adults": []}, {"people": 5, "adults": []}, "照表登记：一户.csv"),
    ]


async def test_two_uploads_confirmed_at_once_and_one_confirmed_twice(town: LiveTown) -> None:
    office = await authenticate(town.town, "office", PASSWORD, TERMINAL)
    other = await authenticate(town.town, "fu", PASSWORD, TERMINAL)
    ids: list[UUID] = [uuid7(), uuid7()]
    for id, staff, code in zip(ids, (office, other), ("x-1", "x-2"), strict=True):
        content = f"{HEAD}{code},新村,一组,周九,3\n".encode()
        for _ in range(2):
            await uploads.keep(town.town, staff, id, Purpose.REGISTER, "表.csv", content)
        seen = (await uploads.preview(town.town, staff, id)).plan.digest()
        for _ in range(2):
            await uploads.confirm(town.town, staff, id, seen)
    before = len(await registered(town))
    await asyncio.gather(carry_out_confirmed(town.town), carry_out_confirmed(town.town))
    first, second = [await uploads.get_upload(town.town, office, id) for id in ids]
    assert (first.state, second.state) == ("done", "open")
    assert "登记簿在这期间有了改动" in second.refusal
    assert len(await registered(town)) == before + 1
    seen = (await uploads.preview(town.town, other, ids[1])).plan.digest()
    await uploads.confirm(town.town, other, ids[1], seen)
    assert await carry_out_confirmed(town.town)
    assert not await carry_out_confirmed(town.town)
    assert len(await registered(town)) == before + 2


async def test_progress_shows_by_itself_and_a_job_that_is_cut_off_leaves_nothing(
    town: LiveTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.registry.register.register_plan.BATCH", 2)
    lines = "".join(f"y-{n},河畔村,一组,周{n},3\n" for n in range(5))
    before = await registered(town)
    async with browsing(town, "office") as office:
        await bring(office, HEAD + lines)
        path = here(office)
        await office.send(f"{path}/confirm")
        assert "排着队" in office.text
        assert office.page.headers["refresh"] == "2"
        seen: list[str] = []
        real = uploads._update

        async def watch(uow: Any, id: UUID, **values: Any) -> None:
            await real(uow, id, **values)
            seen.append(str(values.get("written")))
            if values.get("written") == 4:
                raise ConnectionResetError

        monkeypatch.setattr(uploads, "_update", watch)
        with pytest.raises(ConnectionResetError):
            await carry_out_confirmed(town.town)
        assert (seen, await registered(town)) == (["0", "2", "4"], before)
        assert "已写 2 户，共 5 户" in await office.open(path)
        monkeypatch.setattr(uploads, "_update", real)
        await carry_out_confirmed(town.town)
        assert "新的 5 户" in await office.open(path)
        assert "refresh" not in office.page.headers
    assert len(await registered(town)) == len(before) + 5


async def test_households_move_by_a_list_with_day_and_reason(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        path = f"{REGISTER}/grids"
        await office.open(path)
        refused = await office.send(path, lines="hp-1\nhp-2 二组")
        assert "第 1 行没有写网格" in refused
        wrong = await office.send(path, lines="hp-1 二组\nhp-1 三组\nhp9 二组")
        assert "户编号 hp-1 在名单里要移到两个网格" in wrong
        assert "没有编号是 hp9 的户" in wrong
        await office.open(path)
        shown = await office.send(path, lines="hp-1、hp-2\nHP-3", grid="河东网格")
        assert "王建国 hp-1 网格：第一网格 → 河东网格" in shown
        assert "请写明从哪一天起" in await office.send(f"{here(office)}/confirm", reason="")
        future = await office.send(f"{here(office)}/confirm", reason="分网格", effective_on="2099-01-01")
        assert "日期还没有到" in future
        await confirm(town, office, reason="河东分成一个网格", effective_on="2026-06-01")
    found = await registered(town)
    assert [found[f"hp-{n}"][1] for n in range(1, 5)] == ["hp-01", "hp-01", "hp-01", "hp-1"]
    changes = await rows(town, "select kind, effective_on::text, reason from household_change")
    assert [tuple(row) for row in changes] == [("grid", "2026-06-01", "河东分成一个网格")] * 3


async def test_uploads_are_bounded_and_forgotten(town: LiveTown) -> None:
    office = await authenticate(town.town, "office", PASSWORD, TERMINAL)
    content = f"{HEAD}x-1,河畔村,一组,周九,3\n".encode()
    for _ in range(MAX_WAITING):
        await uploads.keep(town.town, office, uuid7(), Purpose.REGISTER, "表.csv", content)
    with pytest.raises(Refused, match="等着确认"):
        await uploads.keep(town.town, office, uuid7(), Purpose.REGISTER, "表.csv", content)
    town.clock.travel(town.clock.now() + 2 * KEPT_FOR)
    await forget_uploads(town.town)
    assert await rows(town, "select 1 from register_upload") == []
    assert {carry_out_confirmed, forget_uploads} <= set(JOBS)


async def test_what_is_too_large_or_no_table_is_refused_in_a_sentence(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        assert "太大" in await bring(office, b"x" * 25_000_000)
        assert office.page.status_code == 413
        rows_too_many = HEAD + "x-1,河畔村,一组,周九,3\n" * 100_001
        assert "太大（最多 100000 行）" in await bring(office, rows_too_many)
        assert "不是表格" in await bring(office, "%PDF-1.4")
        assert "先选一个表格文件" in await bring(office, b"", "")
    assert await rows(town, "select 1 from register_upload") == []


async def test_uploads_are_the_offices_alone(town: LiveTown) -> None:
    office = await authenticate(town.town, "office", PASSWORD, TERMINAL)
    id = uuid7()
    content = f"{HEAD}x-1,河畔村,一组,周九,3\n".encode()
    await uploads.keep(town.town, office, id, Purpose.REGISTER, "表.csv", content)
    async with browsing(town, "li") as li:
        for path in (REGISTER, f"{REGISTER}/{id}", f"{REGISTER}/grids", f"{REGISTER}/template.xlsx"):
            await li.open(path)
            assert li.page.status_code == 403
